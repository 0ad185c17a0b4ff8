"""Where settings come from, which source wins, and how everything that is wrong is said at once."""

import os
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

from pipelines.settings import DEFAULT, descriptions, load_settings, read_settings
from steps.errors import SiteError
from steps.site import Site

FILE = """
project = "dogs"
canary_percent = 5

[dev]
account = "222233334444"
monitoring_schedule = "off"

[prod]
account = "444455556666"
canary_percent = 10
enable_network_isolation = false
rollback_alarms = ["errors", "latency"]

[prod.tags]
team = "vision"
"""


def test_nothing_set_is_the_default_site() -> None:
    """Without a file and variables, every setting has its default and says so."""
    settings = load_settings({"PATH": "/bin"})
    assert settings.site == Site()
    assert (settings.name, settings.file) == ("", "")
    assert set(settings.sources.values()) == {DEFAULT}


def test_later_sources_win() -> None:
    """A site's table wins over what all share, and a variable over both; each has its source."""
    settings = load_settings(
        {"SITE": "prod", "SITE_PROJECT": "cats", "SITE_REGION": ""}, text=FILE, file="site.toml"
    )
    assert settings.name == "prod"
    assert settings.site == Site(
        account="444455556666",
        project="cats",
        canary_percent=10,
        enable_network_isolation=False,
        rollback_alarms=("errors", "latency"),
        tags={"team": "vision"},
    )
    given = {name: source for name, source in settings.sources.items() if source != DEFAULT}
    assert given == {
        "account": "site.toml: prod.account",
        "project": "SITE_PROJECT",
        "canary_percent": "site.toml: prod.canary_percent",
        "enable_network_isolation": "site.toml: prod.enable_network_isolation",
        "rollback_alarms": "site.toml: prod.rollback_alarms",
        "tags": "site.toml: prod.tags",
    }


def test_sites_share_what_stands_above_them() -> None:
    """Another site has the shared settings, and nothing of its neighbour."""
    settings = load_settings({"SITE": "dev"}, text=FILE, file="site.toml")
    assert settings.site == Site(
        account="222233334444", project="dogs", canary_percent=5, monitoring_schedule="off"
    )
    assert settings.sources["canary_percent"] == "site.toml: canary_percent"


def test_variables_have_types() -> None:
    """Texts, numbers, booleans, lists and tags are read from variables."""
    settings = load_settings(
        {
            "SITE_ACCOUNT": "444455556666",
            "SITE_SUBNETS": "subnet-1, subnet-2,",
            "SITE_SECURITY_GROUP_IDS": "sg-1",
            "SITE_ENABLE_NETWORK_ISOLATION": "False",
            "SITE_CANARY_PERCENT": "25",
            "SITE_TAGS": "team=vision, equation=a=b",
        }
    )
    assert settings.site == Site(
        account="444455556666",
        subnets=("subnet-1", "subnet-2"),
        security_group_ids=("sg-1",),
        enable_network_isolation=False,
        canary_percent=25,
        tags={"team": "vision", "equation": "a=b"},
    )


@pytest.mark.parametrize(
    ("text", "name", "account"),
    [
        pytest.param('account = "444455556666"', "", "444455556666", id="no tables"),
        pytest.param('[prod]\naccount = "444455556666"', "prod", "444455556666", id="one table"),
        pytest.param('[tags]\nteam = "vision"', "", Site().account, id="tags are no site"),
        pytest.param("", "", Site().account, id="empty"),
    ],
)
def test_what_cannot_be_mistaken_needs_no_choice(text: str, name: str, account: str) -> None:
    """A file with one site, or with none, is used without naming a site."""
    settings = load_settings({}, text=text, file="site.toml")
    assert (settings.name, settings.site.account) == (name, account)


@pytest.mark.parametrize(
    ("environ", "text", "message"),
    [
        pytest.param(
            {},
            FILE,
            "site.toml has the sites dev, prod; choose one with --site NAME or SITE=NAME.",
            id="two sites, none chosen",
        ),
        pytest.param(
            {"SITE": "prdo"},
            FILE,
            "Site 'prdo' is chosen, which site.toml does not have; it has dev, prod. "
            "Did you mean 'prod'?",
            id="misspelt site",
        ),
        pytest.param(
            {"SITE": "prod"},
            'project = "dogs"',
            "Site 'prod' is chosen, which site.toml does not have; it has no tables.",
            id="no such table",
        ),
        pytest.param(
            {},
            "project = dogs",
            "site.toml is no TOML: Invalid value (at line 1, column 11).",
            id="no TOML",
        ),
        pytest.param(
            {},
            "[prod]\nacount = '444455556666'",
            "site.toml: prod.acount is no setting. Did you mean 'site.toml: prod.account'?",
            id="misspelt key",
        ),
        pytest.param(
            {"SITE_REGOIN": "eu-west-1"},
            "",
            "SITE_REGOIN is no setting. Did you mean 'SITE_REGION'?",
            id="misspelt variable",
        ),
        pytest.param(
            {},
            "colour = 'red'",
            "site.toml: colour is no setting. 'pipelines settings' lists all.",
            id="unlike any setting",
        ),
        pytest.param(
            {},
            "account = 444455556666",
            "site.toml: account is 444455556666; expected a text in quotes.",
            id="number for a text",
        ),
        pytest.param(
            {},
            "canary_percent = true",
            "site.toml: canary_percent is True; expected a whole number.",
            id="boolean for a number",
        ),
        pytest.param(
            {},
            "enable_network_isolation = 1",
            "site.toml: enable_network_isolation is 1; expected true or false.",
            id="number for a boolean",
        ),
        pytest.param(
            {},
            "rollback_alarms = 'errors'",
            "site.toml: rollback_alarms is 'errors'; expected a list of texts.",
            id="text for a list",
        ),
        pytest.param(
            {},
            "rollback_alarms = [1]",
            "site.toml: rollback_alarms is [1]; expected a list of texts.",
            id="list of numbers",
        ),
        pytest.param(
            {},
            "tags = { cost = 1 }",
            "site.toml: tags is {'cost': 1}; expected a table of texts.",
            id="number as a tag",
        ),
        pytest.param(
            {},
            "[region]\nname = 'eu-west-1'",
            "site.toml: region is {'name': 'eu-west-1'}; expected a text in quotes.",
            id="table for a text",
        ),
        pytest.param(
            {"SITE_CANARY_PERCENT": "half"},
            "",
            "SITE_CANARY_PERCENT is 'half'; expected a whole number.",
            id="variable, number",
        ),
        pytest.param(
            {"SITE_ENABLE_NETWORK_ISOLATION": "yes"},
            "",
            "SITE_ENABLE_NETWORK_ISOLATION is 'yes'; expected true or false.",
            id="variable, boolean",
        ),
        pytest.param(
            {"SITE_TAGS": "vision"},
            "",
            "SITE_TAGS is 'vision'; expected key=value, with a comma between two.",
            id="variable, tags",
        ),
        pytest.param(
            {"SITE_MONITORING_SCHEDULE": "never"},
            "",
            "SITE_MONITORING_SCHEDULE: The schedule 'never' cannot be read: expected rate(...) or "
            "cron(...), for example rate(1 hour) or cron(0 3 ? * SUN *).",
            id="schedule",
        ),
        pytest.param(
            {"SITE_SUBNETS": "subnet-1"},
            "security_group_ids = 'sg-1'",
            "site.toml: security_group_ids is 'sg-1'; expected a list of texts.",
            id="what follows from a wrong type is not said",
        ),
    ],
)
def test_what_is_wrong_names_its_place(environ: dict[str, str], text: str, message: str) -> None:
    """A problem names the file and key, or the variable, what is there and what was expected."""
    with pytest.raises(SiteError) as caught:
        load_settings(environ, text=text, file="site.toml")
    assert str(caught.value) == message


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """Problems of the file, of sites that are not chosen and of variables come together, once."""
    text = """
    region = "nowhere"
    [dev]
    canary_percent = "half"
    subnets = "subnet-1"
    [prod]
    account = "1"
    canary_percent = 60
    security_group_ids = ["sg-1"]
    retraining_schedule = "often"
    """
    environ = {"SITE": "dev", "SITE_BUCKET": "Upper", "SITE_FILE": "site.toml", "SITE_X": "1"}
    with pytest.raises(SiteError) as caught:
        load_settings(environ, text=text, file="site.toml")
    assert str(caught.value).splitlines() == [
        "site.toml: dev.canary_percent is 'half'; expected a whole number.",
        "site.toml: dev.subnets is 'subnet-1'; expected a list of texts.",
        "SITE_X is no setting. 'pipelines settings' lists all.",
        "SITE_BUCKET is 'Upper'; expected a value like 'my-bucket'.",
        "site.toml: region is 'nowhere'; expected a value like 'eu-west-1'.",
        "site.toml: prod.retraining_schedule: The schedule 'often' cannot be read: expected "
        "rate(...) or cron(...), for example rate(1 hour) or cron(0 3 ? * SUN *).",
        "site.toml: prod.account is '1'; expected a value like '111122223333'.",
        "site.toml: prod.canary_percent is 60; expected 0 to 50.",
        "site.toml: prod.security_group_ids is set without subnets; set both, or neither for no "
        "VPC.",
    ]


def test_a_site_without_a_file_is_refused() -> None:
    """A choice that nothing can fulfil is no default site: it would be another account."""
    with pytest.raises(SiteError) as caught:
        load_settings({"SITE": "prod"})
    assert str(caught.value) == (
        "Site 'prod' is chosen, but there is no site.toml in this folder or above it in the "
        "repository; write one with a table [prod], or choose none."
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder two levels below the root of a repository, which has a file of settings."""
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / "site.toml").write_text("project = 'dogs'")
    path = tmp_path / "repository" / "a" / "b"
    path.mkdir(parents=True)
    return path


def test_the_nearest_file_is_read(folder: Path) -> None:
    """The file of a folder above is found, and one nearer to the working folder comes before."""
    found = read_settings({}, folder)
    assert (found.site.project, found.file) == ("dogs", "../../site.toml")
    (folder / "site.toml").write_text("project = 'cats'")
    assert read_settings({}, folder).site.project == "cats"


def test_nothing_is_read_from_above_the_repository(folder: Path, tmp_path: Path) -> None:
    """A file outside of the repository, or above a folder in no repository, is somebody else's."""
    (tmp_path / "site.toml").write_text("project = 'others'")
    (tmp_path / "repository" / "site.toml").unlink()
    assert read_settings({}, folder) == load_settings({})
    (tmp_path / "free").mkdir()
    assert read_settings({}, tmp_path / "free") == load_settings({})
    assert read_settings({}, tmp_path).site.project == "others"


@pytest.mark.parametrize("is_absolute", [True, False])
def test_a_variable_names_another_file(folder: Path, *, is_absolute: bool) -> None:
    """`SITE_FILE` is relative to the working folder, or absolute, and comes before any other."""
    (folder.parent / "other.toml").write_text("project = 'cats'")
    named = str(folder.parent / "other.toml") if is_absolute else "../other.toml"
    found = read_settings({"SITE_FILE": named}, folder)
    assert (found.site.project, found.file) == ("cats", named)


def test_a_file_that_is_not_there_is_an_error(folder: Path) -> None:
    """A file that was named and cannot be read is not passed over."""
    with pytest.raises(SiteError) as caught:
        read_settings({"SITE_FILE": "none.toml"}, folder)
    assert str(caught.value) == (
        "The settings 'none.toml' cannot be read: No such file or directory; correct SITE_FILE, or "
        "the file."
    )


def test_every_setting_is_described() -> None:
    """What stands below each field of a site is its help."""
    helps = descriptions()
    assert list(helps) == [field.name for field in fields(Site)]
    assert helps["subnets"] == "Subnets of the VPC that jobs run in; empty: no VPC."


def test_every_setting_is_a_variable_and_a_key() -> None:
    """Whatever a site has can be set in both places, with the same result."""
    values = {"account": "444455556666", "canary_percent": "7", "enable_automatic_approval": "true"}
    variables = {f"SITE_{name.upper()}": value for name, value in values.items()}
    text = 'account = "444455556666"\ncanary_percent = 7\nenable_automatic_approval = true\n'
    from_file = load_settings({}, text=text, file="site.toml").site
    assert from_file == load_settings(variables).site
    assert from_file == replace(
        Site(account="444455556666"), canary_percent=7, enable_automatic_approval=True
    )


def test_the_example_in_the_readme_is_right() -> None:
    """The file that the README shows can be read, and its sites differ."""
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    [text] = re.findall(r"```toml\n(.*?)```", readme, flags=re.DOTALL)
    sites = [
        load_settings({"SITE": name}, text=text, file="site.toml").site for name in ("dev", "prod")
    ]
    assert [site.account for site in sites] == ["111122223333", "444455556666"]


def test_tests_do_not_read_the_settings_of_this_machine() -> None:
    """A site.toml above the working folder decides nothing here."""
    assert read_settings(os.environ, Path.cwd()).site == Site()
