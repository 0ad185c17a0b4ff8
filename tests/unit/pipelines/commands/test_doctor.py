"""The command `doctor`, with findings that the test says."""

import json
from collections.abc import Callable, Iterator

import pytest

from pipelines.account.health import Finding, Verdict
from pipelines.catalogue import CATALOGUE
from pipelines.cli import main

OK = Finding(Verdict.OK, "Bucket", "'dogs' is the account's.")
PROBLEM = Finding(Verdict.PROBLEM, "Role triggers", "'triggers' does not exist; create it.")
UNKNOWN = Finding(Verdict.UNKNOWN, "Quotas", "They may not be listed.")


def _find(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> list[list[str]]:
    """Let the doctor find these; returns the definitions that it gets, by their names."""
    asked = []

    def doctor(
        site: object, definitions: Callable[[], dict[str, object]], *_: object, **__: object
    ) -> Iterator[Finding]:
        yield from findings
        asked.append(list(definitions()))

    monkeypatch.setattr("pipelines.account.doctor.doctor", doctor)
    monkeypatch.setattr(
        "pipelines.compile.compile_pipeline",
        lambda *_: type("", (), {"definition": '{"Steps": []}'}),
    )
    return asked


def test_each_thing_has_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Findings are data, their number is talk, and a problem is the exit code."""
    asked = _find(monkeypatch, OK, PROBLEM, UNKNOWN)
    assert main(["doctor"]) == 1
    captured = capsys.readouterr()
    assert captured.out == (
        "ok              Bucket: 'dogs' is the account's.\n"
        "problem         Role triggers: 'triggers' does not exist; create it.\n"
        "could not tell  Quotas: They may not be listed.\n"
    )
    assert captured.err == "1 ok, 1 problem, 1 could not tell\n"
    assert asked == [list(CATALOGUE)]


def test_what_could_not_be_told_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a problem the command succeeds; programs read JSON."""
    _find(monkeypatch, OK, UNKNOWN)
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"Subject": "Bucket", "Text": "'dogs' is the account's.", "Verdict": "ok"},
        {"Subject": "Quotas", "Text": "They may not be listed.", "Verdict": "could not tell"},
    ]


def test_a_finding_is_said_before_the_next_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is known is read while the definitions are made."""

    def doctor(*_: object, **__: object) -> Iterator[Finding]:
        yield PROBLEM
        assert capsys.readouterr().out.startswith("problem         Role triggers: ")
        yield OK

    monkeypatch.setattr("pipelines.account.doctor.doctor", doctor)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out == "ok              Bucket: 'dogs' is the account's.\n"
