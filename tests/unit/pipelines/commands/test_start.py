"""The commands `start`, `stop` and `retry`."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

import pipelines.account.clients
import pipelines.account.executions
from pipelines.account.start import Started
from pipelines.cli import main
from pipelines.execution import Status
from tests.unit.pipelines.account.executing import (
    PIPELINE,
    Sagemaker,
    arn,
    record,
    stubbed_account,
)

TOKEN = "0123456789abcdef" * 2
HINT = (
    "The execution goes on. See it with 'pipelines status --account a', stop it with 'pipelines "
    "stop a'.\n"
)


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sagemaker]:
    """Tells the client that commands use what to answer."""
    monkeypatch.setenv("SITE_PROJECT", "dogs")
    monkeypatch.setattr(pipelines.account.executions, "POLL_SECONDS", 0)
    with stubbed_account() as (clients, told):
        monkeypatch.setattr(pipelines.account.clients, "Clients", lambda _: clients)
        yield told


def expect_start(sagemaker: Sagemaker, **more: Any) -> None:
    """Expect a start with a given token."""
    request = {"PipelineName": PIPELINE, "ClientRequestToken": TOKEN, **more}
    answer = {"PipelineExecutionArn": arn("a")}
    sagemaker.stub.add_response("start_pipeline_execution", answer, request)


def tell_end(sagemaker: Sagemaker, status: str, *steps: dict[str, Any]) -> None:
    """An execution that has ended when it is looked at first."""
    sagemaker.describe("a", status)
    sagemaker.definition("a")
    sagemaker.parameters("a")
    sagemaker.steps("a", *steps)


def test_an_execution_is_started(sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str]) -> None:
    """The ARN is data; with a token of an earlier call nothing more is said."""
    sagemaker.deployed()
    expect_start(
        sagemaker,
        PipelineParameters=[{"Name": "Epochs", "Value": "3"}],
        PipelineExecutionDisplayName="try-1",
        PipelineExecutionDescription="longer",
    )
    words = ["-p", "Epochs=3", "--name", "try-1", "--description", "longer", "--token", TOKEN]
    assert main(["start", "training", *words]) == 0
    assert capsys.readouterr() == (f"{arn('a')}\n", "")


def test_a_new_token_is_said_before_the_call(
    sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever is cut off can repeat the call without starting a second execution."""
    sagemaker.deployed()
    sagemaker.stub.add_client_error("start_pipeline_execution", "AccessDeniedException", "", 400)
    assert main(["start", "training"]) == 1
    assert re.match(
        r"The call can be repeated with --token [0-9a-f]{32}\.\npipelines: The credentials in use "
        r"do not allow StartPipelineExecution;",
        capsys.readouterr().err,
    )


def test_a_pipeline_that_is_not_deployed_has_no_token(
    sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is no call to repeat."""
    sagemaker.absent("describe_pipeline")
    assert main(["start", "training"]) == 1
    assert capsys.readouterr() == (
        "",
        "pipelines: Pipeline 'training' is not deployed; publish it with 'pipelines upsert "
        "training'.\n",
    )


def test_a_selective_start_says_what_it_builds_on(
    sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reference is found by itself."""
    sagemaker.deployed()
    sagemaker.executions(("old", "Failed"), num=20)
    sagemaker.steps("old", record("Preprocess"), record("Train"))
    sagemaker.parameters("old")
    expect_start(
        sagemaker,
        SelectiveExecutionConfig={
            "SelectedSteps": [{"StepName": "Evaluate"}],
            "SourcePipelineExecutionArn": arn("old"),
        },
    )
    assert main(["start", "training", "--only", "Evaluate", "--token", TOKEN]) == 0
    assert capsys.readouterr() == (
        f"{arn('a')}\n",
        "Results and parameters of training/old are used again.\n",
    )


def test_all_steps_after_one_are_selected(sagemaker: Sagemaker) -> None:
    """`--from` the first step needs no earlier execution."""
    sagemaker.deployed()
    names = ["Preprocess", "Train", "Evaluate", "CheckQuality", "Register", "TooLow", "Report"]
    steps = [{"StepName": name} for name in names]
    expect_start(sagemaker, SelectiveExecutionConfig={"SelectedSteps": steps})
    assert main(["start", "training", "--from", "Preprocess", "--token", TOKEN]) == 0


@pytest.mark.parametrize(
    ("status", "code"), [("Succeeded", 0), ("Failed", 1), ("CompletedWithFailures", 1)]
)
def test_waiting_shows_what_a_local_run_shows(
    sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str], status: str, code: int
) -> None:
    """The ARN is printed at once, the steps are talk, and the exit code tells how it ended."""
    sagemaker.deployed()
    expect_start(sagemaker)
    tell_end(sagemaker, status, record("Preprocess"))
    assert main(["start", "training", "--wait", "--token", TOKEN]) == code
    captured = capsys.readouterr()
    assert captured.out == f"{arn('a')}\n"
    header, step, last = captured.err.splitlines()
    assert re.fullmatch("training   execution a   definition [0-9a-f]{7}", header)
    assert step == " 1/5  Preprocess    Processing     Succeeded    60.0 s"
    assert last == f"{status} in 90.0 s."


def test_an_interrupted_wait_stops_nothing(
    sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """How to look again and how to stop it is said."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipelines.account.executions, "watch", interrupt)
    sagemaker.describe("a", "Failed")
    sagemaker.stub.add_response(
        "retry_pipeline_execution",
        {"PipelineExecutionArn": arn("a")},
        {"PipelineExecutionArn": arn("a")},
    )
    assert main(["retry", "training/a", "--wait"]) == 130
    captured = capsys.readouterr()
    assert captured.out == f"{arn('a')}\n"
    assert captured.err.endswith(f"{HINT}pipelines: Interrupted.\n")


def test_an_execution_that_cannot_be_watched_goes_on(
    sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was started, whatever the network does then."""
    sagemaker.deployed()
    expect_start(sagemaker)
    sagemaker.stub.add_client_error("describe_pipeline_execution", "ThrottlingException", "", 400)
    assert main(["start", "training", "--wait", "--token", TOKEN]) == 1
    captured = capsys.readouterr()
    assert captured.out == f"{arn('a')}\n"
    assert captured.err.startswith(HINT)


def test_an_execution_is_stopped(sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str]) -> None:
    """The name of a pipeline means its newest execution."""
    sagemaker.executions(("a", "Executing"), num=1)
    sagemaker.describe("a", "Executing")
    sagemaker.stub.add_response(
        "stop_pipeline_execution",
        {"PipelineExecutionArn": arn("a")},
        {"PipelineExecutionArn": arn("a")},
    )
    assert main(["stop", "training"]) == 0
    assert capsys.readouterr() == (
        f"{arn('a')}\n",
        "It is being stopped, and so are its jobs.\n",
    )


def test_an_execution_is_tried_again(
    sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str]
) -> None:
    """That it keeps its definition is said: mended code is not in it."""
    sagemaker.describe("a", "Failed")
    sagemaker.stub.add_response(
        "retry_pipeline_execution",
        {"PipelineExecutionArn": arn("a")},
        {"PipelineExecutionArn": arn("a")},
    )
    assert main(["retry", arn("a")]) == 0
    assert capsys.readouterr() == (
        f"{arn('a')}\n",
        "It goes on with the definition that it started with; to run what has been published "
        "since, use 'pipelines start --from'.\n",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(
            ["--token", "short"],
            "--token has 5 characters; expected 32 to 128, as an earlier call printed it.",
            id="token",
        ),
        pytest.param(
            ["-p", "Epochs", "--token", TOKEN],
            "'-p Epochs' is not of the form -p Name=Value.",
            id="form",
        ),
    ],
)
def test_wrong_use_is_said_without_a_call(
    sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """Exit code 2 tells it from a refusal."""
    assert main(["start", "training", *words]) == 2
    assert capsys.readouterr() == ("", f"pipelines: {message}\n")


@pytest.mark.parametrize("token", [[], ["--token", TOKEN]], ids=["new token", "earlier token"])
def test_a_wrong_parameter_is_wrong_use(
    sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str], token: list[str]
) -> None:
    """The deployed definition says which there are; no token is said that nothing was sent with."""
    sagemaker.deployed()
    assert main(["start", "training", "-p", "Epochs=x", *token]) == 2
    assert capsys.readouterr().err == (
        "pipelines: Parameter 'Epochs' expects an Integer, got 'x'.\n"
    )


def test_what_starts_is_a_value() -> None:
    """A whole execution builds on none."""
    assert Started(arn=arn("a")).reference is None
    assert Status("Stopping").is_under_way
