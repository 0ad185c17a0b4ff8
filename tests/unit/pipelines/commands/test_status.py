"""The command `status`: executions of this machine, and the steps of one."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import execution as executions
from pipelines.cli import main
from pipelines.execution import Status, StepExecution
from pipelines.local.execution import LocalExecution, failed_job, hold

START = datetime(2026, 11, 21, 9, 0, 0, tzinfo=UTC)
NOW = START + timedelta(seconds=90)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default root, at a known time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(executions, "utc_now", lambda: NOW)
    return tmp_path / ".local"


def step(name: str, status: Status, **more: Any) -> StepExecution:
    """A step of two seconds, or one that has not ended or not begun."""
    times = {} if status is Status.SKIPPED else {"started": START}
    if status not in {Status.SKIPPED, Status.EXECUTING}:
        times["ended"] = START + timedelta(seconds=2)
    return StepExecution(name=name, type="Processing", status=status, **times, **more)


def save(
    root: Path,
    pipeline: str,
    identity: str,
    status: Status,
    *steps: StepExecution,
    reason: str | None = None,
) -> Path:
    """Record an execution whose id tells the second of its start; none runs."""
    path = root / "executions" / pipeline / identity
    path.mkdir(parents=True, exist_ok=True)
    started = START + timedelta(seconds=int(identity[:2]))
    LocalExecution(
        id=identity,
        pipeline=pipeline,
        path=path,
        status=status,
        started=started,
        ended=None if status is Status.EXECUTING else started + timedelta(seconds=18.34),
        parameters={"Epochs": 2},
        definition_digest="9c41d07",
        steps=steps,
        failure_reason=reason,
    ).save()
    return path


def test_executions_are_listed_newest_first(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line per execution of any pipeline, with all of its reason; a dead one says so."""
    save(root, "training", "01-a", Status.SUCCEEDED)
    reason = (
        "Step 'Train' failed: AlgorithmError:\nsomething that takes many words to say, exit code: 1"
    )
    save(root, "deployment", "02-b", Status.FAILED, reason=reason)
    running = save(root, "training", "03-c", Status.EXECUTING)
    save(root, "training", "04-d", Status.EXECUTING)
    (root / "executions" / "training" / "05-e").mkdir()
    with hold(running):
        assert main(["status"]) == 0
    assert capsys.readouterr() == (
        "PIPELINE    EXECUTION  STATUS     STARTED (UTC)        SECONDS  REASON\n"
        "training    04-d       Died       2026-11-21 09:00:04\n"
        "training    03-c       Executing  2026-11-21 09:00:03\n"
        "deployment  02-b       Failed     2026-11-21 09:00:02  18.3     "
        "Step 'Train' failed: AlgorithmError: something that takes many words to say, exit code: 1"
        "\n"
        "training    01-a       Succeeded  2026-11-21 09:00:01  18.3\n",
        "",
    )


@pytest.mark.parametrize(
    ("columns", "end"),
    [
        pytest.param("200", "w" * 80, id="wide"),
        pytest.param("135", "w" * 71 + "...", id="narrower than the reason"),
        pytest.param("40", "w" * 57 + "...", id="narrower than the table"),
    ],
)
def test_a_reason_ends_where_the_terminal_does(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    columns: str,
    end: str,
) -> None:
    """It keeps 60 characters where the terminal has no room for them."""
    save(root, "deployment", "02-b", Status.FAILED, reason="w" * 80)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["status"]) == 0
    start = "deployment  02-b       Failed  2026-11-21 09:00:02  18.3     "
    assert capsys.readouterr().out.splitlines()[1] == f"{start}{end}"


def test_what_a_fail_step_says_is_the_reason(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The step before it is the first that failed, and says less."""
    judge = step("JudgeWindow", Status.FAILED, failure_reason="DriftError: 2 violations")
    text = "Violations: data 2.\nOpen report.html."
    declared = step("DriftDetected", Status.FAILED, metadata={"Fail": {"ErrorMessage": text}})
    save(root, "monitoring", "01-a", Status.FAILED, judge, declared, reason="Step 'JudgeWindow'")
    assert main(["status"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert line.endswith("  18.3     Violations: data 2. Open report.html.")


def test_programs_read_the_list(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each element has the words of the service, whether it runs, and where it lies."""
    path = save(root, "training", "01-a", Status.FAILED, reason="no")
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "DefinitionDigest": "9c41d07",
            "EndTime": "2026-11-21T09:00:19.340000+00:00",
            "FailureReason": "no",
            "IsRunning": False,
            "Path": str(path),
            "PipelineArn": "arn:aws:sagemaker:local-machine:000000000000:pipeline/training",
            "PipelineExecutionArn": (
                "arn:aws:sagemaker:local-machine:000000000000:pipeline/training/execution/01-a"
            ),
            "PipelineExecutionStatus": "Failed",
            "PipelineName": "training",
            "PipelineParameters": [{"Name": "Epochs", "Value": 2}],
            "StartTime": "2026-11-21T09:00:01+00:00",
        }
    ]


def test_no_executions_are_an_empty_list(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing ran, standard output stays empty and the next command is said."""
    assert main(["status"]) == 0
    assert capsys.readouterr() == (
        "",
        "No executions under '.local'; start one with 'pipelines run training --images DIR'.\n",
    )
    assert main(["status", "--json"]) == 0
    assert capsys.readouterr() == ("[]\n", "")
    assert not root.exists()


def test_the_steps_of_a_failed_execution_are_shown(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each step with its status, seconds, log and summary; then why it failed and the log's end."""
    path = root / "executions" / "training" / "01-a"
    for log in ("Tune/001/log.txt", "Tune/002/log.txt", "Train/log.txt", "Train/ml/log.txt",
                "Train/attempt-2/log.txt", "Train/attempt-3/algo-1/log.txt"):  # fmt: skip
        (path / "steps" / log).parent.mkdir(parents=True, exist_ok=True)
        (path / "steps" / log).write_text("".join(f"line {number}\n" for number in range(30)))
    job_dir = path / "steps" / "Train"
    save(
        root,
        "training",
        "01-a",
        Status.FAILED,
        step("Find", Status.SUCCEEDED, summary="found\nit", cache_source="arn"),
        step("Tune", Status.SUCCEEDED, summary="best"),
        step("Train", Status.FAILED, failure_reason="exit code: 1", failed_job=failed_job(job_dir)),
        step("Evaluate", Status.SKIPPED),
        reason="Step 'Train' failed: exit code: 1",
    )
    assert main(["status", "training/01-a"]) == 0
    captured = capsys.readouterr()
    assert captured.out == (
        "training   execution 01-a   definition 9c41d07\n"
        "STEP      TYPE        STATUS     SECONDS  LOG                          SUMMARY\n"
        "Find      Processing  Cached     2.0      -                            found it\n"
        "Tune      Processing  Succeeded  2.0      steps/Tune/001/log.txt (+1)  best\n"
        "Train     Processing  Failed     2.0      steps/Train/log.txt (+2)     exit code: 1\n"
        "Evaluate  Processing  Skipped             -\n"
        "Step 'Train' failed: exit code: 1\n"
        f"Last 20 lines of {job_dir}/log.txt:\n"
        + "".join(f"  line {number}\n" for number in range(10, 30))
        + "Cause: The program of the container ended with exit code 1.\n"
        "Next: Read the end of its log: what it says before it ends is the cause.\n"
        f"Repeat it alone: sh {job_dir}/repeat.sh\n"
        f"Failed in 18.3 s. {path}\n"
    )
    assert captured.err == ""
    assert main(["status", "01-a", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["PipelineExecutionStatus"] == "Failed"
    assert [item["LogPaths"] for item in document["PipelineExecutionSteps"]] == [
        [],
        [f"{path}/steps/Tune/001/log.txt", f"{path}/steps/Tune/002/log.txt"],
        [
            f"{job_dir}/log.txt",
            f"{job_dir}/attempt-2/log.txt",
            f"{job_dir}/attempt-3/algo-1/log.txt",
        ],
        [],
    ]


def test_an_execution_that_runs_shows_how_far_it_is(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The step that runs has its seconds so far; one that has not run may still do so."""
    steps = (step("Train", Status.EXECUTING, summary="epoch=2"), step("Evaluate", Status.SKIPPED))
    path = save(root, "training", "01-a", Status.EXECUTING, *steps)
    with hold(path):
        assert main(["status", "latest"]) == 0
    assert capsys.readouterr() == (
        "training   execution 01-a   definition 9c41d07\n"
        "STEP      TYPE        STATUS     SECONDS  LOG  SUMMARY\n"
        "Train     Processing  Executing  90.0     -    epoch=2\n"
        "Evaluate  Processing  -                   -\n"
        f"Executing for 89.0 s. {path}\n",
        "",
    )


def test_an_execution_whose_process_died_says_so(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody will end it: the step under way died too, and the way to go on is said."""
    steps = (step("Train", Status.EXECUTING), step("Evaluate", Status.SKIPPED))
    path = save(root, "training", "01-a", Status.EXECUTING, *steps)
    with hold(path):
        pass
    assert main(["status", "latest"]) == 0
    assert capsys.readouterr() == (
        "training   execution 01-a   definition 9c41d07\n"
        "STEP      TYPE        STATUS  SECONDS  LOG  SUMMARY\n"
        "Train     Processing  Died             -\n"
        "Evaluate  Processing  -                -\n"
        f"Died. {path}\n",
        "Its process ended before it did; go on with 'pipelines run training --resume 01-a'.\n",
    )


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        pytest.param("latest", "03-b", id="latest"),
        pytest.param("01-a", "01-a", id="id"),
        pytest.param("training/01-a", "01-a", id="pipeline and id"),
        pytest.param("02", "02-a", id="prefix"),
        pytest.param("training/02", "02-a", id="pipeline and prefix"),
        pytest.param("scoring", "03-b", id="pipeline with one execution"),
    ],
)
def test_executions_have_several_names(
    root: Path, capsys: pytest.CaptureFixture[str], text: str, identity: str
) -> None:
    """An exact id wins over a longer one that starts with it."""
    for name in ("01-a", "01-ab", "02-a"):
        save(root, "training", name, Status.SUCCEEDED)
    save(root, "scoring", "03-b", Status.SUCCEEDED)
    assert main(["status", text]) == 0
    assert f"   execution {identity}   " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "04",
            "There is no execution '04' on this machine. Executions: training/01-a, "
            "training/01-ab. 'pipelines status --account 04' looks in the account.",
            id="unknown",
        ),
        pytest.param(
            "01",
            "'01' fits several executions: training/01-a, training/01-ab.",
            id="ambiguous",
        ),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_ones(
    root: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    """Wrong use lists what there is."""
    for name in ("01-a", "01-ab"):
        save(root, "training", name, Status.SUCCEEDED)
    assert main(["status", text]) == 2
    assert capsys.readouterr() == ("", f"pipelines: {message}\n")


def test_help_says_how_an_execution_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The account's are known by their ARNs too, and this machine's by how they begin."""
    with pytest.raises(SystemExit):
        main(["status", "--help"])
    assert (
        "EXECUTION <id>, <pipeline>/<id> or 'latest'; of this machine also how one of them begins, "
        "of the account also an ARN options:"
    ) in " ".join(capsys.readouterr().out.split())


def test_nothing_is_the_latest_of_none(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing ran there is no latest execution either."""
    assert main(["status", "latest", "--root", str(root)]) == 2
    assert capsys.readouterr().err == (
        "pipelines: There is no execution 'latest' on this machine. Executions: none. 'pipelines "
        "status --account latest' looks in the account.\n"
    )
