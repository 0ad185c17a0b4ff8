"""The command `status --account`."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

import pipelines.account.clients
import pipelines.account.executions
from pipelines.cli import main
from pipelines.commands import account_status
from pipelines.execution import FailedJob
from tests.unit.pipelines.account.executing import (
    START,
    Sagemaker,
    arn,
    record,
    stubbed_account,
)


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sagemaker]:
    """Tells the client that the command uses what to answer, at a known time."""
    monkeypatch.setenv("SITE_PROJECT", "dogs")
    monkeypatch.setattr(account_status, "utc_now", lambda: START + timedelta(seconds=75))
    with stubbed_account() as (clients, told):
        monkeypatch.setattr(pipelines.account.clients, "Clients", lambda _: clients)
        yield told


def test_executions_of_all_pipelines_are_listed(
    sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str]
) -> None:
    """The newest first, whatever pipeline they are of, with what a Fail step said."""
    sagemaker.pipelines("scoring", "training")
    sagemaker.executions(("s1", "Succeeded"), ("s2", "Failed"), num=5, pipeline="scoring")
    sagemaker.executions(("t1", "Executing"), num=5)
    message = "The batch is not as the model's data were: " + "a very long text. " * 10
    fail = {"Fail": {"ErrorMessage": message}}
    sagemaker.steps("s2", record("BatchRefused", "Failed", Metadata=fail), pipeline="scoring")
    assert main(["status", "--account"]) == 0
    assert capsys.readouterr() == (
        "PIPELINE  EXECUTION  STATUS     STARTED (UTC)        NAME  REASON\n"
        "scoring   s1         Succeeded  2026-11-21 09:00:00\n"
        "training  t1         Executing  2026-11-21 09:00:00\n"
        f"scoring   s2         Failed     2026-11-21 08:59:00        {message.rstrip()}\n",
        "",
    )


def test_no_execution_is_no_empty_table(
    sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person reads how to begin one; a program reads an empty list."""
    sagemaker.pipelines("training")
    sagemaker.executions(num=5)
    assert main(["status", "--account"]) == 0
    assert capsys.readouterr() == (
        "",
        "There are no executions; begin one with 'pipelines start NAME'.\n",
    )
    sagemaker.pipelines("training")
    sagemaker.executions(num=5)
    assert main(["status", "--account", "--json"]) == 0
    assert capsys.readouterr() == ("[]\n", "")


def test_programs_read_the_list(sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str]) -> None:
    """The name of a pipeline lists its executions, in the words of the service."""
    sagemaker.executions(("t1", "Failed"), num=20)
    assert main(["status", "training", "--account", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "PipelineExecutionArn": arn("t1"),
            "PipelineExecutionDisplayName": "",
            "PipelineExecutionFailureReason": "",
            "PipelineExecutionStatus": "Failed",
            "StartTime": "2026-11-21T09:00:00+00:00",
        }
    ]


@pytest.fixture
def failed(sagemaker: Sagemaker, monkeypatch: pytest.MonkeyPatch) -> Sagemaker:
    """An execution that failed in its second attempt to train."""
    lines = (
        "epoch=1 train_loss=0.4",
        "Traceback (most recent call last):",
        '  File "/opt/ml/code/steps/train/script.py", line 12, in main',
        "    raise ValueError(text)",
        "ValueError: no labels",
    )
    job = FailedJob(
        name="pipelines-a-Train-x",
        reason="AlgorithmError: ValueError: no labels, exit code: 1",
        log="/aws/sagemaker/TrainingJobs/pipelines-a-Train-x/algo-1",
        log_lines=lines,
    )
    monkeypatch.setattr(pipelines.account.executions, "failed_job", lambda *_: job)
    sagemaker.describe("a", "Failed", FailureReason="Step failure")
    sagemaker.definition("a", '{"Steps": [' + ", ".join(
        f'{{"Name": "{name}", "Type": "{kind}", "Arguments": {{}}}}'
        for name, kind in (("Find", "Lambda"), ("Prepare", "Processing"), ("Train", "Training"),
                           ("Evaluate", "Processing"))
    ) + "]}")  # fmt: skip
    sagemaker.parameters("a")
    sagemaker.steps(
        "a",
        record("Find", SelectiveExecutionResult={"SourcePipelineExecutionArn": arn("old")}),
        record("Prepare", CacheHitResult={"SourcePipelineExecutionArn": arn("older")}),
        record(
            "Train",
            "Failed",
            AttemptCount=2,
            FailureReason="ClientError: the job failed",
            Metadata={"TrainingJob": {"Arn": "arn:training-job/pipelines-a-Train-x"}},
        ),
    )
    return sagemaker


def test_a_failure_is_followed_to_its_cause(
    failed: Sagemaker, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the step to the job, its reason, the end of its log, the exception and what to do."""
    assert main(["status", "training/a", "--account"]) == 0
    captured = capsys.readouterr()
    header, *lines = captured.out.splitlines()
    assert header.startswith("training   execution a   definition ")
    assert lines == [
        "STEP      TYPE        STATUS   SECONDS  ATTEMPTS  SUMMARY",
        "Find      Lambda      Reused   60.0     1",
        "Prepare   Processing  Cached   60.0     1",
        "Train     Training    Failed   60.0     2         pipelines-a-Train-x",
        "Evaluate  Processing  Skipped",
        "Step 'Train' failed: ClientError: the job failed",
        "Job pipelines-a-Train-x: AlgorithmError: ValueError: no labels, exit code: 1",
        "Last 5 lines of /aws/sagemaker/TrainingJobs/pipelines-a-Train-x/algo-1:",
        "  epoch=1 train_loss=0.4",
        "  Traceback (most recent call last):",
        '    File "/opt/ml/code/steps/train/script.py", line 12, in main',
        "      raise ValueError(text)",
        "  ValueError: no labels",
        "Cause: The script raised ValueError: no labels (steps/train/script.py, line 12, in main)",
        "Next: Mend the code or the data; 'pipelines run' runs the same job on this machine.",
        "Failed in 90.0 s.",
    ]
    assert captured.err == ""


def test_programs_read_the_failure(failed: Sagemaker, capsys: pytest.CaptureFixture[str]) -> None:
    """The same is in the document."""
    assert main(["status", arn("a"), "--account", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["PipelineExecutionStatus"] == "Failed"
    assert document["FailureReason"] == "Step failure"
    find, prepare, train, evaluate = document["PipelineExecutionSteps"]
    assert find["SelectiveExecutionResult"] == {"SourcePipelineExecutionArn": arn("old")}
    assert prepare["CacheHitResult"] == {"SourcePipelineExecutionArn": arn("older")}
    assert train["FailedJob"]["Name"] == "pipelines-a-Train-x"
    assert train["Diagnosis"]["Cause"].startswith("The script raised ValueError: no labels")
    assert evaluate["StepStatus"] == "Skipped"


def test_an_execution_under_way_shows_how_far_it_is(
    sagemaker: Sagemaker, capsys: pytest.CaptureFixture[str]
) -> None:
    """A step that runs has its seconds so far; one that has not run may still do so."""
    sagemaker.describe("a", "Executing")
    sagemaker.definition("a")
    sagemaker.parameters("a")
    sagemaker.steps("a", record("Preprocess"), record("Train", "Executing"))
    assert main(["status", "training/a", "--account"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:5] == [
        "Preprocess    Processing     Succeeded  60.0     1",
        "Train         Training       Executing  75.0     1",
        "Evaluate      Processing     -",
    ]
    assert lines[-1] == "Executing for 75.0 s."
