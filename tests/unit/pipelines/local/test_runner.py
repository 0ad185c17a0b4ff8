"""Tests of pipelines.local.runner: whole executions of hand-made definitions."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.execution import Status, utc_now
from pipelines.local import runner, steps
from pipelines.local.errors import (
    ParameterError,
    ResumeError,
    TransientFault,
    UnresolvedReference,
    UnsupportedStep,
)
from pipelines.local.execution import LocalExecution, hold
from pipelines.local.jobs.machine import JobCall
from pipelines.local.processes import JobServer
from pipelines.local.store import LocalStore
from tests.unit.pipelines.local.definitions import (
    Recorder,
    condition,
    definition,
    fail,
    get,
    has_ended,
    join,
    log_of,
    processing,
    put_code,
    training,
)
from tests.waiting import SECONDS

Execute = Callable[..., LocalExecution]

REPORT = (
    "import sys\nfrom pathlib import Path\n"
    "Path(sys.argv[1], 'report.json').write_text('{\"metrics\": {\"f1\": ' + sys.argv[2] + '}}')\n"
)
COPY_MODEL = (
    "import os, sys\nprint('f1=0.5')\n"
    "open(os.environ['SM_MODEL_DIR'] + '/w', 'w').write(sys.argv[-1])\n"
)


def gated(f1: str) -> dict[str, Any]:
    """Train, Evaluate, and registration if the measured f1 is at least the parameter's."""
    artifact = get("Steps.Train.ModelArtifacts.S3ModelArtifacts")
    evaluate = processing(
        "Evaluate",
        inputs={"model": artifact},
        outputs=["report"],
        arguments=["/opt/ml/processing/output/report", f1],
        PropertyFiles=[
            {
                "PropertyFileName": "Report",
                "OutputName": "report",
                "FilePath": "report.json",
            }
        ],
    )
    register = {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": "dogs",
            "InferenceSpecification": {"Containers": [{"ModelDataUrl": artifact}]},
        },
    }
    measured = {
        "Std:JsonGet": {
            "PropertyFile": get("Steps.Evaluate.PropertyFiles.Report"),
            "Path": "metrics.f1",
        }
    }
    check = condition(
        "Check",
        [
            {
                "Type": "GreaterThanOrEqualTo",
                "LeftValue": measured,
                "RightValue": get("Parameters.Threshold"),
            }
        ],
        then=[register],
        otherwise=[fail("TooLow", join("f1 below ", get("Parameters.Threshold"), on=""))],
    )
    announce = {
        **fail("Announce", join("registered as ", get("Steps.Register.ModelPackageArn"), on="")),
    }
    return definition(
        training("Train"),
        evaluate,
        check,
        announce,
        parameters=[{"Name": "Threshold", "Type": "Float", "DefaultValue": 0.8}],
    )


@pytest.fixture
def code(store: LocalStore) -> None:
    """The bundle of `gated`."""
    put_code(store, "code", {"train.py": COPY_MODEL, "job.py": REPORT})


@pytest.mark.usefixtures("code")
def test_the_branch_that_is_true_runs(execute: Execute, root: Path) -> None:
    """The gate passes: the model is registered, and a step outside the branch refers to it."""
    execution = execute(gated("0.9"))

    arn = "arn:aws:sagemaker:local-machine:000000000000:model-package/dogs/1"
    assert {step.name: str(step.status) for step in execution.steps} == {
        "Train": "Succeeded",
        "Evaluate": "Succeeded",
        "Check": "Succeeded",
        "Register": "Succeeded",
        "TooLow": "Skipped",
        "Announce": "Failed",
    }
    assert execution.step("Check").metadata == {"Condition": {"Outcome": "True"}}
    assert execution.step("Check").summary == "f1 0.9 >= 0.8"
    assert execution.step("Register").metadata == {"RegisterModel": {"Arn": arn}}
    assert execution.step("Announce").failure_reason == f"registered as {arn}"
    package = json.loads((root / "model-packages/dogs/1.json").read_text())
    assert package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == (
        f"s3://bucket/models/Train-{execution.id}/output/model.tar.gz"
    )


@pytest.mark.usefixtures("code")
def test_the_other_branch_and_what_depends_on_it_are_skipped(execute: Execute) -> None:
    """The gate fails: nothing is registered, and who refers to the registration is skipped too."""
    execution = execute(gated("0.7"), {"Threshold": "0.75"})

    statuses = {step.name: str(step.status) for step in execution.steps}
    assert statuses["Register"] == statuses["Announce"] == "Skipped"
    assert statuses["TooLow"] == "Failed"
    assert execution.step("TooLow").metadata == {"Fail": {"ErrorMessage": "f1 below 0.75"}}
    assert (execution.status, execution.failure_reason) == (
        Status.FAILED,
        "Step 'TooLow' failed: f1 below 0.75",
    )


def test_a_branch_that_is_not_taken_is_no_failure(execute: Execute) -> None:
    """Steps of the branch, and those that wait for them, are skipped; the execution succeeds."""
    never = condition(
        "Never",
        [{"Type": "Equals", "LeftValue": 1, "RightValue": 2}],
        then=[fail("Inside", "")],
    )

    execution = execute(definition(never, {**fail("After", ""), "DependsOn": ["Inside"]}))

    assert execution.status is Status.SUCCEEDED
    assert [str(step.status) for step in execution.steps] == ["Succeeded", "Skipped", "Skipped"]


@pytest.mark.usefixtures("code")
def test_the_record_is_in_the_words_of_the_service(execute: Execute, root: Path) -> None:
    """Definition and execution are on disk, in the shapes of the describe and list operations."""
    execution = execute(definition(training("Train")))

    folder = root / "executions" / "demo" / execution.id
    record = json.loads((folder / "execution.json").read_text())
    (step,) = record.pop("PipelineExecutionSteps")
    assert json.loads((folder / "definition.json").read_text()) == definition(training("Train"))
    assert record == {
        "DefinitionDigest": execution.definition_digest,
        "EndTime": execution.ended and execution.ended.isoformat(),
        "PipelineArn": "arn:aws:sagemaker:local-machine:000000000000:pipeline/demo",
        "PipelineExecutionArn": (
            f"arn:aws:sagemaker:local-machine:000000000000:pipeline/demo/execution/{execution.id}"
        ),
        "PipelineExecutionStatus": "Succeeded",
        "PipelineName": "demo",
        "PipelineParameters": [],
        "StartTime": execution.started.isoformat(),
    }
    assert {key: step[key] for key in ("StepName", "StepType", "StepStatus", "AttemptCount")} == {
        "StepName": "Train",
        "StepType": "Training",
        "StepStatus": "Succeeded",
        "AttemptCount": 1,
    }


@pytest.mark.usefixtures("code")
def test_execution_variables_have_values(execute: Execute) -> None:
    """Every variable of an execution resolves."""
    names = (
        "PipelineName", "PipelineArn", "PipelineExecutionId", "PipelineExecutionArn",
        "StartDateTime", "CurrentDateTime",
    )  # fmt: skip

    execution = execute(
        definition(fail("F", join(*(get(f"Execution.{name}") for name in names), on=" ")))
    )

    time_text = execution.started.isoformat()
    assert execution.step("F").failure_reason == (
        f"demo arn:aws:sagemaker:local-machine:000000000000:pipeline/demo {execution.id} "
        f"{execution.arn} {time_text} {time_text}"
    )


def put_function(tmp_path: Path, name: str, body: str) -> None:
    """Put the code of a function where the executions look."""
    folder = tmp_path / "functions" / name
    folder.mkdir(parents=True)
    (folder / "handler.py").write_text(f"def respond(event):\n    {body}\n")


def test_lambda_steps_run_their_function(execute: Execute, tmp_path: Path) -> None:
    """Arguments are resolved; outputs are properties, and those that say something are told."""
    put_function(tmp_path, "double", "return {'y': 2 * event['x'], 'zero': 0, 'note': ''}")
    step = {
        "Name": "Double",
        "Type": "Lambda",
        "Arguments": {"x": get("Parameters.X")},
        "FunctionArn": "arn:aws:lambda:r:1:function:double",
        "OutputParameters": [
            {"OutputName": "y", "OutputType": "Integer"},
            {"OutputName": "zero", "OutputType": "Integer"},
            {"OutputName": "note", "OutputType": "String"},
        ],
    }
    last = fail("Last", join("y=", get("Steps.Double.OutputParameters['y']"), on=""))

    execution = execute(
        definition(step, last, parameters=[{"Name": "X", "Type": "Integer", "DefaultValue": 4}])
    )

    assert execution.step("Double").summary == "y=8 zero=0"
    assert execution.step("Double").metadata == {
        "Lambda": {
            "Arn": "arn:aws:lambda:r:1:function:double",
            "OutputParameters": [
                {"Name": "y", "Value": "8"},
                {"Name": "zero", "Value": "0"},
                {"Name": "note", "Value": ""},
            ],
        }
    }
    assert execution.step("Last").failure_reason == "y=8"


@pytest.mark.parametrize(
    ("pipeline", "parameters", "error"),
    [
        pytest.param(definition(fail("F", "")), {"X": "1"}, ParameterError, id="parameter"),
        pytest.param(
            definition(training("A"), {"Name": "E", "Type": "EMR", "Arguments": {}}),
            {},
            UnsupportedStep,
            id="step-type",
        ),
        pytest.param(
            definition(training("A"), training("../B")), {}, UnsupportedStep, id="step-name"
        ),
        pytest.param(
            definition(training("A"), fail("F", get("Parameters.Nope"))),
            {},
            UnresolvedReference,
            id="undeclared-parameter",
        ),
        pytest.param(
            definition(training("A"), fail("F", get("Execution.Nope"))),
            {},
            UnresolvedReference,
            id="unknown-variable",
        ),
        pytest.param(
            definition(
                processing("A"),
                fail(
                    "F",
                    {"Std:JsonGet": {"PropertyFile": get("Steps.A.PropertyFiles.R"), "Path": "a"}},
                ),
            ),
            {},
            UnresolvedReference,
            id="unknown-property-file",
        ),
        pytest.param(
            definition(
                training("A"),
                {"Name": "L", "Type": "Lambda", "Arguments": {}, "FunctionArn": "x:function:no"},
            ),
            {},
            UnsupportedStep,
            id="unknown-function",
        ),
    ],
)
def test_nothing_starts_when_something_is_wrong(
    execute: Execute, root: Path, pipeline: Any, parameters: Any, error: type[Exception]
) -> None:
    """What can be checked beforehand is checked before there is even a folder."""
    with pytest.raises(error):
        execute(pipeline, parameters)

    assert not (root / "executions").exists()


def test_a_property_file_that_does_not_exist_is_named(execute: Execute) -> None:
    """The message names both steps and the property files that exist."""
    reading = {"PropertyFile": get("Steps.A.PropertyFiles.R"), "Path": "a"}

    with pytest.raises(UnresolvedReference) as error:
        execute(definition(processing("A"), fail("F", {"Std:JsonGet": reading})))

    assert str(error.value) == (
        "Step 'F' reads property file 'R' of step 'A', which has property files: none."
    )


def follow(name: str, *others: tuple[str, str]) -> dict[str, Any]:
    """A step that says its name, after outcomes of others."""
    waits = [{"Step": other, "Trigger": trigger} for other, trigger in others]
    return processing(name, module="hello", DependsOn=waits)


@pytest.fixture
def _jobs(store: LocalStore) -> None:
    """A job that works and one that does not."""
    put_code(store, "code", {"hello.py": "", "broken.py": "raise SystemExit(1)"})


@pytest.mark.usefixtures("_jobs")
def test_a_step_runs_because_another_one_failed(execute: Execute) -> None:
    """What waits for the failure, and what follows that, runs; the rest does not."""
    execution = execute(
        definition(
            processing("Deploy", module="broken"),
            follow("Activate", ("Deploy", "Completed")),
            follow("Restore", ("Deploy", "Failed")),
            follow("Report", ("Restore", "Completed")),
            follow("Unrelated", ("Activate", "Failed")),
        )
    )

    assert {step.name: str(step.status) for step in execution.steps} == {
        "Deploy": "Failed",
        "Activate": "Skipped",
        "Restore": "Succeeded",
        "Report": "Succeeded",
        "Unrelated": "Skipped",
    }
    assert execution.status is Status.COMPLETED_WITH_FAILURES
    assert execution.failure_reason == ("Step 'Deploy' failed: AlgorithmError: , exit code: 1")


@pytest.mark.usefixtures("_jobs")
def test_a_fail_step_after_a_failure_fails_the_execution(execute: Execute) -> None:
    """The reason stays that of the step that failed first."""
    execution = execute(
        definition(
            processing("Deploy", module="broken"),
            follow("Restore", ("Deploy", "Failed")),
            {**fail("DeployFailed", "Restored."), "DependsOn": ["Restore"]},
        )
    )

    assert execution.step("DeployFailed").failure_reason == "Restored."
    assert execution.status is Status.FAILED
    assert execution.failure_reason == ("Step 'Deploy' failed: AlgorithmError: , exit code: 1")


@pytest.mark.usefixtures("_jobs")
def test_any_outcome_and_no_failure(execute: Execute) -> None:
    """A step that waits for any outcome runs after both; one that waits for a failure does not."""
    execution = execute(
        definition(
            processing("Good", module="hello"),
            follow("AfterGood", ("Good", "Any")),
            follow("Undo", ("Good", "Failed")),
            processing("Bad", module="broken", DependsOn=["AfterGood"]),
            follow("AfterBad", ("Bad", "Any")),
        )
    )

    assert {step.name: str(step.status) for step in execution.steps} == {
        "Good": "Succeeded",
        "AfterGood": "Succeeded",
        "Undo": "Skipped",
        "Bad": "Failed",
        "AfterBad": "Succeeded",
    }


def test_a_failure_starts_nothing_more_but_lets_running_steps_end(
    execute: Execute, store: LocalStore, root: Path
) -> None:
    """A step beside the failing one ends; one that comes later never starts."""
    put_code(
        store,
        "code",
        {
            "train.py": "import os, sys, time\nif sys.argv[-1] == 'bad': sys.exit(1)\n"
            "while not os.path.exists(os.environ['HOME'] + '/failed'): time.sleep(0.01)\n"
        },
    )

    class Watcher(Recorder):
        def update(self, step: Any) -> None:
            super().update(step)
            if step.status is Status.FAILED:
                (root / "home" / "failed").touch()

    bad = training("Bad", hyperparameters={"kind": "bad"})
    good = training("Good", hyperparameters={"kind": "good"})

    execution = execute(
        definition(bad, good, training("Later", step={"DependsOn": ["Good"]})), display=Watcher()
    )

    assert [str(step.status) for step in execution.steps] == ["Failed", "Succeeded", "Skipped"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(
            OSError(28, "No space left on device"),
            "OSError: [Errno 28] No space left on device",
            id="disk",
        ),
        pytest.param(ZeroDivisionError("by zero"), "ZeroDivisionError: by zero", id="unforeseen"),
    ],
)
def test_any_error_is_a_failure_of_the_step(
    execute: Execute, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    """Whatever a step raises fails the step, and the execution ends."""

    def explode(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(steps, "run_training", explode)

    execution = execute(definition(training("Train")))

    assert execution.status is Status.FAILED
    assert execution.step("Train").failure_reason == reason


def test_the_command_of_a_job_can_be_repeated(execute: Execute, store: LocalStore) -> None:
    """`repeat.sh` runs the job alone, with the same arguments and variables."""
    put_code(store, "code", {"train.py": "import os, sys\nprint(sys.argv, os.environ['SM_HPS'])\n"})

    execution = execute(definition(training("Train", hyperparameters={"epochs": "2"})))

    script = execution.path / "steps" / "Train" / "repeat.sh"
    repeated = subprocess.run([script], capture_output=True, text=True, check=True)
    assert repeated.stdout == log_of(execution, "Train")


def flaky(monkeypatch: pytest.MonkeyPatch, *, num_failures: int) -> None:
    """Let the machine fail under the first attempts of a training job."""
    real = steps.run_training
    attempts: list[str] = []

    def run(call: JobCall, **options: Any) -> dict[str, Any]:
        attempts.append(call.name)
        if len(attempts) <= num_failures:
            raise TransientFault("The machine failed.")
        return real(call, **options)

    monkeypatch.setattr(steps, "run_training", run)


POLICY = {
    "ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"],
    "IntervalSeconds": 0.01,
    "MaxAttempts": 2,
}


@pytest.mark.parametrize(
    ("num_failures", "status", "num_attempts"),
    [
        pytest.param(2, Status.SUCCEEDED, 3, id="third-time-lucky"),
        pytest.param(3, Status.FAILED, 3, id="enough"),
    ],
)
@pytest.mark.usefixtures("code")
def test_transient_faults_are_retried(
    execute: Execute,
    monkeypatch: pytest.MonkeyPatch,
    num_failures: int,
    status: Status,
    num_attempts: int,
) -> None:
    """A policy allows as many attempts as it says, each in a folder and under a name of its own."""
    flaky(monkeypatch, num_failures=num_failures)

    execution = execute(definition(training("Train", step={"RetryPolicies": [POLICY]})))

    step = execution.step("Train")
    assert (step.status, step.attempts) == (status, num_attempts)
    if status is Status.SUCCEEDED:
        assert step.properties["TrainingJobName"] == f"Train-{execution.id}-3"
        assert (execution.path / "steps" / "Train" / "attempt-3" / "log.txt").is_file()


FRATRICIDE = (
    "import os, signal, time\nfrom pathlib import Path\n"
    "flag = Path(os.environ['HOME'], 'flag')\n"
    "if not flag.exists():\n"
    "    flag.touch()\n    os.kill(os.getppid(), signal.SIGKILL)\n    time.sleep(60)\n"
)


def test_a_retry_has_a_job_server_again(execute: Execute, store: LocalStore) -> None:
    """A job whose server dies with it succeeds in its second attempt."""
    put_code(store, "code", {"train.py": FRATRICIDE})

    with JobServer(modules=[]) as own:
        execution = execute(
            definition(training("Train", step={"RetryPolicies": [POLICY]})), server=own
        )

    assert (execution.status, execution.step("Train").attempts) == (Status.SUCCEEDED, 2)


def test_a_script_that_fails_is_not_retried(execute: Execute, store: LocalStore) -> None:
    """An algorithm error is no transient fault, whatever the policies list."""
    put_code(store, "code", {"train.py": "raise SystemExit(1)"})
    policy = {**POLICY, "ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR", "Step.SERVICE_FAULT"]}

    execution = execute(definition(training("Train", step={"RetryPolicies": [policy]})))

    assert execution.step("Train").attempts == 1


@pytest.mark.usefixtures("code")
def test_a_cached_step_does_not_run_again(execute: Execute, store: LocalStore) -> None:
    """The second execution takes the result of the first, and later steps see its properties."""
    cache = {"CacheConfig": {"Enabled": True, "ExpireAfter": "PT1H"}}
    pipeline = definition(training("Train", step=cache, metrics={"f1": "f1=([0-9.]+)"}))

    first, second = execute(pipeline), execute(pipeline)

    step = second.step("Train")
    assert (first.step("Train").is_cache_hit, step.is_cache_hit) == (False, True)
    assert step.cache_source == first.arn
    assert step.properties == first.step("Train").properties
    assert (step.summary, step.attempts) == ("f1=0.5", 0)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"hyperparameters": {"rate": "2"}}, id="changed-hyperparameter"),
        pytest.param({"step": {}}, id="not-enabled"),
    ],
)
@pytest.mark.usefixtures("code")
def test_a_changed_or_uncached_step_runs(execute: Execute, change: dict[str, Any]) -> None:
    """Another value of an attribute that counts is another job."""
    cache = {"step": {"CacheConfig": {"Enabled": True}}}
    execute(definition(training("Train", **cache)))

    execution = execute(definition(training("Train", **{**cache, **change})))

    assert not execution.step("Train").is_cache_hit


def test_a_failure_is_not_cached(execute: Execute, store: LocalStore) -> None:
    """A step that failed runs again."""
    put_code(store, "code", {"train.py": "raise SystemExit(1)"})
    pipeline = definition(training("Train", step={"CacheConfig": {"Enabled": True}}))

    executions = [execute(pipeline), execute(pipeline)]

    assert [execution.step("Train").attempts for execution in executions] == [1, 1]


@pytest.mark.usefixtures("code")
def test_an_expired_result_is_not_used(execute: Execute) -> None:
    """After ExpireAfter the step runs again."""
    cache = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}
    pipeline = definition(training("Train", step=cache))
    execute(pipeline)
    later = utc_now() + timedelta(days=2)

    execution = execute(pipeline, now=lambda: later)

    assert not execution.step("Train").is_cache_hit


ONCE = (
    "import os, sys\nfrom pathlib import Path\n"
    "flag = Path(os.environ['HOME'], sys.argv[-1])\n"
    "print('run')\n"
    "if sys.argv[-1] == 'second' and not flag.exists():\n    flag.touch()\n    sys.exit(1)\n"
)


def two_steps(**changes: Any) -> dict[str, Any]:
    """Two Training steps, one after the other."""
    return definition(
        training("First", hyperparameters={"kind": "first", **changes}),
        training(
            "Second",
            hyperparameters={"kind": "second"},
            channels={"model": get("Steps.First.ModelArtifacts.S3ModelArtifacts")},
        ),
        parameters=[{"Name": "P", "Type": "String", "DefaultValue": "x"}],
    )


def test_a_failed_execution_resumes_at_the_failed_step(execute: Execute, store: LocalStore) -> None:
    """The step that succeeded keeps its result; the failed one runs in a new attempt."""
    put_code(store, "code", {"train.py": ONCE})
    failed = execute(two_steps(), {"P": "y"})

    resumed = execute(two_steps(), resume=failed.id)

    assert (failed.status, resumed.status) == (Status.FAILED, Status.SUCCEEDED)
    assert (resumed.id, resumed.parameters) == (failed.id, {"P": "y"})
    assert log_of(resumed, "First") == "run\n"
    assert log_of(resumed, "Second/attempt-2") == "run\n"
    assert [step.attempts for step in resumed.steps] == [1, 2]


def test_a_step_whose_arguments_changed_runs_again(execute: Execute, store: LocalStore) -> None:
    """A changed definition re-runs what it changes, and everything after that."""
    put_code(store, "code", {"train.py": ONCE})
    failed = execute(two_steps())

    resumed = execute(two_steps(a="1"), resume=failed.id)

    assert resumed.status is Status.SUCCEEDED
    assert [step.attempts for step in resumed.steps] == [2, 2]


def test_what_cannot_be_resumed_is_refused(execute: Execute, store: LocalStore) -> None:
    """An unknown execution, one that succeeded and one that still runs are errors."""
    put_code(store, "code", {"train.py": ""})
    done = execute(definition(training("Train")))
    failed = execute(definition(fail("F", "")))

    with pytest.raises(ResumeError) as unknown:
        execute(definition(fail("F", "")), resume="nothing")
    with pytest.raises(ResumeError) as elsewhere:
        execute(definition(fail("F", "")), resume="nothing", pipeline="other")
    with pytest.raises(ResumeError) as succeeded:
        execute(definition(training("Train")), resume=done.id)
    with hold(failed.path), pytest.raises(ResumeError) as running:
        execute(definition(fail("F", "")), resume=failed.id)

    ids = ", ".join(sorted([done.id, failed.id]))
    assert str(unknown.value) == (
        f"Pipeline 'demo' has no execution 'nothing' to resume. Executions: {ids}."
    )
    assert str(elsewhere.value) == (
        "Pipeline 'other' has no execution 'nothing' to resume. Executions: none."
    )
    assert str(succeeded.value) == (
        f"Execution '{done.id}' of pipeline 'demo' has succeeded; there is nothing to resume."
    )
    assert str(running.value) == (
        f"Execution '{failed.id}' is running in another process; wait for its end."
    )


@pytest.mark.usefixtures("code")
def test_a_number_that_a_step_decides_counts_as_one(execute: Execute, root: Path) -> None:
    """Sharing the cores counts one instance where the number is a property of a step."""
    later = processing(
        "Later",
        num_instances=get("Steps.First.ProcessingResources.ClusterConfig.InstanceCount"),
        arguments=["/opt/ml/output", "1"],
    )

    execution = execute(definition(processing("First", arguments=["/opt/ml/output", "1"]), later))

    script = (execution.path / "steps" / "Later" / "repeat.sh").read_text()
    assert execution.status is Status.SUCCEEDED
    assert "OMP_NUM_THREADS=4" in script


@pytest.mark.usefixtures("code")
def test_concurrent_executions_do_not_disturb_each_other(execute: Execute, root: Path) -> None:
    """Four executions at once have four ids, four records and four model packages."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        executions = list(pool.map(lambda _: execute(gated("0.9")), range(4)))

    assert len({execution.id for execution in executions}) == 4
    assert {step.step("Register").properties["ModelPackageVersion"] for step in executions} == {
        1, 2, 3, 4,
    }  # fmt: skip
    assert len(list((root / "executions" / "demo").glob("*/execution.json"))) == 4


class Interrupting(Recorder):
    """A display that sends a signal to this process once a step's job has said something."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def update(self, step: Any) -> None:
        """Send the signal when the first metric is there."""
        super().update(step)
        if step.summary == "f1=1" and str(step.status) == "Executing":
            os.kill(os.getpid(), self._number)


SLEEPER = (
    "import os, time\nprint(os.getpid(), flush=True)\nprint('f1=1', flush=True)\ntime.sleep(600)\n"
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_execution(
    execute: Execute, store: LocalStore, number: signal.Signals
) -> None:
    """Jobs are killed, nothing more starts, the record says Stopped, the handlers are back."""
    put_code(store, "code", {"train.py": SLEEPER})
    handler = signal.getsignal(number)

    execution = execute(
        definition(
            training("Train", metrics={"f1": "f1=([0-9.]+)"}),
            training("Later", step={"DependsOn": ["Train"]}),
        ),
        display=Interrupting(number),
    )

    pid = int(log_of(execution, "Train").splitlines()[0])
    assert [str(step.status) for step in execution.steps] == ["Stopped", "Skipped"]
    assert (execution.status, execution.failure_reason) == (
        Status.STOPPED,
        "The execution was stopped.",
    )
    record = json.loads((execution.path / "execution.json").read_text())
    assert record["PipelineExecutionStatus"] == "Stopped"
    assert has_ended(pid)
    assert signal.getsignal(number) == handler


def test_a_step_that_does_not_stop_is_left_behind(
    execute: Execute, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that never returns keeps neither the execution nor a signal waiting."""
    monkeypatch.setattr(runner, "_STOP_SECONDS", 0.1)
    put_function(
        tmp_path,
        "hang",
        "import os, signal, threading; os.kill(os.getpid(), signal.SIGINT)\n"
        "    threading.Event().wait(600)",
    )
    hang = {
        "Name": "Hang",
        "Type": "Lambda",
        "Arguments": {},
        "FunctionArn": "arn:aws:lambda:r:1:function:hang",
    }

    execution = execute(definition(hang, {**fail("Later", ""), "DependsOn": ["Hang"]}))

    assert execution.status is Status.STOPPED
    assert [str(step.status) for step in execution.steps] == ["Stopped", "Skipped"]
    assert execution.seconds < SECONDS


class Breaking(Recorder):
    """A display that breaks when a step's job has said something."""

    def update(self, step: Any) -> None:
        """Raise when the first metric is there."""
        if step.summary == "f1=1":
            raise BrokenPipeError


def test_no_job_outlives_a_runner_that_breaks(
    execute: Execute, root: Path, store: LocalStore
) -> None:
    """An error outside the steps ends the execution at once, and its jobs."""
    put_code(store, "code", {"train.py": SLEEPER})
    started = time.monotonic()

    with pytest.raises(BrokenPipeError):
        execute(definition(training("Train", metrics={"f1": "f1=([0-9.]+)"})), display=Breaking())

    (log,) = root.glob("executions/demo/*/steps/Train/log.txt")
    assert time.monotonic() - started < SECONDS
    assert has_ended(int(log.read_text().splitlines()[0]))


@pytest.mark.usefixtures("code")
def test_a_fault_of_a_stopping_machine_is_no_failure(
    execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that the runner's own end takes away is stopped, and not failed or retried."""

    def interrupt(call: JobCall, **_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert call.machine.is_stopping.wait(SECONDS)
        raise TransientFault("The job was killed because the runner is ending.")

    monkeypatch.setattr(steps, "run_training", interrupt)

    execution = execute(definition(training("Train", step={"RetryPolicies": [POLICY]})))

    assert execution.step("Train").status is Status.STOPPED


@pytest.mark.usefixtures("code")
def test_a_signal_ends_the_wait_for_a_retry(
    execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that waits for its next attempt stops at once."""
    flaky(monkeypatch, num_failures=9)

    def delay(*_: object, **__: object) -> float:
        os.kill(os.getpid(), signal.SIGINT)
        return 600

    monkeypatch.setattr(runner, "retry_delay", delay)

    execution = execute(definition(training("Train", step={"RetryPolicies": [POLICY]})))

    assert execution.status is Status.STOPPED
    assert execution.seconds < SECONDS


def test_a_server_is_started_where_none_is_given(execute: Execute) -> None:
    """Without a job server the execution has its own, for as long as it runs."""
    execution = execute(definition(fail("F", "x")), server=None, num_cores=None)

    assert execution.status is Status.FAILED
