"""The whole look at an account."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipelines.account.clients import Clients
from pipelines.account.doctor import doctor
from pipelines.account.health import Finding, Verdict
from pipelines.account.quotas import needs
from pipelines.permissions.evaluation import Verdict as Access
from pipelines.permissions.evaluation import decide
from pipelines.permissions.policy import trust_policy
from pipelines.permissions.roles import Role, role_permissions
from pipelines.permissions.triggers import dead_letter_statement
from steps.site import Site
from tests.aws import SITE, Account, Fault
from tests.unit.pipelines.account.looking import (
    WatchedClients,
    clients,
    other_clients,
    push_image,
    snapshots,
)
from tests.unit.pipelines.permissions.asked import asked

__all__ = ["clients", "other_clients", "snapshots"]

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

HINT = (
    "Model Monitor is closed to new customers since 2026-07-30; an account that may not use it "
    "runs the pipeline 'monitoring' on a schedule instead, against the same baselines."
)
Definitions = Mapping[str, Mapping[str, Any]]


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - moto's server says the time of this machine


def _doctor(
    clients: Clients, definitions: Definitions, site: Site = SITE, now: Any = _now
) -> dict[str, Finding]:
    return {item.subject: item for item in doctor(site, lambda: definitions, clients, now=now)}


@pytest.fixture
def no_schedules(clients: WatchedClients) -> None:
    """What moto lacks: the account has no schedule of Model Monitor, and no quotas are shown."""
    clients.stub("service-quotas").add_client_error("list_service_quotas", "AccessDeniedException")
    _stub_schedules(clients, [])
    _stub_concurrency(clients, 10)


def _stub_concurrency(clients: WatchedClients, limit: int) -> None:
    limits = {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": limit}
    clients.stub("lambda").add_response("get_account_settings", {"AccountLimit": limits}, {})


def _stub_schedules(clients: WatchedClients, schedules: list[dict[str, Any]]) -> None:
    clients.stub("sagemaker").add_response(
        "list_monitoring_schedules",
        {"MonitoringScheduleSummaries": schedules},
        {"MaxResults": 1},
    )


def _make(clients: WatchedClients, site: Site, definitions: Definitions) -> None:
    """What stacks make besides what every account of the tests has."""
    iam, s3, ecr = (clients.client(name) for name in ("iam", "s3", "ecr"))
    roles = {site.role_arn: ["sagemaker"], site.trigger_role_arn: ["events", "scheduler"]}
    for arn, services in roles.items():
        policy = json.dumps(trust_policy(services, site.account))
        iam.create_role(RoleName=arn.rpartition("/")[2], AssumeRolePolicyDocument=policy)
    iam.update_assume_role_policy(
        RoleName=site.function_role_arn.rpartition("/")[2],
        PolicyDocument=json.dumps(trust_policy(["lambda"], site.account)),
    )
    encryption = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(
        Bucket=site.bucket, ServerSideEncryptionConfiguration={"Rules": [encryption]}
    )
    names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    s3.put_public_access_block(
        Bucket=site.bucket, PublicAccessBlockConfiguration=dict.fromkeys(names, True)
    )
    for repository, tags in {
        "pytorch-training": ("2.10.0-cpu-py313", "2.10.0-gpu-py313"),
        "pytorch-inference": ("2.6.0-cpu-py312",),
    }.items():
        ecr.create_repository(repositoryName=repository)
        for tag in tags:
            push_image(ecr, repository, tag, layer=tag)
    quotas = [{"QuotaName": need.quota, "Value": 10.0} for need in needs(definitions)]
    clients.stub("service-quotas").add_response("list_service_quotas", {"Quotas": quotas})
    _stub_concurrency(clients, 1000)
    _stub_schedules(
        clients,
        [
            {
                "MonitoringScheduleName": "dogs",
                "MonitoringScheduleArn": f"{SITE.pipeline_arn('a')}-schedule",
                "CreationTime": _now(),
                "LastModifiedTime": _now(),
                "MonitoringScheduleStatus": "Scheduled",
            }
        ],
    )


def _own_images(definitions: Definitions) -> Definitions:
    """The definitions, with AWS's images in repositories of the account."""
    text = json.dumps(definitions).replace("763104351884.dkr", f"{SITE.account}.dkr")
    found: Definitions = json.loads(text)
    return found


@pytest.fixture
def site(clients: WatchedClients, snapshots: Definitions) -> Site:
    """A site that names everything that there is to name, in an account that has it."""
    sqs, kms, cloudwatch = (clients.client(name) for name in ("sqs", "kms", "cloudwatch"))
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    cloudwatch.put_metric_alarm(
        AlarmName="errors", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1
    )
    stub = clients.stub("ec2")
    stub.add_response("describe_subnets", {"Subnets": [{"VpcId": "vpc-1"}]})
    stub.add_response("describe_security_groups", {"SecurityGroups": [{"VpcId": "vpc-1"}]})
    site = replace(
        SITE,
        subnets=("subnet-1",),
        security_group_ids=("sg-1",),
        output_kms_key=key,
        volume_kms_key=key,
        dead_letter_queue_arn=f"arn:aws:sqs:us-east-1:{SITE.account}:lost",
        rollback_alarms=("errors",),
    )
    policy = {"Version": "2012-10-17", "Statement": [dead_letter_statement(site)]}
    sqs.create_queue(QueueName="lost", Attributes={"Policy": json.dumps(policy)})
    _make(clients, site, snapshots)
    clients.calls.clear()
    return site


def test_an_account_that_has_everything_is_well(
    clients: WatchedClients, snapshots: Definitions, site: Site
) -> None:
    """Every thing that a site names is looked at and found, and nothing is written."""
    definitions = _own_images(snapshots)
    found = _doctor(clients, definitions, site)
    assert {item.verdict for item in found.values()} == {Verdict.OK}, found
    assert list(found) == [
        *("Credentials", "Clock", "Bucket", "Bucket's encryption", "Bucket's public access"),
        *("Schedule group", "Concurrency of functions"),
        *("Key of SITE_VOLUME_KMS_KEY", "Key of SITE_OUTPUT_KMS_KEY", "Network"),
        *("Dead-letter queue", "Rollback alarms", "Model Monitor"),
        *("Role execution", "Role functions", "Role triggers"),
        "Image pytorch-inference:2.6.0-cpu-py312",
        *("Image pytorch-training:2.10.0-cpu-py313", "Image pytorch-training:2.10.0-gpu-py313"),
        *(f"Quota '{need.quota}'" for need in needs(definitions)),
    ]
    assert found["Credentials"].text == (
        "They are the site's account's, and 'us-east-1' takes them."
    )
    assert found["Model Monitor"].text == "This account uses it."
    assert {call.operation for call in clients.calls if not call.is_read} == {"BatchGetImage"}


def test_every_look_is_allowed_to_whoever_publishes(
    clients: WatchedClients, snapshots: Definitions, site: Site
) -> None:
    """The policy that is printed for whoever publishes has all calls, resource by resource."""
    definitions = _own_images(snapshots)
    _doctor(clients, definitions, site)
    roles = role_permissions(site, definitions, names=list(definitions), parameters={})
    policies = roles[Role.PUBLISHER].policies
    requests = [request for call in clients.calls for request in asked(call)]
    for request in requests:
        assert decide(policies, request).verdict is Access.ALLOWED, request
    assert {request.action for request in requests} == {
        "cloudwatch:DescribeAlarms",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ecr:BatchGetImage",
        "iam:GetRole",
        "kms:DescribeKey",
        "lambda:GetAccountSettings",
        "s3:GetBucketLocation",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetEncryptionConfiguration",
        "sagemaker:ListMonitoringSchedules",
        "scheduler:GetScheduleGroup",
        "servicequotas:ListServiceQuotas",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
    }


@pytest.mark.usefixtures("no_schedules")
def test_a_new_account_is_told_everything_at_once(
    clients: WatchedClients, snapshots: Definitions
) -> None:
    """What lacks, and what the credentials may not see, stop nothing."""
    found = _doctor(clients, snapshots)
    verdicts = {subject: item.verdict for subject, item in found.items()}
    assert verdicts == {
        "Credentials": Verdict.OK,
        "Clock": Verdict.OK,
        "Role execution": Verdict.PROBLEM,
        "Role functions": Verdict.PROBLEM,
        "Role triggers": Verdict.PROBLEM,
        "Bucket": Verdict.OK,
        "Bucket's encryption": Verdict.PROBLEM,
        "Bucket's public access": Verdict.PROBLEM,
        "Schedule group": Verdict.OK,
        "Concurrency of functions": Verdict.PROBLEM,
        "Image pytorch-inference:2.6.0-cpu-py312": Verdict.PROBLEM,
        "Image pytorch-training:2.10.0-cpu-py313": Verdict.PROBLEM,
        "Image pytorch-training:2.10.0-gpu-py313": Verdict.PROBLEM,
        "Quotas": Verdict.UNKNOWN,
        "Model Monitor": Verdict.UNKNOWN,
    }
    assert found["Quotas"].text == (
        "The credentials in use do not allow servicequotas:ListServiceQuotas on 'sagemaker'; "
        "'pipelines permissions' prints the policies that are needed, and with '--role ROLE "
        "--compare FILE' what a policy lacks."
    )
    assert found["Model Monitor"].text == (
        f"There is no schedule of it, and only making one would tell. {HINT}"
    )


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        pytest.param(
            "ValidationException",
            "This feature is no longer available to new customers.",
            (Verdict.OK, f"It is closed to this account. {HINT}"),
            id="closed",
        ),
        pytest.param(
            "AccessDeniedException",
            "User: arn:aws:iam::111122223333:user/anna is not authorized.",
            (Verdict.UNKNOWN, f"Its schedules may not be listed. {HINT}"),
            id="denied",
        ),
    ],
)
def test_model_monitor_may_be_closed(
    clients: WatchedClients,
    snapshots: Definitions,
    code: str,
    message: str,
    expected: tuple[Verdict, str],
) -> None:
    """A closed Model Monitor is no problem: the pipeline `monitoring` needs none of it."""
    clients.stub("service-quotas").add_client_error("list_service_quotas", "AccessDeniedException")
    clients.stub("sagemaker").add_client_error("list_monitoring_schedules", code, message)
    _stub_concurrency(clients, 1000)
    found = _doctor(clients, snapshots)["Model Monitor"]
    assert (found.verdict, found.text) == expected


def _no_definitions() -> Definitions:
    raise AssertionError("Nobody needs to compile.")


def test_without_credentials_nothing_else_is_asked(clients: WatchedClients) -> None:
    """One problem is said, and of all else that it could not be told; the clock has been heard."""
    clients.stub("sts").add_client_error(
        "get_caller_identity",
        "InvalidClientTokenId",
        http_status_code=403,
        response_meta={"HTTPHeaders": {"date": "Sat, 21 Nov 2026 09:00:00 GMT"}},
    )
    now = datetime(2026, 11, 21, 9, 10, tzinfo=UTC)
    assert list(doctor(SITE, _no_definitions, clients, now=lambda: now)) == [
        Finding(
            Verdict.PROBLEM,
            "Credentials",
            "The AWS credentials are not valid (InvalidClientTokenId); log in again, for example "
            "with 'aws sso login', or name other credentials in AWS_PROFILE. Or enable the region "
            "'us-east-1' for the account, if it is not.",
        ),
        Finding(
            Verdict.PROBLEM,
            "Clock",
            "It is 600 s ahead, and requests are denied from 300 s on; set it.",
        ),
        Finding(Verdict.UNKNOWN, "All else", "Not asked: see the credentials."),
    ]
    assert [call.operation for call in clients.calls] == ["GetCallerIdentity"]


def test_what_the_site_tells_is_looked_at_before_the_definitions(clients: WatchedClients) -> None:
    """Compiling takes seconds, in which what is known already is said."""
    _stub_concurrency(clients, 1000)
    _stub_schedules(clients, [])
    said: list[str] = []
    with pytest.raises(AssertionError, match="Nobody needs to compile"):
        said.extend(item.subject for item in doctor(SITE, _no_definitions, clients, now=_now))
    assert said == [
        *("Credentials", "Clock", "Bucket", "Bucket's encryption", "Bucket's public access"),
        *("Schedule group", "Concurrency of functions", "Model Monitor"),
    ]


def test_a_site_without_schedules_needs_no_group(clients: WatchedClients) -> None:
    """Nothing would be in it."""
    site = replace(SITE, monitoring_schedule="off", retraining_schedule="off")
    _stub_concurrency(clients, 1000)
    _stub_schedules(clients, [])
    said: list[str] = []
    with pytest.raises(AssertionError, match="Nobody needs to compile"):
        said.extend(item.subject for item in doctor(site, _no_definitions, clients, now=_now))
    assert "Concurrency of functions" in said
    assert "Schedule group" not in said


def test_another_account_is_not_looked_into(clients: WatchedClients) -> None:
    """Credentials of another account would find another bucket's truth."""
    site = replace(SITE, account="444455556666")
    credentials, _, rest = doctor(site, _no_definitions, clients, now=_now)
    assert credentials == Finding(
        Verdict.PROBLEM,
        "Credentials",
        "The AWS credentials are of another account than the site's; name other credentials in "
        "AWS_PROFILE, or the account in SITE_ACCOUNT.",
    )
    assert rest == Finding(Verdict.UNKNOWN, "All else", "Not asked: see the credentials.")


def test_what_stops_before_the_first_call_is_said(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials that nobody can find are a problem, and nobody was asked for the time."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    credentials, clock, _ = doctor(SITE, _no_definitions, Clients(SITE), now=_now)
    assert credentials.text.startswith(
        "The AWS credentials cannot be used: The config profile (nobody) could not be found; "
    )
    assert clock == Finding(Verdict.UNKNOWN, "Clock", "Not asked: see the credentials.")
    assert account.calls == []


def test_a_service_that_does_not_answer_has_been_asked(
    account: Account, clients: WatchedClients
) -> None:
    """Whoever is asked, and does not answer, does not say what time it is."""
    account.faults = lambda *_: Fault.RESET
    credentials, clock, _ = doctor(SITE, _no_definitions, clients, now=_now)
    assert credentials.verdict is Verdict.PROBLEM
    assert clock == Finding(Verdict.UNKNOWN, "Clock", "The service did not say what time it is.")


@pytest.mark.usefixtures("no_schedules")
@pytest.mark.parametrize(
    ("skew", "verdict", "text"),
    [
        pytest.param(
            -timedelta(hours=1),
            Verdict.PROBLEM,
            "It is 3600 s behind, and requests are denied from 300 s on; set it.",
            id="behind",
        ),
        pytest.param(
            timedelta(seconds=20), Verdict.OK, "It differs from the service's by 20 s.", id="right"
        ),
    ],
)
def test_the_clock_is_compared(
    clients: WatchedClients,
    snapshots: Definitions,
    skew: timedelta,
    verdict: Verdict,
    text: str,
) -> None:
    """The time that the first answer says is compared with this machine's."""
    there = datetime(2026, 11, 21, 9, tzinfo=UTC)
    answer = {
        "Account": SITE.account,
        "ResponseMetadata": {"HTTPHeaders": {"date": "Sat, 21 Nov 2026 09:00:00 GMT"}},
    }
    clients.stub("sts").add_response("get_caller_identity", answer)
    found = _doctor(clients, snapshots, now=lambda: there + skew)
    assert found["Clock"] == Finding(verdict, "Clock", text)
