"""The command `settings`, and how every command chooses a site."""

import json
from pathlib import Path

import pytest

from pipelines.cli import main
from steps.site import Site

FILE = """
[dev]
account = "222233334444"
enable_network_isolation = false

[prod]
account = "444455556666"
rollback_alarms = ["errors", "latency"]
tags = { stage = "prod", team = "vision" }
"""


@pytest.fixture(autouse=True)
def _file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site.toml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SITE_FILE")


def test_all_settings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each setting: its value as a variable has it, and where it comes from."""
    assert main(["--site", "prod", "settings"]) == 0
    captured = capsys.readouterr()
    assert captured.err == "Site 'prod' of site.toml\n"
    rows = [line.split() for line in captured.out.splitlines()]
    assert rows[0] == ["SETTING", "VALUE", "FROM"]
    assert ["account", "444455556666", "site.toml:", "prod.account"] in rows
    assert ["rollback_alarms", "errors,latency", "site.toml:", "prod.rollback_alarms"] in rows
    assert ["tags", "stage=prod,team=vision", "site.toml:", "prod.tags"] in rows
    assert ["enable_network_isolation", "true", "default"] in rows
    assert ["canary_percent", "0", "default"] in rows
    assert ["subnets", "default"] in rows


def test_named_settings_are_explained(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its name, a setting is said with what it is for."""
    monkeypatch.setenv("SITE", "dev")
    monkeypatch.setenv("SITE_SUBNETS", "subnet-1")
    monkeypatch.setenv("SITE_SECURITY_GROUP_IDS", "sg-1")
    assert main(["settings", "subnets", "region"]) == 0
    assert capsys.readouterr().out == (
        "subnets = subnet-1  (SITE_SUBNETS)\n"
        "    Subnets of the VPC that jobs run in; empty: no VPC.\n"
        "region = us-east-1  (default)\n"
        "    Region of everything: pipelines, jobs, bucket, images.\n"
    )


def test_programs_read_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The same as a document, with values of their own types."""
    assert main(["settings", "--json", "--site", "prod"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["File"], document["Site"]) == ("site.toml", "prod")
    assert document["Settings"]["tags"] == {
        "Description": "Tags of the pipelines in the account, by their keys.",
        "Source": "site.toml: prod.tags",
        "Value": {"stage": "prod", "team": "vision"},
    }
    assert document["Settings"]["rollback_alarms"]["Value"] == ["errors", "latency"]


def test_an_unknown_setting_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is no setting is answered with where to find them."""
    assert main(["settings", "--site", "dev", "colour"]) == 2
    assert capsys.readouterr().err == (
        "pipelines: There is no setting 'colour'; 'pipelines settings' lists all.\n"
    )


@pytest.mark.parametrize(
    ("words", "environ"),
    [
        pytest.param(["--site", "prod", "settings", "account"], None, id="before the command"),
        pytest.param(["settings", "account", "--site", "prod"], None, id="after the command"),
        pytest.param(["settings", "account"], "prod", id="variable"),
        pytest.param(["--site", "prod", "settings", "account"], "dev", id="option before variable"),
    ],
)
def test_a_site_is_chosen(
    words: list[str],
    environ: str | None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`--site` stands before or after the command, and comes before the variable `SITE`."""
    if environ is not None:
        monkeypatch.setenv("SITE", environ)
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("account = 444455556666  ")


def test_commands_use_the_chosen_site(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a command compiles, it compiles for the site that was chosen, and only then."""
    compiled_for: list[Site] = []

    def compile_pipeline(_: str, site: Site) -> None:
        compiled_for.append(site)
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.compile.compile_pipeline", compile_pipeline)
    assert main(["show", "training", "--site", "dev"]) == 130
    assert compiled_for == [Site(account="222233334444", enable_network_isolation=False)]
    assert main(["show", "training"]) == 2
    assert capsys.readouterr().err.endswith(
        "pipelines: site.toml has the sites dev, prod; choose one with --site NAME or SITE=NAME.\n"
    )


def test_a_file_without_sites_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is a file, it is said which."""
    (tmp_path / "site.toml").write_text("project = 'dogs'")
    assert main(["settings", "project"]) == 0
    captured = capsys.readouterr()
    assert captured.err == "site.toml\n"
    assert captured.out.startswith("project = dogs  (site.toml: project)\n")
    (tmp_path / "site.toml").unlink()
    assert main(["settings", "project"]) == 0
    assert capsys.readouterr().err == ""
