"""What the functions' role needs: all functions run under it, called by steps and by rules."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.definition import Json
from pipelines.log_groups import function_group
from pipelines.permissions.arns import Arns
from pipelines.permissions.patterns import ANYTHING
from pipelines.permissions.policy import Statement
from pipelines.permissions.project import Project
from pipelines.permissions.statements import (
    OBJECT_KEY_ACTIONS,
    key_statements,
    list_packages_statement,
    list_statements,
    log_statement,
    metrics_statement,
    object_statement,
    volume_key_statements,
)
from pipelines.permissions.values import Values, members, places
from pipelines.trigger_requests import TriggerRequests

Calls = Mapping[str, tuple[str, ...]]
"""Members of the event that name what an action is for, by action."""

_NEWEST_APPROVED: Calls = {
    "sagemaker:ListModelPackages": (),
    "sagemaker:DescribeModelPackage": ("ModelPackageGroupName",),
}

_UPDATE_ENDPOINT = "sagemaker:UpdateEndpoint"

CALLS: Mapping[str, Calls] = {
    "activate_baseline": {
        "s3:GetObject": ("ActiveUri",),
        "s3:PutObject": ("ActiveUri",),
        "sagemaker:DescribeEndpoint": ("EndpointName",),
    },
    "configure_autoscaling": {
        "application-autoscaling:DeregisterScalableTarget": ("EndpointName",),
        "application-autoscaling:DescribeScalableTargets": (),
        "application-autoscaling:PutScalingPolicy": ("EndpointName",),
        "application-autoscaling:RegisterScalableTarget": ("EndpointName",),
    },
    "find_approved_model": _NEWEST_APPROVED,
    "find_model_package": {
        **_NEWEST_APPROVED,
        "sagemaker:DescribeEndpoint": ("EndpointName",),
    },
    "judge_window": {},
    "publish_metrics": {
        "cloudwatch:PutMetricData": ("Metrics.Namespace",),
        "s3:GetObject": ("Metrics.Uri",),
    },
    "restore_previous": {
        "sagemaker:DeleteEndpoint": ("EndpointName",),
        "sagemaker:DescribeEndpoint": ("EndpointName",),
        _UPDATE_ENDPOINT: ("EndpointName", "EndpointConfigName"),
    },
    "select_window": {
        "s3:GetObject": ("ActiveUri", "CaptureUri", "DriftHistoryUri", "QualityHistoryUri"),
        "s3:ListBucket": ("CaptureUri", "GroundTruthUri", "DriftHistoryUri", "QualityHistoryUri"),
        "s3:PutObject": ("ManifestsUri",),
        "sagemaker:DescribeEndpoint": ("EndpointName",),
        "sagemaker:ListPipelineExecutions": ("PipelineName",),
    },
    "smoke_test": {
        "s3:GetObject": ("SamplesUri",),
        "sagemaker:InvokeEndpoint": ("EndpointName",),
    },
    "start_retraining": {
        **_NEWEST_APPROVED,
        "sagemaker:ListPipelineExecutionSteps": ("DriftExecutionArn",),
        "sagemaker:ListPipelineExecutions": ("PipelineName",),
        "sagemaker:StartPipelineExecution": ("PipelineName",),
    },
}
"""What each function calls, by the name of its folder. Tests hold it against the sources."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """Resources of SageMaker that a member of events names."""

    sid: str
    """Of the statement about them; of several, each with its actions, the first one's."""
    kind: str = ""
    """Resource type; empty: the member is an ARN."""
    form: str = "{}"
    """Their name."""
    reason: str = ""


_KINDS = {
    "DriftExecutionArn": _Kind(sid="Executions", reason="Executions have made up ids."),
    "EndpointConfigName": _Kind(
        sid="EndpointConfigs",
        kind="endpoint-config",
        reason="The configurations of an endpoint are named after executions.",
    ),
    "EndpointName": _Kind(sid="Endpoints", kind="endpoint"),
    "ModelPackageGroupName": _Kind(
        sid="ModelPackages",
        kind="model-package",
        form="{}/*",
        reason="Versions of a model package are numbered when they are registered.",
    ),
    "PipelineName": _Kind(sid="Pipelines", kind="pipeline"),
}
"""By the member."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Event:
    """A function, and what it is called with."""

    function: str
    caller: str
    """The step or rule."""
    body: Mapping[str, Json]
    values: Values

    def texts(self, member: str) -> list[str]:
        """What a member of the event may be."""
        path = tuple(member.split("."))
        found = [item.value for item in members(self.body) if item.path == path]
        return [text for value in found for text in self.values.texts(value)]


def function_statements(project: Project, triggers: TriggerRequests) -> Iterator[Statement]:
    """The statements of the functions' role.

    Args:
        project: The pipelines whose steps call functions.
        triggers: The rules that call functions.

    Raises:
        DeclarationError: A place is not known beforehand.
    """
    arns = Arns(project.site)
    events = [*_step_events(project), *_rule_events(triggers)]
    yield from _objects(events, arns)
    yield from _sagemaker(events, arns)
    namespaces = _texts(events, "cloudwatch:PutMetricData")
    if namespaces:
        yield metrics_statement(namespaces)
    endpoints = _texts(events, "application-autoscaling:RegisterScalableTarget")
    if endpoints:
        yield from _scaling(endpoints, arns)
    keys = sorted({text for event in events for text in event.texts("KmsKeyId")})
    if keys:
        yield from key_statements(arns, "EncryptObjects", OBJECT_KEY_ACTIONS, keys)
    volume_key = project.site.volume_kms_key
    if volume_key and any(_UPDATE_ENDPOINT in CALLS[event.function] for event in events):
        # An endpoint's new instances have disks, as those have that the execution role asks for.
        # Source: Amazon SageMaker AI API Reference, CreateEndpointConfig, member KmsKeyId,
        # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html
        yield from volume_key_statements(arns, [volume_key])
    names = sorted({project.site.function_name(event.function) for event in events})
    if names:
        # Source: AWS Lambda Developer Guide, "Defining Lambda function permissions with an
        # execution role", https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
        yield log_statement(arns, [function_group(name) for name in names])


def _step_events(project: Project) -> Iterator[_Event]:
    for step, values in project.steps("Lambda"):
        name = step.body["FunctionArn"].partition(":function:")[2].partition(":")[0]
        yield _Event(
            function=name.removeprefix(project.site.function_name("")),
            caller=step.name,
            body=step.body["Arguments"],
            values=values,
        )


def _rule_events(triggers: TriggerRequests) -> Iterator[_Event]:
    for requests in triggers.rules:
        transformer = requests.target.get("InputTransformer")
        if transformer is None:
            continue
        [pipeline_arn] = json.loads(requests.rule["EventPattern"])["detail"]["pipelineArn"]
        known = {"execution": f"{pipeline_arn}/execution/*"}
        template = transformer["InputTemplate"]
        for name in transformer["InputPathsMap"]:
            template = template.replace(f"<{name}>", known.get(name, ANYTHING))
        yield _Event(
            function=requests.target["Id"],
            caller=requests.rule["Name"],
            body=json.loads(template),
            values=Values({"Steps": []}, parameters={}),
        )


def _texts(events: Sequence[_Event], action: str) -> list[str]:
    """What the members of events may be that name what an action is for."""
    return sorted(
        {
            text
            for event in events
            for member in CALLS[event.function].get(action, ())
            for text in event.texts(member)
        }
    )


def _objects(events: Sequence[_Event], arns: Arns) -> Iterator[Statement]:
    read, listed, written = (
        {
            place
            for event in events
            for member in CALLS[event.function].get(action, ())
            for text in event.texts(member)
            for place in places(text, event.caller)
        }
        for action in ("s3:GetObject", "s3:ListBucket", "s3:PutObject")
    )
    if read:
        yield object_statement(arns, "ReadObjects", ["s3:GetObject"], read)
    yield from list_statements(arns, read | listed)
    if written:
        yield object_statement(arns, "WriteObjects", ["s3:PutObject"], written)


def _sagemaker(events: Sequence[_Event], arns: Arns) -> Iterator[Statement]:
    for member, kind in _KINDS.items():
        for number, (actions, texts) in enumerate(_allowed(events, member).items(), start=1):
            names = [kind.form.format(text) for text in texts]
            yield Statement(
                sid=kind.sid if number == 1 else f"{kind.sid}{number}",
                actions=tuple(actions),
                resources=tuple(
                    arn
                    for name in names
                    for arn in (arns.sagemaker(kind.kind, name) if kind.kind else [name])
                ),
                reason=kind.reason,
            )
    if any("sagemaker:ListModelPackages" in CALLS[event.function] for event in events):
        yield list_packages_statement(arns)


def _allowed(events: Sequence[_Event], member: str) -> Mapping[frozenset[str], Sequence[str]]:
    """What a member of events may be, by the actions of SageMaker for which it is named.

    Each resource gets its own actions: a pipeline whose executions are only listed cannot be
    started.
    """
    actions: dict[str, set[str]] = {}
    for event in events:
        for action, event_members in CALLS[event.function].items():
            if action.startswith("sagemaker:") and member in event_members:
                for text in event.texts(member):
                    actions.setdefault(text, set()).add(action)
    allowed: dict[frozenset[str], list[str]] = {}
    for text, found in actions.items():
        allowed.setdefault(frozenset(found), []).append(text)
    return allowed


def _scaling(endpoints: Sequence[str], arns: Arns) -> Iterator[Statement]:
    """Leave to let endpoints grow and shrink, with what Application Auto Scaling does for it.

    Source: Amazon SageMaker AI Developer Guide, "Auto scaling prerequisites",
    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html
    """
    yield Statement(
        sid="ScaleEndpoints",
        actions=(
            "application-autoscaling:DeregisterScalableTarget",
            "application-autoscaling:PutScalingPolicy",
            "application-autoscaling:RegisterScalableTarget",
        ),
        resources=(arns.of("application-autoscaling", "scalable-target/*"),),
        condition={
            "StringEquals": {
                "application-autoscaling:scalable-dimension": [
                    "sagemaker:variant:DesiredInstanceCount"
                ],
                "application-autoscaling:service-namespace": ["sagemaker"],
            }
        },
        reason="The service makes up the ids of scalable targets.",
    )
    yield Statement(
        sid="FindScalableTargets",
        actions=("application-autoscaling:DescribeScalableTargets",),
        resources=(ANYTHING,),
        reason="The service takes no resource for it.",
    )
    arns_of_endpoints = [arn for name in endpoints for arn in arns.sagemaker("endpoint", name)]
    yield Statement(
        sid="ScaledEndpoints",
        actions=("sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"),
        resources=tuple(arns_of_endpoints),
    )
    yield Statement(
        sid="ScaledConfigs",
        actions=("sagemaker:DescribeEndpointConfig",),
        resources=tuple(
            arn for name in endpoints for arn in arns.sagemaker("endpoint-config", f"{name}-*")
        ),
        reason="The configurations of an endpoint are named after executions.",
    )
    yield Statement(
        sid="ScalingAlarms",
        actions=(
            "cloudwatch:DeleteAlarms",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:PutMetricAlarm",
        ),
        resources=tuple(
            arns.of("cloudwatch", f"alarm:TargetTracking-endpoint/{name}/variant/*")
            for name in endpoints
        ),
        reason="The service makes up the ends of the alarms' names.",
    )
    service = "sagemaker.application-autoscaling"
    yield Statement(
        sid="ScalingRole",
        actions=("iam:CreateServiceLinkedRole",),
        resources=(
            arns.service_role(service, "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"),
        ),
        condition={"StringEquals": {"iam:AWSServiceName": [f"{service}.amazonaws.com"]}},
    )
