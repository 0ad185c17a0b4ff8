"""Whoever publishes: the calls of the sources, and those that were recorded, are allowed."""

from collections.abc import Mapping

import pytest

from pipelines.account.clients import Clients
from pipelines.account.delete import delete
from pipelines.definition import load
from pipelines.permissions.evaluation import Request, Verdict, decide
from pipelines.permissions.roles import Permissions, Role, role_permissions
from steps.site import Site
from tests.aws import SITE, Account
from tests.unit.pipelines.account.conftest import Version
from tests.unit.pipelines.permissions.asked import PRINCIPAL_KEY, SERVICE_KEY, asked
from tests.unit.pipelines.permissions.client_calls import ROOT, actions_in
from tests.unit.pipelines.permissions.conftest import Definitions

SAGEMAKER = "arn:aws:sagemaker:us-east-1:111122223333"
ROLES = "arn:aws:iam::111122223333:role/image-classification"
EXECUTION = f"{SAGEMAKER}:pipeline/image-classification-training/execution/x"
PACKAGE = f"{SAGEMAKER}:model-package/image-classification/7"
LAMBDA = "arn:aws:lambda:us-east-1:111122223333:function"
DRIFT = f"{LAMBDA}:image-classification-start_retraining:code-0123456789ab"
LOG_STREAM = (
    "arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker/TrainingJobs:log-stream:x"
)
OTHER_GROUP = (
    "arn:aws:scheduler:us-east-1:111122223333:schedule/default/image-classification.monitoring"
)
ADMIN = "arn:aws:iam::111122223333:role/Admin"
PREFIX = "arn:aws:s3:::sagemaker-us-east-1-111122223333/image-classification"
PUBLISHING = [
    *ROOT.glob("pipelines/account/*.py"),
    ROOT / "pipelines/reconcile.py",
    ROOT / "infrastructure/functions/model_packages.py",
]
"""Sources that call services for whoever publishes."""


def test_every_call_of_the_sources_is_in_the_policy(secure: Mapping[Role, Permissions]) -> None:
    """A call that is added anywhere in publishing is also added to the permissions."""
    called = actions_in(PUBLISHING)
    allowed = {action for item in secure[Role.PUBLISHER].statements for action in item.actions}
    assert {action: files for action, files in called.items() if action not in allowed} == {}
    assert len(called) > 20


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_recorded_calls_are_allowed(account: Account, definitions: Definitions) -> None:
    """All that the life of a pipeline asks of an account is in the policy, resource by resource."""
    clients: Clients = account.clients
    for name in ("monitoring", "retraining"):
        Version(number=1, name=name).upsert(clients)
    Version(number=2).upsert(clients)
    Version(number=2).upsert(clients)
    for name in ("monitoring", "retraining"):
        delete(name, SITE, clients, owner="anna@laptop", say=lambda _: None)
    calls = list(account.calls)
    compiled = {
        name: load(Version(number=1, name=name).compiled.definition)
        for name in ("monitoring", "retraining")
    }
    needed = role_permissions(SITE, compiled, names=list(compiled), parameters={})
    policies = needed[Role.PUBLISHER].policies
    operations = {str(call) for call in calls}
    assert {"sagemaker:CreatePipeline", "sagemaker:DeletePipeline"} <= operations
    assert {"events:PutTargets", "lambda:CreateAlias", "scheduler:CreateSchedule"} <= operations
    for call in calls:
        for request in asked(call):
            assert decide(policies, request).verdict is Verdict.ALLOWED, request


@pytest.mark.parametrize(
    ("action", "resource", "context", "expected"),
    [
        ("sagemaker:StopPipelineExecution", EXECUTION, {}, "allowed"),
        ("sagemaker:RetryPipelineExecution", EXECUTION, {}, "allowed"),
        ("sagemaker:UpdateModelPackage", PACKAGE, {}, "allowed"),
        ("logs:GetLogEvents", LOG_STREAM, {}, "allowed"),
        ("iam:PassRole", f"{ROLES}-execution", {SERVICE_KEY: "sagemaker.amazonaws.com"}, "allowed"),
        ("iam:PassRole", f"{ROLES}-execution", {SERVICE_KEY: "lambda.amazonaws.com"}, "denied"),
        ("iam:PassRole", f"{ROLES}-functions", {SERVICE_KEY: "sagemaker.amazonaws.com"}, "denied"),
        ("iam:PassRole", ADMIN, {SERVICE_KEY: "sagemaker.amazonaws.com"}, "denied"),
        ("sagemaker:UpdatePipeline", f"{SAGEMAKER}:pipeline/cats-training", {}, "denied"),
        (
            "sagemaker:StopPipelineExecution",
            f"{SAGEMAKER}:pipeline/cats-training/execution/x",
            {},
            "denied",
        ),
        ("sagemaker:DeleteModelPackage", PACKAGE, {}, "denied"),
        ("sagemaker:UpdateModelPackage", f"{SAGEMAKER}:model-package/cats/7", {}, "denied"),
        ("sagemaker:CreateTrainingJob", f"{SAGEMAKER}:training-job/pipelines-x", {}, "denied"),
        ("sagemaker:DeleteEndpoint", f"{SAGEMAKER}:endpoint/image-classification", {}, "denied"),
        ("lambda:UpdateFunctionCode", f"{LAMBDA}:cats-smoke_test", {}, "denied"),
        ("lambda:InvokeFunction", f"{LAMBDA}:image-classification-smoke_test", {}, "denied"),
        ("lambda:AddPermission", DRIFT, {PRINCIPAL_KEY: "events.amazonaws.com"}, "allowed"),
        ("lambda:AddPermission", DRIFT, {PRINCIPAL_KEY: "*"}, "denied"),
        ("lambda:AddPermission", DRIFT, {PRINCIPAL_KEY: "444455556666"}, "denied"),
        (
            "lambda:AddPermission",
            f"{LAMBDA}:image-classification-smoke_test:code-0123456789ab",
            {PRINCIPAL_KEY: "events.amazonaws.com"},
            "denied",
        ),
        ("events:PutRule", "arn:aws:events:us-east-1:111122223333:rule/cats.drift", {}, "denied"),
        ("scheduler:DeleteSchedule", OTHER_GROUP, {}, "denied"),
        ("s3:DeleteObject", f"{PREFIX}/code/train/x/sourcedir.tar.gz", {}, "denied"),
        ("s3:GetObject", f"{PREFIX}/raw/seven/1.png", {}, "denied"),
        ("s3:PutObject", "arn:aws:s3:::other-bucket/image-classification/code/x", {}, "denied"),
        ("iam:CreateRole", f"{ROLES}-execution", {}, "denied"),
    ],
)
def test_publishing_reaches_what_is_the_project_s(
    roles: Mapping[Role, Permissions],
    action: str,
    resource: str,
    context: dict[str, str],
    expected: str,
) -> None:
    """Pipelines, executions, packages and logs of the project, and nobody else's."""
    known = {key: [value] for key, value in context.items()}
    request = Request(action=action, resource=resource, context=known)
    assert decide(roles[Role.PUBLISHER].policies, request).verdict == expected


def test_one_pipeline_may_be_published_and_the_others_read(definitions: Definitions) -> None:
    """Who may publish one pipeline sees what the others call, so that nothing of it is removed."""
    needed = role_permissions(Site(), definitions, names=["scoring"], parameters={})
    policies = needed[Role.PUBLISHER].policies
    expected = {
        ("UpdatePipeline", "scoring"): Verdict.ALLOWED,
        ("UpdatePipeline", "training"): Verdict.DENIED,
        ("StartPipelineExecution", "training"): Verdict.DENIED,
        ("DescribePipeline", "training"): Verdict.ALLOWED,
    }
    for (action, name), verdict in expected.items():
        resource = f"{SAGEMAKER}:pipeline/image-classification-{name}"
        request = Request(action=f"sagemaker:{action}", resource=resource)
        assert decide(policies, request).verdict is verdict


def test_without_jobs_and_functions_there_are_no_logs_to_read() -> None:
    """A project whose pipelines do nothing leaves nothing to be read."""
    needed = role_permissions(Site(), {"scoring": {"Steps": []}}, names=["scoring"], parameters={})
    sids = {statement.sid for statement in needed[Role.PUBLISHER].statements}
    assert "Pipelines" in sids
    assert not {"LookAtImages", "LookAtJobs", "OtherPipelines", "ReadLogs"} & sids
