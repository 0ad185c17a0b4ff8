"""Tests of pipelines.trigger_requests, against the services' models and documented events."""

import json
from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from moto.events.models import EventPattern

from pipelines.trigger_requests import RuleRequests, TriggerRequests, trigger_requests
from steps.errors import DeclarationError
from steps.site import Site

SITE = Site(project="dogs", dead_letter_queue_arn="arn:aws:sqs:us-east-1:111122223333:unstarted")
APPROVED = {"LearningRate": "0.003", "ImageSize": "96"}
PIPELINES = ("monitoring", "retraining", "deployment")
EXECUTION = "arn:aws:sagemaker:us-east-1:111122223333:pipeline/dogs-monitoring/execution/a1b2c3"


@pytest.fixture(scope="module")
def requests() -> TriggerRequests:
    """The requests for a site with everything."""
    return trigger_requests(SITE, pipelines=PIPELINES, approved=APPROVED)


def rule(requests: TriggerRequests, name: str) -> RuleRequests:
    """The requests of one rule."""
    (found,) = (rule for rule in requests.rules if rule.rule["Name"] == name)
    return found


def problems(service: str, operation: str, request: Mapping[str, Any]) -> str:
    """What the service's own model finds wrong with a request."""
    model = botocore.session.Session().get_service_model(service)
    shape = model.operation_model(operation).input_shape
    report: str = ParamValidator().validate(dict(request), shape).generate_report()
    return report


def test_requests_have_the_services_shapes(requests: TriggerRequests) -> None:
    """Every request is one that the service's model allows."""
    for request in requests.schedules:
        assert problems("scheduler", "CreateSchedule", request) == ""
        assert problems("scheduler", "UpdateSchedule", request) == ""
        start = json.loads(request["Target"]["Input"])
        assert problems("sagemaker", "StartPipelineExecution", start) == ""
    for item in requests.rules:
        assert problems("events", "PutRule", item.rule) == ""
        put = {"Rule": item.rule["Name"], "Targets": [item.target]}
        assert problems("events", "PutTargets", put) == ""


def test_a_schedule_is_this_request(requests: TriggerRequests) -> None:
    """The request that creates the schedule of monitoring, word for word."""
    assert requests.schedules[0] == {
        "Name": "dogs.monitoring",
        "GroupName": "dogs",
        "Description": "Starts the pipeline dogs-monitoring.",
        "ScheduleExpression": "cron(0 * * * ? *)",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED",
        "Target": {
            "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution",
            "RoleArn": "arn:aws:iam::111122223333:role/dogs-triggers",
            "Input": (
                '{"ClientRequestToken": "schedule/dogs.monitoring/<aws.scheduler.scheduled-time>", '
                '"PipelineName": "dogs-monitoring", "PipelineParameters": '
                '[{"Name": "CaptureDelayMinutes", "Value": "15"}, '
                '{"Name": "WindowEnd", "Value": "<aws.scheduler.scheduled-time>"}]}'
            ),
            "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10},
            "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:111122223333:unstarted"},
        },
    }


def test_the_token_of_a_schedule_is_as_long_as_the_service_wants() -> None:
    """With the time in its place, the token of the shortest project has at least 32 characters."""
    requests = trigger_requests(Site(project="a"), pipelines=PIPELINES, approved={})
    for request in requests.schedules:
        start = json.loads(request["Target"]["Input"])
        token = start["ClientRequestToken"]
        start["ClientRequestToken"] = token.replace(
            "<aws.scheduler.scheduled-time>", "2022-03-22T18:59:43Z"
        )
        assert problems("sagemaker", "StartPipelineExecution", start) == ""


def test_retraining_is_scheduled_as_the_approved_model_was_trained(
    requests: TriggerRequests,
) -> None:
    """The weekly training gets the parameters of the approved package, and every Sunday."""
    request = requests.schedules[1]
    assert request["ScheduleExpression"] == "cron(0 3 ? * SUN *)"
    assert json.loads(request["Target"]["Input"])["PipelineParameters"] == [
        {"Name": "ImageSize", "Value": "96"},
        {"Name": "LearningRate", "Value": "0.003"},
    ]


def step_event(**detail: str) -> dict[str, Any]:
    """The documented event of a step, with other details."""
    return {
        "version": "0",
        "id": "ea37ccbb-5e2b-05e9-4073-1daazc940304",
        "detail-type": "SageMaker Model Building Pipeline Execution Step Status Change",
        "source": "aws.sagemaker",
        "account": "111122223333",
        "time": "2021-03-15T16:10:10Z",
        "region": "us-east-1",
        "resources": [EXECUTION.partition("/execution")[0], EXECUTION],
        "detail": {
            "metadata": {},
            "stepStartTime": "2021-03-15T16:03:14Z",
            "stepEndTime": "2021-03-15T16:10:09Z",
            "stepName": "DriftDetected",
            "stepType": "Fail",
            "previousStepStatus": "Executing",
            "currentStepStatus": "Failed",
            "failureReason": 'A reason with "quotes".',
            "pipelineArn": EXECUTION.partition("/execution")[0],
            "pipelineExecutionArn": EXECUTION,
            **detail,
        },
    }


def matches(requests: RuleRequests, event: Mapping[str, Any]) -> bool:
    """Whether a rule's pattern matches an event, as moto understands the service."""
    text = requests.rule["EventPattern"]
    return bool(EventPattern(text, json.loads(text)).matches_event(event))


@pytest.mark.parametrize(
    ("detail", "is_matched"),
    [
        ({}, True),
        ({"currentStepStatus": "Executing"}, False),
        ({"stepName": "CheckDrift"}, False),
        (
            {"pipelineArn": "arn:aws:sagemaker:us-east-1:111122223333:pipeline/cats-monitoring"},
            False,
        ),
    ],
)
def test_the_drift_rule_matches_its_step_alone(
    requests: TriggerRequests, detail: dict[str, str], is_matched: bool
) -> None:
    """Only the failure of the step that says drift is passed on, and only of this project."""
    assert matches(rule(requests, "dogs.drift"), step_event(**detail)) is is_matched


def test_the_function_gets_its_event_in_its_own_words(requests: TriggerRequests) -> None:
    """With the event's values in their places, the template is the event of the function."""
    target = rule(requests, "dogs.drift").target
    [function] = requests.functions
    assert target["Arn"] == function.arn
    transformer = target["InputTransformer"]
    text = transformer["InputTemplate"]
    event = step_event()
    for name, path in transformer["InputPathsMap"].items():
        value: Any = event
        for key in path.removeprefix("$.").split("."):
            value = value[key]
        text = text.replace(f"<{name}>", value)
    assert json.loads(text) == {
        "DriftExecutionArn": EXECUTION,
        "StepName": "DriftDetected",
        "Time": "2021-03-15T16:10:10Z",
        "PipelineName": "dogs-retraining",
        "ModelPackageGroupName": "dogs",
        "CooldownHours": 24,
    }


def package_event(**detail: Any) -> dict[str, Any]:
    """The documented event of a model package, with other details."""
    return {
        "version": "0",
        "id": "844e2571-85d4-695f-b930-0153b71dcb42",
        "detail-type": "SageMaker Model Package State Change",
        "source": "aws.sagemaker",
        "account": "111122223333",
        "time": "2021-02-24T17:00:14Z",
        "region": "us-east-1",
        "resources": ["arn:aws:sagemaker:us-east-1:111122223333:model-package/dogs/2"],
        "detail": {
            "ModelPackageGroupName": "dogs",
            "ModelPackageVersion": 2,
            "ModelPackageArn": "arn:aws:sagemaker:us-east-1:111122223333:model-package/dogs/2",
            "CreationTime": "2021-02-24T17:00:14Z",
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": "Approved",
            **detail,
        },
    }


@pytest.mark.parametrize(
    ("detail", "is_matched"),
    [
        ({"UpdatedModelPackageFields": ["ModelApprovalStatus", "ApprovalDescription"]}, True),
        ({}, True),
        ({"UpdatedModelPackageFields": ["CustomerMetadataProperties"]}, False),
        ({"ModelApprovalStatus": "Rejected"}, False),
        ({"ModelPackageGroupName": "cats"}, False),
    ],
)
def test_the_approval_rule_matches_approvals_alone(
    requests: TriggerRequests, detail: dict[str, Any], is_matched: bool
) -> None:
    """An approval of the group's packages deploys, and no other change of an approved one does."""
    assert matches(rule(requests, "dogs.approval"), package_event(**detail)) is is_matched


def test_the_function_runs_once_at_a_time_and_for_these_rules(requests: TriggerRequests) -> None:
    """What the rule calls is told with what it needs beside its code."""
    [function] = requests.functions
    assert function.name == "dogs-start_retraining"
    assert function.reserved_concurrency == 1
    assert function.rules_arn == "arn:aws:events:us-east-1:111122223333:rule/dogs.*"


def test_a_deployment_gets_the_package_of_the_event(requests: TriggerRequests) -> None:
    """The pipeline's parameter is a path to the ARN in the event."""
    target = rule(requests, "dogs.approval").target
    assert target["Arn"] == "arn:aws:sagemaker:us-east-1:111122223333:pipeline/dogs-deployment"
    assert target["SageMakerPipelineParameters"] == {
        "PipelineParameterList": [{"Name": "ModelPackageArn", "Value": "$.detail.ModelPackageArn"}]
    }


def test_nothing_is_left_of_a_pipeline_that_is_not_deployed() -> None:
    """A schedule needs its pipeline, and a rule all that it connects."""
    requests = trigger_requests(SITE, pipelines=["retraining"], approved={})
    assert [request["Name"] for request in requests.schedules] == ["dogs.retraining"]
    assert requests.rules == ()
    assert requests.functions == ()


def test_an_expression_that_cannot_be_read_is_refused_at_once() -> None:
    """No request is written for a schedule that the service would refuse."""
    with pytest.raises(DeclarationError) as caught:
        trigger_requests(Site(monitoring_schedule="hourly"), pipelines=PIPELINES, approved={})
    assert str(caught.value) == (
        "The schedule 'hourly' cannot be read: expected rate(...) or cron(...), for example "
        "rate(1 hour) or cron(0 3 ? * SUN *)."
    )


def test_a_name_that_is_too_long_is_refused() -> None:
    """The message says which setting makes the name."""
    with pytest.raises(DeclarationError) as caught:
        trigger_requests(Site(project="a" + "-b" * 31), pipelines=PIPELINES, approved={})
    assert str(caught.value) == (
        f"The name 'a{'-b' * 31}.monitoring' has 74 characters, expected at most 64; "
        "shorten SITE_PROJECT."
    )
