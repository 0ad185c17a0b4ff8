"""Tests of pipelines.local.scheduler, with executions that only leave their records."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infrastructure.functions.model_packages import approved_training
from infrastructure.functions.start_retraining.handler import respond
from pipelines.definition import steps
from pipelines.execution import Status, StepExecution
from pipelines.local.errors import LocalExecutionError, ParameterError
from pipelines.local.execution import LocalExecution, hold
from pipelines.local.locks import locked
from pipelines.local.registry import ApprovalStatus, Registry
from pipelines.local.scheduler import Scheduler, Triggers
from pipelines.local.store import LocalStore
from pipelines.triggers import APPROVAL_RULE, DRIFT_RULE, SCHEDULED_TIME, Schedule
from steps.bundle import ROOT
from tests.unit.pipelines.local.definitions import definition, processing, put_code

START = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
HOURLY = Schedule(
    pipeline="monitoring",
    expression="cron(0 * * * ? *)",
    parameters={"WindowEnd": SCHEDULED_TIME},
)
WEEKLY = Schedule(pipeline="retraining", expression="rate(7 days)", repeats_training=True)


class Machine:
    """A root, a clock, and executions that end as they are told to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.time = START
        self.started: list[tuple[str, Mapping[str, str]]] = []
        self.lines: list[str] = []
        self.ends: dict[str, Status] = {}
        self.refused: set[str] = set()

    def start(self, pipeline: str, parameters: Mapping[str, str]) -> LocalExecution:
        """Run a pipeline for a second."""
        if pipeline in self.refused:
            message = f"'{pipeline}' cannot start."
            raise ParameterError(message)
        self.started.append((pipeline, dict(parameters)))
        return self.record(pipeline, self.ends.get(pipeline, Status.SUCCEEDED))

    def record(
        self,
        pipeline: str,
        status: Status = Status.SUCCEEDED,
        *,
        failed_step: str = "",
        message: str = "",
    ) -> LocalExecution:
        """Leave the record of an execution that ends now."""
        number = len(list((self.root / "executions").glob("*/*")))
        path = self.root / "executions" / pipeline / f"{number:02}"
        path.mkdir(parents=True)
        steps = (
            [
                StepExecution(
                    name=failed_step,
                    type="Fail",
                    status=Status.FAILED,
                    started=self.time,
                    metadata={"Fail": {"ErrorMessage": message}},
                )
            ]
            if failed_step
            else []
        )
        execution = LocalExecution(
            id=path.name,
            pipeline=pipeline,
            path=path,
            status=status,
            started=self.time,
            ended=None if status is Status.EXECUTING else self.time + timedelta(seconds=1),
            parameters={},
            definition_digest="0123456",
            steps=tuple(steps),
        )
        execution.save()
        return execution

    def drift(self, message: str = "Violations: data 2. The worst") -> LocalExecution:
        """Leave the record of a window that has drifted, or of which the verdict failed."""
        return self.record(
            "monitoring", Status.FAILED, failed_step="DriftDetected", message=message
        )

    def approve(self) -> str:
        """Register and approve a package; its ARN."""
        registry = Registry(self.root)
        package = registry.register(
            {
                "ModelPackageGroupName": "dogs",
                "CustomerMetadataProperties": {"hyperparameter.learning_rate": "0.003"},
            },
            now=self.time - timedelta(hours=1),
        )
        arn = str(package["ModelPackageArn"])
        registry.set_approval(arn, ApprovalStatus.APPROVED, description="", now=self.time)
        return arn

    def scheduler(self, *schedules: Schedule, **options: Any) -> Scheduler:
        """A scheduler of these schedules, and of the declared rules."""
        settings: dict[str, Any] = {
            "start": self.start,
            "start_retraining": respond,
            "approved_training": approved_training,
            "say": self.lines.append,
            "now": lambda: self.time,
            "wait": self.wait,
        }
        triggers = Triggers(
            schedules=schedules, drift=DRIFT_RULE, approval=APPROVAL_RULE, group="dogs"
        )
        return Scheduler(self.root, triggers, **{**settings, **options})

    def run(self, *schedules: Schedule, after: timedelta = timedelta()) -> Scheduler:
        """Let a new scheduler do what is to be done after some time."""
        self.time += after
        scheduler = self.scheduler(*schedules)
        scheduler.run(is_once=True)
        return scheduler

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)

    def pipelines(self) -> list[str]:
        """Pipelines of the executions that were started."""
        return [pipeline for pipeline, _ in self.started]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with an empty root."""
    return Machine(tmp_path / "root")


def test_a_schedule_starts_its_pipeline_when_it_is_due(machine: Machine) -> None:
    """Not before, and once; the pipeline is told for which time."""
    machine.run(HOURLY)
    machine.run(HOURLY, after=timedelta(minutes=29))
    assert machine.started == []

    machine.run(HOURLY, after=timedelta(minutes=2))
    machine.run(HOURLY, after=timedelta(minutes=2))

    assert machine.started == [("monitoring", {"WindowEnd": "2026-11-21T10:00:00Z"})]
    assert machine.lines == [
        "2026-11-21 09:30 UTC  monitoring: cron(0 * * * ? *), next at 2026-11-21 10:00 UTC",
        "2026-11-21 09:59 UTC  monitoring: cron(0 * * * ? *), next at 2026-11-21 10:00 UTC",
        "2026-11-21 10:01 UTC  monitoring: cron(0 * * * ? *), due since 2026-11-21 10:00 UTC",
        "2026-11-21 10:01 UTC  monitoring was due at 2026-11-21 10:00 UTC: starting it.",
        "2026-11-21 10:03 UTC  monitoring: cron(0 * * * ? *), next at 2026-11-21 11:00 UTC",
    ]


def test_what_was_missed_is_done_once(machine: Machine) -> None:
    """After a night without a scheduler there is one execution, for the last time it was due."""
    machine.run(HOURLY)
    machine.run(HOURLY, after=timedelta(hours=12))

    assert machine.started == [("monitoring", {"WindowEnd": "2026-11-21T21:00:00Z"})]
    assert machine.lines[-1] == (
        "2026-11-21 21:30 UTC  monitoring was due at 2026-11-21 21:00 UTC, and 11 times before: "
        "starting it."
    )


def test_a_rate_begins_at_once(machine: Machine) -> None:
    """The first execution starts with the scheduler, and the next after the period."""
    machine.approve()
    machine.time += timedelta(minutes=1)
    machine.run(WEEKLY)
    machine.run(WEEKLY, after=timedelta(days=6))
    assert machine.started == [("retraining", {"LearningRate": "0.003"})]

    machine.run(WEEKLY, after=timedelta(days=1))
    assert machine.pipelines() == ["retraining", "retraining"]


def test_another_expression_begins_anew(machine: Machine) -> None:
    """What the old expression missed is nobody's."""
    machine.run(HOURLY)
    daily = Schedule(pipeline="monitoring", expression="cron(0 3 * * ? *)")
    machine.run(daily, after=timedelta(hours=5))
    assert machine.started == []


def test_a_schedule_that_is_never_due_again_is_told(machine: Machine) -> None:
    """Such a schedule starts nothing."""
    machine.run(Schedule(pipeline="monitoring", expression="cron(0 0 1 1 ? 2020)"))
    assert machine.lines == ["2026-11-21 09:30 UTC  monitoring: cron(0 0 1 1 ? 2020), never again"]


def test_an_approval_deploys_once(machine: Machine) -> None:
    """The deployment gets the package; neither time nor a new scheduler deploys it again."""
    machine.run()
    machine.time += timedelta(minutes=1)
    package = machine.approve()

    machine.run()
    machine.run(after=timedelta(hours=1))

    assert machine.started == [("deployment", {"ModelPackageArn": package})]
    assert machine.lines == [
        "2026-11-21 09:31 UTC  dogs/1 was approved: starting deployment.",
    ]


def test_what_happened_before_the_first_scheduler_is_nobodys(machine: Machine) -> None:
    """Neither old approvals nor old drift start anything."""
    machine.approve()
    machine.drift()
    machine.run(after=timedelta(hours=1))
    assert machine.started == []


def test_approvals_are_answered_in_their_order(machine: Machine) -> None:
    """Of two that were approved while no scheduler ran, the last is deployed last."""
    machine.run()
    packages = []
    for _ in range(2):
        machine.time += timedelta(minutes=1)
        packages.append(machine.approve())
    machine.run()
    assert [parameters["ModelPackageArn"] for _, parameters in machine.started] == packages


def test_drift_starts_one_retraining_a_day(machine: Machine) -> None:
    """The function of the account decides: a second bad hour starts no second training."""
    package = machine.approve()
    machine.run(after=timedelta(minutes=1))
    machine.time += timedelta(minutes=1)
    first = machine.drift()
    machine.run(after=timedelta(minutes=1))
    machine.time += timedelta(hours=1)
    second = machine.drift()
    machine.run(after=timedelta(minutes=1))

    assert package.endswith("model-package/dogs/1")
    assert machine.started == [("retraining", {"LearningRate": "0.003"})]
    retraining = "arn:aws:sagemaker:local-machine:000000000000:pipeline/retraining/execution/01"
    assert machine.lines == [
        f"2026-11-21 09:33 UTC  monitoring/execution/{first.id} failed in DriftDetected: calling "
        "start_retraining.",
        f"2026-11-21 09:33 UTC  Started {retraining} as the approved model was trained.",
        f"2026-11-21 10:34 UTC  monitoring/execution/{second.id} failed in DriftDetected: calling "
        "start_retraining.",
        f"2026-11-21 10:34 UTC  Started none: {retraining} was started within 24 hours, at "
        "2026-11-21T09:33:00Z.",
    ]


def test_drift_of_a_scheduled_execution_is_answered_at_once(machine: Machine) -> None:
    """What an execution says is answered before anything else that is due."""

    def start(pipeline: str, parameters: Mapping[str, str]) -> LocalExecution:
        machine.started.append((pipeline, parameters))
        return machine.drift() if pipeline == "monitoring" else machine.record(pipeline)

    later = Schedule(pipeline="scoring", expression=HOURLY.expression)
    machine.scheduler(HOURLY, later).run(is_once=True)
    machine.time += timedelta(hours=1)
    scheduler = machine.scheduler(HOURLY, later, start=start)
    scheduler.run(is_once=True)

    assert machine.pipelines() == ["monitoring", "retraining", "scoring"]
    assert scheduler.has_failure


def test_other_failures_of_monitoring_start_nothing(machine: Machine) -> None:
    """A window that could not be read says nothing about drift."""
    machine.run()
    machine.time += timedelta(minutes=1)
    machine.record("monitoring", Status.FAILED, failed_step="CheckDrift")
    machine.record("monitoring", Status.EXECUTING, failed_step="DriftDetected")
    machine.run()
    assert machine.started == []


def test_a_verdict_that_failed_by_itself_starts_nothing(machine: Machine) -> None:
    """The function is called and looks: without violations there is no drift."""
    machine.run()
    machine.time += timedelta(minutes=1)
    execution = machine.drift("Violations: data 0, model quality 0. The worst")
    machine.run()
    assert machine.started == []
    assert machine.lines == [
        f"2026-11-21 09:31 UTC  monitoring/execution/{execution.id} failed in DriftDetected: "
        "calling start_retraining.",
        f"2026-11-21 09:31 UTC  Started none: {execution.arn} found no violations; a step before "
        "'DriftDetected' failed for another reason.",
    ]


CHECK = (
    "import json, sys\n"
    "from pathlib import Path\n"
    "folder, name = Path(sys.argv[1]), sys.argv[2]\n"
    "(folder / 'cloudwatch_metrics.jsonl').touch()\n"
    "result = {'num_violations': 2, 'status': 'CompletedWithViolations', 'worst': 'blur'}\n"
    "if name == 'fails':\n"
    "    sys.exit('no access')\n"
    "if name != 'forgets':\n"
    "    (folder / 'check.json').write_text(json.dumps(result))\n"
)


@pytest.mark.parametrize(
    ("behaviour", "verdict", "answers", "started"),
    [
        pytest.param(
            "works", Status.FAILED, ["Started arn:"], ["retraining"], id="a check finds drift"
        ),
        pytest.param(
            "forgets",
            Status.FAILED,
            ["Started none: step 'DriftDetected' of "],
            [],
            id="a result cannot be read",
        ),
        pytest.param("fails", Status.SKIPPED, [], [], id="a check fails"),
    ],
)
def test_only_violations_start_a_training(
    *,
    machine: Machine,
    execute: Callable[..., LocalExecution],
    behaviour: str,
    verdict: Status,
    answers: list[str],
    started: list[str],
) -> None:
    """The reviewed verdict, after checks that find drift, leave no result, or fail."""
    machine.run()
    machine.time += timedelta(minutes=1)
    put_code(LocalStore(machine.root), "code", {"check.py": CHECK})
    property_files = [
        {"PropertyFileName": "Check", "OutputName": "violations", "FilePath": "check.json"}
    ]
    checks = [
        processing(
            name,
            module="check",
            outputs=["violations"],
            arguments=["/opt/ml/processing/output/violations", behaviour],
            PropertyFiles=property_files,
        )
        for name in ("CheckDrift", "CheckModelQuality")
    ]
    document = json.loads((ROOT / "tests/definitions/monitoring.json").read_text())
    judging = [
        step.body
        for step in steps(document)
        if step.name in {"PublishMetrics", "JudgeWindow", "DriftDetected"}
    ]
    execution = execute(
        definition(
            *checks,
            *judging,
            parameters=[{"Name": "EndpointName", "Type": "String", "DefaultValue": "dogs"}],
        ),
        pipeline="monitoring",
        functions_dir=ROOT / "infrastructure" / "functions",
        now=lambda: machine.time,
    )
    assert execution.status is Status.FAILED
    assert execution.step("JudgeWindow").status is verdict
    assert execution.step("DriftDetected").status is verdict

    machine.run()

    assert machine.pipelines() == started
    said = [line.partition("  ")[2] for line in machine.lines]
    assert [line.startswith(answer) for line, answer in zip(said[1:], answers, strict=True)] == [
        True for _ in answers
    ]


def test_an_execution_of_another_process_is_waited_for(machine: Machine) -> None:
    """One execution of a pipeline at a time; others go on, and the wait is told once."""
    machine.run(HOURLY)
    running = machine.record("monitoring", Status.EXECUTING)
    deployment = machine.record("deployment", Status.EXECUTING)
    package = ""
    with hold(running.path), hold(deployment.path):
        machine.time += timedelta(hours=1)
        package = machine.approve()
        other = Schedule(pipeline="scoring", expression="rate(1 day)")
        machine.run(HOURLY, other)
    assert machine.pipelines() == ["scoring"]
    assert machine.lines[-3:] == [
        "2026-11-21 10:30 UTC  deployment waits for the end of deployment/execution/01.",
        "2026-11-21 10:30 UTC  monitoring waits for the end of monitoring/execution/00.",
        "2026-11-21 10:30 UTC  scoring was due at 2026-11-21 10:30 UTC: starting it.",
    ]

    machine.run(HOURLY)
    assert machine.started[1:] == [
        ("deployment", {"ModelPackageArn": package}),
        ("monitoring", {"WindowEnd": "2026-11-21T10:00:00Z"}),
    ]


def test_what_cannot_start_is_told_and_forgotten(machine: Machine) -> None:
    """The scheduler goes on, knows that something failed, and does not try it forever."""
    machine.run(HOURLY)
    machine.refused = {"monitoring", "deployment", "retraining"}
    machine.time += timedelta(hours=1)
    machine.approve()
    machine.drift()
    scheduler = machine.run(HOURLY, after=timedelta(minutes=1))

    assert scheduler.has_failure
    assert machine.lines[2:] == [
        "2026-11-21 10:31 UTC  monitoring/execution/00 failed in DriftDetected: calling "
        "start_retraining.",
        "2026-11-21 10:31 UTC  retraining was not started: 'retraining' cannot start.",
        "2026-11-21 10:31 UTC  start_retraining failed: ClientError: An error occurred "
        "(ValidationException) when calling the StartPipelineExecution operation: 'retraining' "
        "cannot start.",
        "2026-11-21 10:31 UTC  dogs/1 was approved: starting deployment.",
        "2026-11-21 10:31 UTC  deployment was not started: 'deployment' cannot start.",
        "2026-11-21 10:31 UTC  monitoring was due at 2026-11-21 10:00 UTC: starting it.",
        "2026-11-21 10:31 UTC  monitoring was not started: 'monitoring' cannot start.",
    ]
    assert not machine.run(HOURLY).has_failure


def test_it_goes_on_until_an_execution_is_stopped(machine: Machine) -> None:
    """Time passes and executions start; the one that a person stops ends the scheduler."""
    quarters = Schedule(pipeline="monitoring", expression="rate(15 minutes)")

    def start(pipeline: str, parameters: Mapping[str, str]) -> LocalExecution:
        if len(machine.started) == 2:
            machine.ends["monitoring"] = Status.STOPPED
        return machine.start(pipeline, parameters)

    scheduler = machine.scheduler(quarters, start=start)
    scheduler.run(is_once=False)

    assert machine.pipelines() == ["monitoring"] * 3
    assert START + timedelta(minutes=30) <= machine.time < START + timedelta(minutes=31)
    assert scheduler.stopped is not None
    assert scheduler.stopped.status is Status.STOPPED


def test_a_stopped_retraining_ends_it_too(machine: Machine) -> None:
    """Also where the function started it."""
    machine.run()
    machine.time += timedelta(minutes=1)
    machine.drift()
    machine.ends["retraining"] = Status.STOPPED
    scheduler = machine.scheduler()
    scheduler.run(is_once=False)
    assert scheduler.stopped is not None
    assert scheduler.stopped.pipeline == "retraining"


@pytest.mark.parametrize(
    ("happen", "started"),
    [
        pytest.param(Machine.drift, "retraining", id="drift"),
        pytest.param(Machine.approve, "deployment", id="approval"),
        pytest.param(lambda machine: machine.wait(3600), "monitoring", id="time"),
    ],
)
def test_what_ctrl_c_kept_from_starting_is_done_next_time(
    machine: Machine, happen: Callable[[Machine], object], started: str
) -> None:
    """A pipeline takes seconds to compile: an answer that did not begin is not forgotten."""

    def interrupt(*_: object) -> LocalExecution:
        raise KeyboardInterrupt

    machine.run(HOURLY)
    happen(machine)
    with pytest.raises(KeyboardInterrupt):
        machine.scheduler(HOURLY, start=interrupt).run(is_once=True)

    machine.run(HOURLY)
    machine.run(HOURLY)
    assert machine.pipelines() == [started]


def test_one_root_has_one_scheduler(machine: Machine) -> None:
    """A second one would start everything twice."""
    directory = machine.root / "scheduler"
    directory.mkdir(parents=True)
    with locked(directory / "lock"), pytest.raises(LocalExecutionError) as caught:
        machine.run(HOURLY)
    assert str(caught.value) == (
        f"Another scheduler runs under '{machine.root}'; end it, or name another root."
    )
