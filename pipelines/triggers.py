"""Declares when pipelines start by themselves, in an account and on this machine.

    every hour                                      -> monitoring
    every week                                      -> retraining, as the approved model was trained
    step DriftDetected of monitoring has failed     -> function start_retraining -> retraining
    a model package of the group has been approved  -> deployment of that package

The site may name other times, or none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipelines.catalogue import MODEL_PACKAGE_PARAMETER
from pipelines.timetable import parse_expression
from steps.site import Site

NEVER = "off"
"""In place of an expression: there is no such schedule."""

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""In a parameter: the time for which the execution was scheduled, however late it starts.

Source: Amazon EventBridge Scheduler User Guide, "Adding context attributes",
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
"""


CAPTURE_DELAY_MINUTES = 15
"""How long before its scheduled time the window of an execution ends: captured records are
delivered some minutes after the requests, and one that comes when its window was judged is never
looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A pipeline that runs again and again."""

    pipeline: str
    expression: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Pipeline parameters; a value may be SCHEDULED_TIME."""
    repeats_training: bool = False
    """Whether it also gets what the newest approved model package was trained with."""

    def __post_init__(self) -> None:
        parse_expression(self.expression)

    def execution_parameters(self, approved: Mapping[str, str]) -> dict[str, str]:
        """Parameters of an execution, but for the time.

        Args:
            approved: What the newest approved model package was trained with.
        """
        return {**(approved if self.repeats_training else {}), **self.parameters}


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftRule:
    """A step that fails, and the function that answers it with a training."""

    name: str
    pipeline: str
    step: str
    function: str
    retraining: str
    """The pipeline that the function starts."""
    cooldown_hours: int
    """It starts none if one was started so shortly before."""

    def event(
        self, *, execution_arn: str, time: str, pipeline_name: str, group: str
    ) -> dict[str, str | int]:
        """What the function is called with.

        Args:
            execution_arn: Execution whose step failed.
            time: When it failed, ISO 8601.
            pipeline_name: Name of the pipeline to start, where it is started.
            group: Model package group whose newest approved package is trained anew.
        """
        return {
            "DriftExecutionArn": execution_arn,
            "StepName": self.step,
            "Time": time,
            "PipelineName": pipeline_name,
            "ModelPackageGroupName": group,
            "CooldownHours": self.cooldown_hours,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalRule:
    """A pipeline that starts with each model package that is approved."""

    name: str
    pipeline: str
    parameter: str
    """Parameter that gets the package's ARN."""


DRIFT_RULE = DriftRule(
    name="drift",
    pipeline="monitoring",
    step="DriftDetected",
    function="start_retraining",
    retraining="retraining",
    cooldown_hours=24,
)
APPROVAL_RULE = ApprovalRule(
    name="approval", pipeline="deployment", parameter=MODEL_PACKAGE_PARAMETER
)

TRIGGERED = frozenset({DRIFT_RULE.pipeline, DRIFT_RULE.retraining, APPROVAL_RULE.pipeline})
"""Pipelines that a schedule or a rule may concern."""


def schedules(site: Site) -> list[Schedule]:
    """The schedules of a site.

    Raises:
        DeclarationError: An expression cannot be read.
    """
    declared = []
    if site.monitoring_schedule != NEVER:
        parameters = {
            # However late an execution starts: its window ends when it was to end.
            "WindowEnd": SCHEDULED_TIME,
            "CaptureDelayMinutes": str(CAPTURE_DELAY_MINUTES),
        }
        declared.append(
            Schedule(
                pipeline="monitoring", expression=site.monitoring_schedule, parameters=parameters
            )
        )
    if site.retraining_schedule != NEVER:
        declared.append(
            Schedule(
                pipeline="retraining", expression=site.retraining_schedule, repeats_training=True
            )
        )
    return declared


def at_time(parameters: Mapping[str, str], scheduled: datetime) -> dict[str, str]:
    """Parameters with the time for which an execution was scheduled in its place, in UTC."""
    text = f"{scheduled.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {name: value.replace(SCHEDULED_TIME, text) for name, value in parameters.items()}
