"""Writes the requests that tell EventBridge when pipelines start by themselves.

Everything is named `<project>.<name>`: no project's name holds a dot, so that what begins with it
is this code's own, to be changed and deleted. The group of the schedules, the role and the queue
belong to stacks; the functions that rules call are published before the rules.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.triggers import APPROVAL_RULE, DRIFT_RULE, SCHEDULED_TIME, Schedule, schedules
from steps.errors import DeclarationError
from steps.lambda_function import Function, lambda_function
from steps.site import Site

_MAX_NAME_CHARACTERS = 64
"""Of a schedule and of a rule."""
_RETRIES = {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10}
"""What could not be started for an hour is left to the next time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleRequests:
    """What makes a rule."""

    rule: Mapping[str, Any]
    """The request of PutRule."""
    target: Mapping[str, Any]
    """The rule's one target, for PutTargets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggerRequests:
    """What there is to be in an account, and whose it is."""

    group: str
    """EventBridge Scheduler group of the schedules."""
    prefix: str
    """Names that begin with it are this project's."""
    schedules: tuple[Mapping[str, Any], ...]
    """Requests of CreateSchedule, which are those of UpdateSchedule."""
    rules: tuple[RuleRequests, ...]
    functions: tuple[Function, ...]
    """Lambda functions that the rules call."""


def trigger_requests(
    site: Site, *, pipelines: Collection[str], approved: Mapping[str, str]
) -> TriggerRequests:
    """The requests for what starts pipelines, and is started by them.

    Args:
        site: Where the pipelines are.
        pipelines: Names of those that are deployed; nothing is left that concerns another.
        approved: What the newest approved model package was trained with; empty without one. A
            schedule keeps it until it is written again.

    Raises:
        DeclarationError: An expression cannot be read, or a name is too long.
    """
    scheduled = tuple(
        _schedule_request(schedule, site, approved)
        for schedule in schedules(site)
        if schedule.pipeline in pipelines
    )
    rules: list[RuleRequests] = []
    functions: list[Function] = []
    if {DRIFT_RULE.pipeline, DRIFT_RULE.retraining} <= set(pipelines):
        # Executions of the function at the same time would not see what each other starts.
        function = lambda_function(
            DRIFT_RULE.function,
            site,
            reserved_concurrency=1,
            rules_arn=site.rule_arn(f"{_prefix(site)}*"),
        )
        functions.append(function)
        rules.append(_drift_requests(site, function))
    if APPROVAL_RULE.pipeline in pipelines:
        rules.append(_approval_requests(site))
    return TriggerRequests(
        group=site.schedule_group,
        prefix=_prefix(site),
        schedules=scheduled,
        rules=tuple(rules),
        functions=tuple(functions),
    )


def _schedule_request(
    schedule: Schedule, site: Site, approved: Mapping[str, str]
) -> dict[str, Any]:
    """A schedule that calls StartPipelineExecution.

    Its universal target takes a ClientRequestToken, so that a second attempt starts nothing twice;
    the templated target for pipelines takes none.

    Source: Amazon EventBridge Scheduler User Guide, "Using universal targets",
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
    """
    name = _name(site, schedule.pipeline)
    parameters = schedule.execution_parameters(approved)
    start = {
        "PipelineName": site.pipeline_name(schedule.pipeline),
        "ClientRequestToken": f"schedule/{name}/{SCHEDULED_TIME}",
        "PipelineParameters": _parameter_list(parameters),
    }
    return {
        "Name": name,
        "GroupName": site.schedule_group,
        "Description": f"Starts the pipeline {site.pipeline_name(schedule.pipeline)}.",
        "ScheduleExpression": schedule.expression,
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED",
        "Target": {
            "Arn": f"arn:{site.partition}:scheduler:::aws-sdk:sagemaker:startPipelineExecution",
            "RoleArn": site.trigger_role_arn,
            "Input": json.dumps(start, sort_keys=True),
            "RetryPolicy": _RETRIES,
            **_dead_letters(site),
        },
    }


def _drift_requests(site: Site, function: Function) -> RuleRequests:
    """A rule from a step of `monitoring` to the function.

    Sources: Amazon SageMaker AI Developer Guide, "Events that Amazon SageMaker AI sends to Amazon
    EventBridge", "SageMaker pipeline step state change",
    https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html;
    Amazon EventBridge User Guide, "Input transformation",
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    rule = DRIFT_RULE
    template = rule.event(
        execution_arn="<execution>",
        time="<time>",
        pipeline_name=site.pipeline_name(rule.retraining),
        group=site.model_package_group,
    )
    return RuleRequests(
        rule=_rule_request(
            site,
            rule.name,
            f"Calls {rule.function} when the step {rule.step} fails.",
            "SageMaker Model Building Pipeline Execution Step Status Change",
            {
                "pipelineArn": [site.pipeline_arn(rule.pipeline)],
                "stepName": [rule.step],
                "currentStepStatus": ["Failed"],
            },
        ),
        target={
            "Id": rule.function,
            "Arn": function.arn,
            "InputTransformer": {
                "InputPathsMap": {"execution": "$.detail.pipelineExecutionArn", "time": "$.time"},
                "InputTemplate": json.dumps(template, sort_keys=True),
            },
            "RetryPolicy": _RETRIES,
            **_dead_letters(site),
        },
    )


def _approval_requests(site: Site) -> RuleRequests:
    """A rule from an approval to the pipeline that deploys.

    A change of anything else of an approved package deploys nothing; a package that is approved as
    it is registered has no updated fields.

    Sources: Amazon SageMaker AI Developer Guide, as above, "SageMaker model package state change";
    Amazon EventBridge User Guide, "Event bus targets", "Target parameters", for the path,
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
    """
    rule = APPROVAL_RULE
    status = "ModelApprovalStatus"
    return RuleRequests(
        rule=_rule_request(
            site,
            rule.name,
            f"Starts the pipeline {site.pipeline_name(rule.pipeline)} with each approved model.",
            "SageMaker Model Package State Change",
            {
                "ModelPackageGroupName": [site.model_package_group],
                status: ["Approved"],
                "UpdatedModelPackageFields": [status, {"exists": False}],
            },
        ),
        target={
            "Id": rule.pipeline,
            "Arn": site.pipeline_arn(rule.pipeline),
            "RoleArn": site.trigger_role_arn,
            "SageMakerPipelineParameters": {
                "PipelineParameterList": _parameter_list(
                    {rule.parameter: "$.detail.ModelPackageArn"}
                )
            },
            "RetryPolicy": _RETRIES,
            **_dead_letters(site),
        },
    )


def _rule_request(
    site: Site, name: str, description: str, detail_type: str, detail: Mapping[str, Any]
) -> dict[str, Any]:
    pattern = {"source": ["aws.sagemaker"], "detail-type": [detail_type], "detail": detail}
    return {
        "Name": _name(site, name),
        "Description": description,
        "EventPattern": json.dumps(pattern, sort_keys=True),
        "State": "ENABLED",
    }


def _parameter_list(parameters: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in sorted(parameters.items())]


def _dead_letters(site: Site) -> dict[str, Any]:
    queue = site.dead_letter_queue_arn
    return {"DeadLetterConfig": {"Arn": queue}} if queue else {}


def _prefix(site: Site) -> str:
    return f"{site.project}."


def _name(site: Site, name: str) -> str:
    full = f"{_prefix(site)}{name}"
    if len(full) > _MAX_NAME_CHARACTERS:
        raise DeclarationError(
            f"The name '{full}' has {len(full)} characters, expected at most "
            f"{_MAX_NAME_CHARACTERS}; shorten SITE_PROJECT."
        )
    return full
