"""The commands `cost` and `prices`."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from pipelines.account import prices as account_prices
from pipelines.account.clients import Clients
from pipelines.cli import main
from pipelines.compile import Compiled
from pipelines.cost import Prices
from pipelines.cost.prices import Offer, Use, write_prices

OFFER = Offer(
    region="us-east-1",
    date=date(2026, 11, 1),
    url="https://example.com",
    usd_per_hour={Use.PROCESSING: {"ml.m5.xlarge": 1.0}},
)


@pytest.fixture(autouse=True)
def _snapshots(
    monkeypatch: pytest.MonkeyPatch, compiled_snapshot: Callable[[str], Compiled]
) -> None:
    monkeypatch.setattr(
        "pipelines.compile.compile_pipeline", lambda name, _: compiled_snapshot(name)
    )


def test_an_estimate_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Parameters and an assumed saving count; what is not known does not fail the command."""
    words = ["cost", "training", "-p", "MaxTuningJobs=2", "--spot-saving", "0.5"]
    assert main(words) == 0
    output = capsys.readouterr().out
    assert "Tune        2 of 1 x ml.g5.xlarge, spot  12 (limit)" in output
    assert "spot instances are billed for 0.5 of their time" in output


def test_times_of_the_account(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On request, the times of past jobs count where there are some."""
    monkeypatch.setattr(
        "pipelines.account.durations.job_seconds", lambda name, *_: {"Train": 1800.0}
    )
    assert main(["cost", "training", "--account"]) == 0
    output = capsys.readouterr().out
    assert "Train       1 x ml.g5.xlarge, spot       0.5 " in output
    assert "Evaluate    1 x ml.m5.xlarge             2 (limit)" in output


def test_prices_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file replaces the prices that come with the project; programs read JSON."""
    path = tmp_path / "prices.json"
    path.write_text(write_prices(Prices(offers=(OFFER,))))
    assert main(["cost", "retraining", "--prices", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [step["PricePerHour"] for step in document["Steps"]] == [1.0, None, 1.0]
    assert document["IsComplete"] is False


def test_prices_of_a_region(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What AWS answers is printed as a price file; the API is asked where it has an endpoint."""
    asked = []

    def fetch(pricing: object, region: str) -> Offer:
        asked.append((pricing, region))
        return OFFER

    monkeypatch.setenv("SITE_REGION", "eu-west-1")
    monkeypatch.setattr(Clients, "client", lambda self, service: (service, self._region))
    monkeypatch.setattr(account_prices, "fetch_offer", fetch)
    assert main(["prices", "eu-west-1"]) == 0
    assert capsys.readouterr().out == write_prices(Prices(offers=(OFFER,)))
    assert asked == [(("pricing", "us-east-1"), "eu-west-1")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            ["--spot-saving", "60"],
            "The saving of spot instances is 60.0; expected a fraction, 0 or more and less than 1.",
            id="percent",
        ),
        pytest.param(
            ["--prices", "missing.json"],
            "The price file 'missing.json' cannot be read: No such file or directory.",
            id="missing file",
        ),
        pytest.param(
            ["--prices", "broken.json"],
            "broken.json: The price file is in EUR; expected prices in USD.",
            id="another currency",
        ),
        pytest.param(
            ["-p", "Seed=a"], "Parameter 'Seed' expects an Integer, got 'a'.", id="parameter"
        ),
    ],
)
def test_wrong_use_exits_with_2(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A command used wrongly says so in one sentence."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text('{"currency": "EUR"}')
    assert main(["cost", "training", *words]) == 2
    assert capsys.readouterr().err == f"pipelines: {message}\n"


@pytest.mark.parametrize("words", [["--spot-saving", "1"], ["--prices", "missing.json"]])
def test_wrong_options_are_told_before_compiling(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which takes seconds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pipelines.compile.compile_pipeline", pytest.fail)
    assert main(["cost", "training", *words]) == 2
