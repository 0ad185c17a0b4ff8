"""The commands `upsert` and `delete`, against an account of moto's."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pipelines.catalogue import CATALOGUE
from pipelines.cli import main
from pipelines.compile import Compiled
from steps.site import Site
from tests.aws import Account, Call, make_foundations

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

PROJECT = "image-classification"


@pytest.fixture
def project(
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    compiled_snapshot: Callable[[str], Compiled],
) -> Account:
    """An account with what the default project's stacks make, and pipelines compiled already."""
    clients = account.clients
    make_foundations(Site(), clients)
    monkeypatch.setattr(
        "pipelines.compile.compile_pipeline", lambda name, _: compiled_snapshot(name)
    )
    # Clients take long to make.
    monkeypatch.setattr("pipelines.account.clients.Clients", lambda _: clients)
    account.forget()
    return account


def arn(name: str) -> str:
    """ARN of a pipeline."""
    return f"arn:aws:sagemaker:us-east-1:111122223333:pipeline/{PROJECT}-{name}"


def test_the_life_of_all_pipelines(
    project: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are published at once, left alone, planned, changed, planned again, and deleted."""
    assert main(["upsert", "--all"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [arn(name) for name in CATALOGUE]
    assert f"created pipeline {PROJECT}-monitoring\n" in captured.err
    assert f"created rule {PROJECT}.drift\n" in captured.err

    assert main(["upsert", "--all"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [arn(name) for name in CATALOGUE]
    assert captured.err.splitlines() == [f"{PROJECT}-{name}: no changes." for name in CATALOGUE]

    monkeypatch.setenv("SITE_MONITORING_SCHEDULE", "rate(2 hours)")
    assert main(["plan", "monitoring"]) == 3
    assert 'cron(0 * * * ? *)" -> "rate(2 hours)"' in capsys.readouterr().out
    assert main(["upsert", "monitoring"]) == 0
    assert f"updated schedule {PROJECT}.monitoring\n" in capsys.readouterr().err
    assert main(["plan", "monitoring"]) == 0

    for name in CATALOGUE:
        assert main(["delete", name]) == 0
    captured = capsys.readouterr()
    assert f"deleted pipeline {PROJECT}-training\n" in captured.err
    assert captured.err.splitlines()[-1] == (
        "Data, model packages, endpoints and what is under "
        f"'s3://sagemaker-us-east-1-111122223333/{PROJECT}/' stay."
    )
    clients = project.clients
    assert clients.sagemaker.list_pipelines()["PipelineSummaries"] == []
    assert clients.lambda_.list_functions()["Functions"] == []
    assert clients.events.list_rules()["Rules"] == []
    assert clients.scheduler.list_schedules()["Schedules"] == []


def test_what_the_checks_find_is_not_published(
    project: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    compiled_snapshot: Callable[[str], Compiled],
) -> None:
    """A mistake in one of several keeps all of them from being published."""
    wrong = compiled_snapshot("training").definition.replace("Steps.Tune.", "Steps.Tuen.")
    monkeypatch.setattr(
        "pipelines.compile.compile_pipeline",
        lambda name, _: (
            replace(compiled_snapshot(name), definition=wrong)
            if name == "training"
            else compiled_snapshot(name)
        ),
    )
    assert main(["upsert", "scoring", "training"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    title = "pipelines: Pipeline 'training' has mistakes; nothing was done.\ntraining:/Steps/"
    assert captured.err.startswith(title)
    assert project.clients.sagemaker.list_pipelines()["PipelineSummaries"] == []


def test_whoever_interrupts_an_upsert_is_told_how_it_stands(
    project: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is half done, and the same command completes it."""

    def interrupt(call: Call, _: int) -> None:
        if call.operation == "CreatePipeline":
            raise KeyboardInterrupt

    project.faults = interrupt
    assert main(["upsert", "scoring"]) == 130
    assert capsys.readouterr().err.splitlines()[-2:] == [
        f"Who starts {PROJECT}-scoring gets the one before or the new one, with all that it names; "
        "'pipelines upsert' completes the rest.",
        "pipelines: Interrupted.",
    ]
    project.forget()
    assert main(["upsert", "scoring"]) == 0


@pytest.mark.parametrize("words", [["upsert"], ["upsert", "--all", "training"]])
def test_pipelines_are_named_or_all(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is published without being named."""
    assert main(words) == 2
    assert capsys.readouterr().err == ("pipelines: Name the pipelines to publish, or say --all.\n")


def test_an_account_that_refuses_exits_with_1(
    project: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason is one line on standard error."""
    monkeypatch.setenv("SITE_ACCOUNT", "444455556666")
    assert main(["delete", "training"]) == 1
    assert capsys.readouterr().err == (
        "pipelines: The AWS credentials are of another account than the site's; name other "
        "credentials in AWS_PROFILE, or the account in SITE_ACCOUNT.\n"
    )
    assert project.writes == []
