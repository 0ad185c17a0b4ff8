"""Tests of pipelines.display."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.display import LiveDisplay, PlainDisplay, choose_display, describe, failure
from pipelines.execution import Execution, FailedJob, Status, StepExecution
from pipelines.local.execution import LocalExecution

START = datetime(2026, 11, 21, 10, 4, 5, tzinfo=UTC)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Always."""
        return True


def step(name: str, kind: str, seconds: float, **fields: object) -> StepExecution:
    """A step that ended this many seconds after the start."""
    ended = START + timedelta(seconds=seconds)
    record = StepExecution(
        name=name, type=kind, status=Status.SUCCEEDED, started=START, ended=ended
    )
    return replace(record, **fields)  # type: ignore[arg-type]


STEPS = (
    step("Preprocess", "Processing", 1.94, summary="train=240 test=30"),
    step("Train", "Training", 14.2, cache_source="arn", summary="f1=0.9"),
    step(
        "Check",
        "Condition",
        0.0,
        metadata={"Condition": {"Outcome": "True"}},
        summary="0.93 >= 0.8",
    ),
    step("Low", "Fail", 0.0, status=Status.SKIPPED, started=None, ended=None),
    step("Register", "RegisterModel", 0.01, summary="[dogs]/1 PendingManualApproval"),
)


def execution(
    path: Path, *steps: StepExecution, status: Status = Status.SUCCEEDED
) -> LocalExecution:
    """An execution that took 18.31 s."""
    return LocalExecution(
        id="20261121-100405-3f2a",
        pipeline="training",
        path=path,
        status=status,
        started=START,
        ended=START + timedelta(seconds=18.31),
        parameters={},
        definition_digest="9c41d07",
        steps=steps,
    )


def show(display: PlainDisplay | LiveDisplay, shown: LocalExecution, num_steps: int) -> None:
    """Tell a display everything about an execution."""
    display.begin(shown, num_steps)
    for record in shown.steps:
        display.update(replace(record, status=Status.EXECUTING, ended=None))
        display.update(record)
    display.finish(shown)


def test_plain_lines_have_one_shape() -> None:
    """A header, a numbered line for each step that ran, and the result with the folder."""
    stream = io.StringIO()

    show(PlainDisplay(stream), execution(Path("root/x"), *STEPS), 4)

    assert stream.getvalue().splitlines() == [
        "training   execution 20261121-100405-3f2a   definition 9c41d07",
        " 1/4  Preprocess  Processing     Succeeded     1.9 s   train=240 test=30",
        " 2/4  Train       Training       Cached       14.2 s   f1=0.9",
        " 3/4  Check       Condition      True                  0.93 >= 0.8",
        " 4/4  Register    RegisterModel  Succeeded     0.0 s   [dogs]/1 PendingManualApproval",
        "Succeeded in 18.3 s. root/x",
    ]


def test_steps_after_a_failure_are_counted() -> None:
    """They were not expected, so that the number of steps grows with them."""
    stream = io.StringIO()
    judge = step("Judge", "Lambda", 0.0, status=Status.FAILED, failure_reason="It drifted.")
    end = step("End", "Fail", 0.0, status=Status.FAILED, failure_reason="Drift.")

    show(PlainDisplay(stream), execution(Path("x"), judge, end, status=Status.FAILED), 1)

    assert stream.getvalue().splitlines()[1:] == [
        " 1/1  Judge  Lambda  Failed        0.0 s",
        " 2/2  End    Fail    Failed        0.0 s",
        "Step 'Judge' failed: It drifted.",
        "Failed in 18.3 s. x",
    ]


def test_a_failure_ends_with_the_log_and_the_command(tmp_path: Path) -> None:
    """The step, the reason, the last lines of its log and how to repeat it are at the end."""
    job = FailedJob(
        name=str(tmp_path),
        log=f"{tmp_path}/log.txt",
        log_lines=("line 1", "line 2"),
        repeat="sh repeat.sh",
    )
    failed = step(
        "Train", "Training", 1.0, status=Status.FAILED, failure_reason="It broke.", failed_job=job
    )
    stream = io.StringIO()

    show(PlainDisplay(stream), execution(tmp_path, failed, status=Status.FAILED), 1)

    assert stream.getvalue().splitlines()[1:] == [
        " 1/1  Train  Training  Failed        1.0 s",
        "Step 'Train' failed: It broke.",
        f"Last 2 lines of {tmp_path}/log.txt:",
        "  line 1",
        "  line 2",
        "Repeat it alone: sh repeat.sh",
        f"Failed in 18.3 s. {tmp_path}",
    ]


def test_a_failure_without_a_job_has_only_its_reason(tmp_path: Path) -> None:
    """A Fail step has no log and no command, and a job that never spoke has an empty log."""
    low = step("Low", "Fail", 0.0, status=Status.FAILED, failure_reason="Too low.")
    mute = replace(
        low, name="Mute", failed_job=FailedJob(name="j", log="log.txt", repeat="sh repeat.sh")
    )
    streams = []
    for record in (low, mute):
        streams.append(io.StringIO())
        show(PlainDisplay(streams[-1]), execution(tmp_path, record, status=Status.FAILED), 1)

    assert streams[0].getvalue().splitlines()[2:-1] == ["Step 'Low' failed: Too low."]
    assert streams[1].getvalue().splitlines()[2:-1] == [
        "Step 'Mute' failed: Too low.",
        "Last 0 lines of log.txt:",
        "Repeat it alone: sh repeat.sh",
    ]


def test_a_terminal_gets_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """All steps are in the table, those that never ran too, and the last line follows it."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    waiting = step("Later", "Training", 0.0, status=Status.EXECUTING, started=None, ended=None)

    show(LiveDisplay(stream, has_colour=False), execution(Path("root/x"), *STEPS, waiting), 4)

    text = re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", stream.getvalue())
    lines = text.replace("\r", "\n").splitlines()
    words = [line.split() for line in lines]
    assert ["Preprocess", "Processing", "Succeeded", "1.9", "s", "train=240", "test=30"] in words
    assert ["Low", "Fail", "Skipped"] in words
    assert ["Later", "Training", "-"] in words
    assert any("[dogs]/1 PendingManualApproval" in line for line in lines)
    assert any("Succeeded in 18.3 s. root/x" in line for line in lines)


@pytest.mark.parametrize("columns", [60, 100])
def test_a_narrow_terminal_cuts_no_word(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """The header is one line, names and outcomes are whole, and a long summary is folded."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    summary = "image-classification-20261121-100405-3f2a " * 2

    show(
        LiveDisplay(stream, has_colour=False),
        execution(Path("x"), step("CreateEndpointConfig", "EndpointConfig", 1.0, summary=summary)),
        1,
    )

    text = re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", stream.getvalue())
    assert text.startswith("training   execution 20261121-100405-3f2a   definition 9c41d07\n")
    assert "CreateEndpointConfig  EndpointConfig  Succeeded  1.0 s" in text
    assert "\N{HORIZONTAL ELLIPSIS}" not in text


@pytest.mark.parametrize(
    ("environment", "has_colour"),
    [pytest.param({}, True, id="default"), pytest.param({"NO_COLOR": "1"}, False, id="no-color")],
)
def test_colour_can_be_turned_off(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], has_colour: bool
) -> None:
    """NO_COLOR leaves no colour codes in the output."""
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    display = choose_display(stream, environment)

    show(display, execution(Path("x"), *STEPS), 4)  # type: ignore[arg-type]

    assert isinstance(display, LiveDisplay)
    assert ("\x1b[32m" in stream.getvalue()) is has_colour


@pytest.mark.parametrize(
    ("stream", "environment"),
    [
        pytest.param(io.StringIO(), {}, id="pipe"),
        pytest.param(Terminal(), {"TERM": "dumb"}, id="dumb-terminal"),
    ],
)
def test_without_a_terminal_there_are_lines(
    stream: io.StringIO, environment: dict[str, str]
) -> None:
    """A pipe and a terminal without cursor movement get plain lines."""
    assert isinstance(choose_display(stream, environment), PlainDisplay)


class Gone(io.StringIO):
    """A stream whose reader has left."""

    def write(self, _: str) -> int:
        """Fail as a closed pipe does."""
        raise BrokenPipeError


def test_a_reader_that_left_does_not_end_the_execution(tmp_path: Path) -> None:
    """Lines that nobody reads are dropped."""
    show(PlainDisplay(Gone()), execution(tmp_path, *STEPS), 4)


def test_the_steps_of_a_job_in_an_account_lead_to_its_cause() -> None:
    """The job's own reason, what is not readable of its log, and what to do are said."""
    job = FailedJob(
        name="pipelines-a-Train-x",
        reason="CapacityError: Unable to provision requested ML compute capacity.",
        log="/aws/sagemaker/TrainingJobs",
        note="There is no log in '/aws/sagemaker/TrainingJobs'.",
    )
    failed = step(
        "Train", "Training", 1.0, status=Status.FAILED, failure_reason="Failed.", failed_job=job
    )
    lines = list(failure(execution(Path("x"), failed, status=Status.FAILED)))
    assert lines == [
        "Step 'Train' failed: Failed.",
        "Job pipelines-a-Train-x: CapacityError: Unable to provision requested ML compute "
        "capacity.",
        "There is no log in '/aws/sagemaker/TrainingJobs'.",
        "Cause: AWS has no free instance of this type in the region at present.",
        "Next: Try again later with 'pipelines retry', or choose another instance type.",
    ]


def test_what_is_not_over_is_described_as_of_now() -> None:
    """Steps under way have their seconds so far, those that wait none; a reference is told."""
    running = step("Train", "Training", 0.0, status=Status.STARTING, ended=None, attempts=1)
    reused = step("Prepare", "Processing", 5.0, reference="arn")
    waiting = step("Low", "Fail", 0.0, status=Status.SKIPPED, started=None, ended=None)
    shown = Execution(
        id="a",
        pipeline="training",
        status=Status.EXECUTING,
        started=START,
        ended=None,
        parameters={},
        definition_digest="9c41d07",
        steps=(reused, running, waiting),
    )
    assert list(describe(shown, START + timedelta(seconds=12))) == [
        "training   execution a   definition 9c41d07",
        "STEP     TYPE        STATUS    SECONDS  ATTEMPTS  SUMMARY",
        "Prepare  Processing  Reused    5.0",
        "Train    Training    Starting  12.0     1",
        "Low      Fail        -",
        "Executing for 12.0 s.",
    ]


def test_results_of_another_execution_are_no_news() -> None:
    """Only the steps that are selected count."""
    stream = io.StringIO()
    reused = step("Prepare", "Processing", 5.0, reference="arn")
    show(PlainDisplay(stream), execution(Path("x"), reused, STEPS[1]), 1)
    assert stream.getvalue().splitlines()[1:-1] == [
        " 1/1  Train    Training    Cached       14.2 s   f1=0.9"
    ]


def test_a_display_can_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal is as it was, and there is no last line."""
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    stream = io.StringIO()
    for display in (LiveDisplay(terminal, has_colour=False), PlainDisplay(stream)):
        display.begin(execution(Path("x"), *STEPS), 4)
        display.leave()
    assert terminal.getvalue().endswith("\x1b[?25h")  # The cursor is back.
    assert stream.getvalue().count("\n") == 1


def test_a_job_without_a_log_has_its_name() -> None:
    """There is nothing else to say of it."""
    failed = step(
        "Train",
        "Fail",
        1.0,
        status=Status.FAILED,
        failure_reason="x",
        failed_job=FailedJob(name="j"),
    )
    assert list(failure(execution(Path("x"), failed))) == ["Step 'Train' failed: x", "Job j"]


def test_an_execution_may_fail_before_its_steps() -> None:
    """Its own reason is said, and what it means."""
    reason = "ClientError: the pipeline execution role does not have sufficient permissions"
    failed = replace(execution(Path("x"), status=Status.FAILED), failure_reason=reason)
    assert list(failure(failed)) == [
        f"The execution failed: {reason}",
        "Cause: The role of the job is not allowed to do what the step needs.",
        "Next: Compare the role's policies with those that 'pipelines permissions' prints.",
    ]
    stopped = replace(failed, status=Status.STOPPED, failure_reason="The execution was stopped.")
    assert list(failure(stopped)) == []
