"""The functions' role: the table of calls against the sources, and what the policies allow."""

from collections.abc import Mapping

import pytest

from pipelines.permissions.evaluation import Request, Verdict, decide
from pipelines.permissions.functions import CALLS, function_statements
from pipelines.permissions.project import project
from pipelines.permissions.roles import Permissions, Role
from pipelines.trigger_requests import trigger_requests
from steps.site import Site
from tests.unit.pipelines.permissions.client_calls import ROOT, reached_actions
from tests.unit.pipelines.permissions.conftest import Definitions

SAGEMAKER = "arn:aws:sagemaker:us-east-1:111122223333"
PREFIX = "arn:aws:s3:::sagemaker-us-east-1-111122223333/image-classification"
NOT_PUBLISHED = {"invoke_endpoint"}
"""A proxy that a stack deploys, where there is an API to put it behind."""


def test_the_table_has_every_function() -> None:
    """A function without a row could not be allowed what it calls."""
    folders = {path.parent.name for path in ROOT.glob("infrastructure/functions/*/handler.py")}
    assert set(CALLS) == folders - NOT_PUBLISHED


@pytest.mark.parametrize("function", CALLS)
def test_the_table_says_what_a_function_calls(function: str) -> None:
    """The actions of a row are those of the client calls that `respond` can reach, no more."""
    module = f"infrastructure.functions.{function}.handler"
    assert set(CALLS[function]) == reached_actions(module, "respond")


def decided(
    permissions: Permissions, action: str, resource: str, context: Mapping[str, str]
) -> Verdict:
    """What the policies say."""
    known = {key: [value] for key, value in context.items()}
    request = Request(action=action, resource=resource, context=known)
    return decide(permissions.policies, request).verdict


SCALING = {
    "application-autoscaling:scalable-dimension": "sagemaker:variant:DesiredInstanceCount",
    "application-autoscaling:service-namespace": "sagemaker",
}
TARGET = "arn:aws:application-autoscaling:us-east-1:111122223333:scalable-target/0ab1"


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("s3:GetObject", f"{PREFIX}/active/image-classification.json", {}),
        ("s3:PutObject", f"{PREFIX}/active/image-classification.json", {}),
        ("s3:GetObject", f"{PREFIX}/capture/image-classification/AllTraffic/a.jsonl", {}),
        (
            "s3:GetObject",
            f"{PREFIX}/executions/image-classification-training/x/evaluate/samples/samples.json",
            {},
        ),
        (
            "s3:PutObject",
            f"{PREFIX}/executions/image-classification-monitoring/x/select_window/Capture.json",
            {},
        ),
        (
            "s3:ListBucket",
            "arn:aws:s3:::sagemaker-us-east-1-111122223333",
            # of an object that is not there
            {"s3:prefix": "image-classification/active/image-classification.json"},
        ),
        (
            "s3:ListBucket",
            "arn:aws:s3:::sagemaker-us-east-1-111122223333",
            {"s3:prefix": "image-classification/ground-truth/image-classification/"},
        ),
        ("sagemaker:UpdateEndpoint", f"{SAGEMAKER}:endpoint/image-classification", {}),
        ("sagemaker:UpdateEndpoint", f"{SAGEMAKER}:endpoint-config/image-classification-x", {}),
        ("sagemaker:InvokeEndpoint", f"{SAGEMAKER}:endpoint/image-classification", {}),
        ("sagemaker:ListModelPackages", f"{SAGEMAKER}:model-package/*", {}),
        ("sagemaker:DescribeModelPackage", f"{SAGEMAKER}:model-package/image-classification/3", {}),
        (
            "sagemaker:StartPipelineExecution",
            f"{SAGEMAKER}:pipeline/image-classification-retraining",
            {},
        ),
        (
            "sagemaker:ListPipelineExecutionSteps",
            f"{SAGEMAKER}:pipeline/image-classification-monitoring/execution/x",
            {},
        ),
        (
            "sagemaker:ListPipelineExecutions",
            f"{SAGEMAKER}:pipeline/image-classification-retraining",
            {},
        ),
        (
            "sagemaker:ListPipelineExecutions",
            f"{SAGEMAKER}:pipeline/image-classification-monitoring",
            {},
        ),
        ("application-autoscaling:RegisterScalableTarget", TARGET, SCALING),
        (
            "cloudwatch:PutMetricData",
            "*",
            {"cloudwatch:namespace": "aws/sagemaker/Endpoints/data-metrics"},
        ),
        (
            "logs:PutLogEvents",
            "arn:aws:logs:us-east-1:111122223333:log-group:"
            "/aws/lambda/image-classification-start_retraining:log-stream:x",
            {},
        ),
    ],
)
def test_what_functions_call_is_allowed(
    roles: Mapping[Role, Permissions], action: str, resource: str, context: dict[str, str]
) -> None:
    """Functions reach the endpoint, the packages, the objects and the pipeline of their events."""
    assert decided(roles[Role.FUNCTIONS], action, resource, context) is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("s3:PutObject", f"{PREFIX}/capture/image-classification/AllTraffic/a.jsonl", {}),
        ("s3:GetObject", f"{PREFIX}/raw/seven/1.png", {}),
        ("s3:GetObject", f"{PREFIX}/active/other.json", {}),
        ("s3:DeleteObject", f"{PREFIX}/active/image-classification.json", {}),
        ("s3:GetObject", "arn:aws:s3:::other/image-classification/active/x.json", {}),
        ("sagemaker:DeleteEndpoint", f"{SAGEMAKER}:endpoint/cats", {}),
        ("sagemaker:DeleteModelPackage", f"{SAGEMAKER}:model-package/image-classification/3", {}),
        ("sagemaker:UpdateModelPackage", f"{SAGEMAKER}:model-package/image-classification/3", {}),
        (
            "sagemaker:StartPipelineExecution",
            f"{SAGEMAKER}:pipeline/image-classification-deployment",
            {},
        ),
        (
            "sagemaker:StartPipelineExecution",
            f"{SAGEMAKER}:pipeline/image-classification-monitoring",
            {},
        ),
        ("sagemaker:StartPipelineExecution", f"{SAGEMAKER}:pipeline/cats-retraining", {}),
        (
            "sagemaker:ListPipelineExecutions",
            f"{SAGEMAKER}:pipeline/image-classification-deployment",
            {},
        ),
        ("sagemaker:ListPipelineExecutions", f"{SAGEMAKER}:pipeline/cats-monitoring", {}),
        (
            "application-autoscaling:RegisterScalableTarget",
            TARGET,
            {**SCALING, "application-autoscaling:service-namespace": "ecs"},
        ),
        ("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "AWS/Billing"}),
        # Lambda writes logs and looks for none.
        (
            "logs:DescribeLogStreams",
            "arn:aws:logs:us-east-1:111122223333:log-group:"
            "/aws/lambda/image-classification-start_retraining",
            {},
        ),
        (
            "iam:PassRole",
            "arn:aws:iam::111122223333:role/image-classification-execution",
            {"iam:PassedToService": "sagemaker.amazonaws.com"},
        ),
        (
            "iam:CreateServiceLinkedRole",
            "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/X",
            {"iam:AWSServiceName": "ecs.amazonaws.com"},
        ),
    ],
)
def test_what_they_do_not_call_is_denied(
    roles: Mapping[Role, Permissions], action: str, resource: str, context: dict[str, str]
) -> None:
    """Other objects, endpoints, pipelines and services are out of reach."""
    assert decided(roles[Role.FUNCTIONS], action, resource, context) is Verdict.DENIED


def made(
    definitions: Definitions, *names: str, site: Site | None = None
) -> dict[str, dict[str, object]]:
    """The statements that the functions of some pipelines need, by their names."""
    site = site or Site()
    whole = project(site, definitions, names=names, parameters={})
    triggers = trigger_requests(site, pipelines=names, approved={})
    return {item.sid: item.to_document() for item in function_statements(whole, triggers)}


def test_functions_of_one_pipeline_need_less(definitions: Definitions) -> None:
    """Of `training` alone, only the newest approved package is looked for."""
    found = made(definitions, "training")
    assert list(found) == ["ModelPackages", "ListModelPackages", "WriteLogs"]


def test_a_pipeline_that_monitors_lists_its_own_executions(definitions: Definitions) -> None:
    """Of its own name, which an execution knows as a variable, and without a wildcard."""
    found = made(definitions, "monitoring")
    assert found["Pipelines"] == {
        "Sid": "Pipelines",
        "Effect": "Allow",
        "Action": ["sagemaker:ListPipelineExecutions"],
        "Resource": [f"{SAGEMAKER}:pipeline/image-classification-monitoring"],
    }


def test_a_key_of_an_event_may_be_used(definitions: Definitions) -> None:
    """A function that is told to encrypt what it writes may."""
    changed = dict(definitions)
    [select, *others] = definitions["monitoring"]["Steps"]
    arguments = {**select["Arguments"], "KmsKeyId": "1234"}
    steps = [{**select, "Arguments": arguments}, *others]
    changed["monitoring"] = {**definitions["monitoring"], "Steps": steps}
    found = made(changed, "monitoring")
    assert found["EncryptObjects"]["Resource"] == ["arn:aws:kms:us-east-1:111122223333:key/1234"]


def test_who_updates_an_endpoint_may_encrypt_its_disks(definitions: Definitions) -> None:
    """As the execution role may: a configuration that is put back gets new instances."""
    site = Site(volume_kms_key="1234")
    assert made(definitions, "deployment", site=site)["EncryptVolumes"] == {
        "Sid": "EncryptVolumes",
        "Effect": "Allow",
        "Action": ["kms:CreateGrant"],
        "Resource": ["arn:aws:kms:us-east-1:111122223333:key/1234"],
        "Condition": {"Bool": {"kms:GrantIsForAWSResource": ["true"]}},
    }
    assert "EncryptVolumes" not in made(definitions, "deployment")
    assert "EncryptVolumes" not in made(definitions, "monitoring", site=site)


def test_without_functions_there_is_nothing_to_allow() -> None:
    """A pipeline that calls no function needs no statement."""
    assert made({"training": {"Steps": []}}, "training") == {}
