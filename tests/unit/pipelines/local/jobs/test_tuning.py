"""Tests of pipelines.local.jobs.tuning, through whole executions."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.execution import Status
from pipelines.local.execution import LocalExecution
from pipelines.local.jobs.training import TrainingJob
from pipelines.local.store import LocalStore
from tests.unit.pipelines.local.definitions import (
    definition,
    has_ended,
    interrupted_when,
    put_code,
    training_request,
)
from tests.waiting import SECONDS

Execute = Callable[..., LocalExecution]

QUADRATIC = (
    "import argparse\n"
    "parser = argparse.ArgumentParser()\n"
    "parser.add_argument('-x', type=float)\n"
    "x = parser.parse_args().x\n"
    "for epoch in (2, 1): print(f'loss={(x - 3) ** 2 + epoch:.6f}', flush=True)\n"
)


def tuning(
    *,
    num_trials: int = 4,
    num_parallel: int = 2,
    values: list[str] | None = None,
    strategy: str = "Random",
    kind: str = "Minimize",
    **config: Any,
) -> dict[str, Any]:
    """A definition with one Tuning step that searches x."""
    if values is None:
        ranges: dict[str, Any] = {
            "ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "6"}]
        }
    else:
        ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": values}]}
    return definition(
        {
            "Name": "Tune",
            "Type": "Tuning",
            "Arguments": {
                "HyperParameterTuningJobConfig": {
                    "Strategy": strategy,
                    "ResourceLimits": {
                        "MaxNumberOfTrainingJobs": num_trials,
                        "MaxParallelTrainingJobs": num_parallel,
                    },
                    "HyperParameterTuningJobObjective": {"Type": kind, "MetricName": "loss"},
                    "ParameterRanges": ranges,
                    **config,
                },
                "TrainingJobDefinition": training_request(
                    key="StaticHyperParameters", metrics={"loss": r"loss=([-0-9.]+)"}
                ),
            },
        }
    )


def objectives(step: Any) -> list[float]:
    """The trials' objectives, best first."""
    return [
        trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        for trial in step.properties["TrainingJobSummaries"]
        if trial["ObjectiveStatus"] == "Succeeded"
    ]


def test_the_best_trial_is_found(execute: Execute, store: LocalStore) -> None:
    """The last value of the objective counts, and the best training job has the service's shape."""
    put_code(store, "code", {"train.py": QUADRATIC})

    execution = execute(tuning(strategy="Grid", values=["1", "2.5", "6"], num_trials=9))

    step = execution.step("Tune")
    name = f"Tune-{execution.id}"
    best = step.properties["BestTrainingJob"]
    assert best["TrainingJobName"] == f"{name}-002"
    assert best["TunedHyperParameters"] == {"x": "2.5"}
    assert best["FinalHyperParameterTuningJobObjectiveMetric"] == {
        "Type": "Minimize",
        "MetricName": "loss",
        "Value": 1.25,
    }
    assert (best["TrainingJobStatus"], best["ObjectiveStatus"]) == ("Completed", "Succeeded")
    assert objectives(step) == [1.25, 5.0, 10.0]
    assert step.properties["TrainingJobStatusCounters"] == {
        "Completed": 3,
        "InProgress": 0,
        "RetryableError": 0,
        "NonRetryableError": 0,
        "Stopped": 0,
    }
    assert step.properties["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 0}
    assert step.metadata == {
        "TuningJob": {"Arn": step.properties["HyperParameterTuningJobArn"]},
    }
    assert step.summary == "loss=1.25 x=2.5"
    assert store.names(f"s3://bucket/models/{name}") == [
        f"-00{number}/output/model.tar.gz" for number in (1, 2, 3)
    ]


def test_the_largest_objective_can_be_the_best(execute: Execute, store: LocalStore) -> None:
    """Maximize turns the order round; a value of a category may be a word."""
    put_code(store, "code", {"train.py": "import sys\nprint('loss=' + str(len(sys.argv[-1])))\n"})

    step = execute(tuning(strategy="Grid", values=["a", "abc", "ab"], kind="Maximize")).step("Tune")

    assert objectives(step) == [3.0, 2.0, 1.0]
    assert step.summary == "loss=3 x=abc"


def test_results_do_not_depend_on_how_long_trials_take(execute: Execute, store: LocalStore) -> None:
    """The same search gives the same trials whether the even or the odd ones are slow."""
    suggestions = []
    for slow in (0, 1):
        delay = (
            "import os, time\n"
            f"if int(os.environ['TRAINING_JOB_NAME'][-1]) % 2 == {slow}: time.sleep(0.3)\n"
        )
        put_code(store, "code", {"train.py": delay + QUADRATIC})
        step = execute(tuning(strategy="Bayesian", num_trials=6)).step("Tune")
        trials = sorted(
            step.properties["TrainingJobSummaries"], key=lambda trial: trial["TrainingJobName"]
        )
        suggestions.append([trial["TunedHyperParameters"]["x"] for trial in trials])

    assert suggestions[0] == suggestions[1]
    assert len(set(suggestions[0])) == 6


def test_trials_run_side_by_side(execute: Execute, store: LocalStore) -> None:
    """Two of four trials wait for one another, each with its share of the cores; never more run."""
    code = (
        "import os, time\nfrom pathlib import Path\n"
        "came, runs = (Path(os.environ['HOME'], name) for name in ('came', 'runs'))\n"
        "for folder in (came, runs):\n"
        "    folder.mkdir(exist_ok=True)\n"
        "    (folder / os.environ['TRAINING_JOB_NAME']).touch()\n"
        "pair = (int(os.environ['TRAINING_JOB_NAME'][-1]) + 1) // 2\n"
        "while len(list(came.iterdir())) < 2 * pair: time.sleep(0.01)\n"
        "time.sleep(0.2)\nprint('loss=' + str(max(2, len(list(runs.iterdir())))), flush=True)\n"
        "(runs / os.environ['TRAINING_JOB_NAME']).unlink()\n"
        "assert os.environ['OMP_NUM_THREADS'] == '2'\n"
    )
    put_code(store, "code", {"train.py": code})
    pipeline = tuning()
    request = pipeline["Steps"][0]["Arguments"]["TrainingJobDefinition"]
    request["StoppingCondition"] = {"MaxRuntimeInSeconds": int(SECONDS)}

    step = execute(pipeline).step("Tune")

    assert objectives(step) == [2.0] * 4


def test_a_trial_that_fails_is_counted(execute: Execute, store: LocalStore) -> None:
    """The tuning job goes on without it, and says why it failed."""
    code = "import sys\nif sys.argv[-1] == 'bad': sys.exit('no')\nprint('loss=1')\n"
    put_code(store, "code", {"train.py": code})

    step = execute(tuning(strategy="Grid", values=["good", "bad"])).step("Tune")

    assert step.status is Status.SUCCEEDED
    failed = step.properties["TrainingJobSummaries"][-1]
    assert (failed["TrainingJobStatus"], failed["ObjectiveStatus"]) == ("Failed", "Failed")
    assert failed["FailureReason"] == "AlgorithmError: , exit code: 1"
    assert step.properties["TrainingJobStatusCounters"]["NonRetryableError"] == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param("raise SystemExit(3)", "AlgorithmError: , exit code: 3", id="all-fail"),
        pytest.param("", "the objective is not in its log.", id="no-objective"),
    ],
)
def test_without_an_objective_the_step_fails(
    execute: Execute, store: LocalStore, code: str, reason: str
) -> None:
    """If no trial has an objective there is no best one."""
    put_code(store, "code", {"train.py": code})

    execution = execute(tuning(num_trials=2))

    step = execution.step("Tune")
    assert step.failure_reason == (
        f"No training job of 'Tune-{execution.id}' has an objective. The first one: {reason}"
    )
    assert step.failed_job is not None
    assert step.failed_job.name == str(execution.path / "steps" / "Tune" / "001")


SLOPE = (
    "import sys, time\n"
    "PAUSE = 0.05\n"
    "for epoch in range(1, 200):\n"
    "    print(f'loss={float(sys.argv[-1]) + 1 / epoch:.4f}', flush=True)\n"
    "    if float(sys.argv[-1]) > 8: time.sleep(PAUSE)\n"
)


def test_a_hopeless_trial_stops_early(execute: Execute, store: LocalStore) -> None:
    """The fourth trial stops at its first report; the objective is that at the decision."""
    put_code(store, "code", {"train.py": SLOPE.replace("PAUSE = 0.05", "PAUSE = 1")})

    step = execute(
        tuning(
            strategy="Grid",
            values=["1", "2", "3", "9"],
            num_parallel=1,
            TrainingJobEarlyStoppingType="Auto",
        )
    ).step("Tune")

    (stopped,) = [
        trial
        for trial in step.properties["TrainingJobSummaries"]
        if trial["TrainingJobStatus"] == "Stopped"
    ]
    assert stopped["TunedHyperParameters"] == {"x": "9"}
    assert stopped["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == 10.0
    assert step.properties["TrainingJobStatusCounters"]["Stopped"] == 1
    assert step.seconds is not None
    assert step.seconds < SECONDS


def test_hyperband_runs_the_good_trials_longest(execute: Execute, store: LocalStore) -> None:
    """Some trials stop before the end, and the best one is none of them."""
    put_code(store, "code", {"train.py": SLOPE})

    step = execute(
        tuning(
            strategy="Hyperband",
            num_trials=8,
            num_parallel=1,
            StrategyConfig={"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 9}},
        )
    ).step("Tune")

    assert step.properties["TrainingJobStatusCounters"]["Stopped"] > 0
    assert step.properties["BestTrainingJob"]["TrainingJobStatus"] == "Completed"


def test_a_signal_stops_every_trial(execute: Execute, store: LocalStore, root: Path) -> None:
    """Trials that run are killed, and the step is Stopped."""
    code = "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n"
    put_code(store, "code", {"train.py": code})

    def pids() -> list[int]:
        logs = root.glob("executions/demo/*/steps/Tune/*/log.txt")
        return [int(line) for log in logs for line in log.read_text().splitlines()]

    with interrupted_when(lambda: len(pids()) == 2):
        execution = execute(tuning())

    assert execution.step("Tune").status is Status.STOPPED
    assert len(pids()) == 2
    assert all(map(has_ended, pids()))


def test_a_trial_that_takes_too_long_is_killed(execute: Execute, store: LocalStore) -> None:
    """MaxRuntimeInSeconds of the definition limits each trial."""
    put_code(store, "code", {"train.py": "import time\ntime.sleep(60)\n"})
    pipeline = tuning(num_trials=1)
    request = pipeline["Steps"][0]["Arguments"]["TrainingJobDefinition"]
    request["StoppingCondition"] = {"MaxRuntimeInSeconds": 1}

    execution = execute(pipeline)

    assert execution.step("Tune").failure_reason == (
        f"No training job of 'Tune-{execution.id}' has an objective. "
        "The first one: MaxRuntimeExceeded: the job ran longer than MaxRuntimeInSeconds, 1 s."
    )


def test_trials_end_when_the_tuning_job_breaks(
    execute: Execute, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An artifact that cannot be stored fails the step, and no other trial goes on."""
    code = (
        "import os, sys, time\nfrom pathlib import Path\nprint(os.getpid(), flush=True)\n"
        "slow_runs = Path(os.environ['HOME'], 'slow-runs')\n"
        "if sys.argv[-1] == 'slow':\n"
        "    slow_runs.touch()\n    time.sleep(600)\n"
        "while not slow_runs.exists(): time.sleep(0.01)\n"
        "print('loss=1')\n"
    )
    put_code(store, "code", {"train.py": code})

    def refuse(_: TrainingJob) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(TrainingJob, "upload", refuse)

    execution = execute(tuning(strategy="Grid", values=["fast", "slow"], num_trials=2))

    assert execution.step("Tune").failure_reason == "OSError: [Errno 28] No space left on device"
    logs = (execution.path / "steps" / "Tune").glob("*/log.txt")
    pids = [int(log.read_text().splitlines()[0]) for log in logs]
    assert len(pids) == 2
    assert all(map(has_ended, pids))
