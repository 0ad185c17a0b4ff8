"""Looks at roles, bucket, schedule group, keys and network, in an account of moto's."""

import json
from dataclasses import replace
from typing import Any

import pytest

from pipelines.account.health import Finding, Look, Verdict
from pipelines.account.prerequisites import (
    look_at_alarms,
    look_at_bucket,
    look_at_concurrency,
    look_at_encryption,
    look_at_key,
    look_at_network,
    look_at_public_access,
    look_at_queue,
    look_at_role,
    look_at_schedule_group,
)
from pipelines.permissions.policy import trust_policy
from pipelines.permissions.roles import Permissions, Role
from pipelines.permissions.triggers import dead_letter_statement
from tests.aws import SITE
from tests.unit.pipelines.account.looking import WatchedClients, clients, other_clients

__all__ = ["clients", "other_clients"]

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

NAME = "dogs-triggers"
TRIGGERS = Permissions(
    role=Role.TRIGGERS,
    role_arn=SITE.trigger_role_arn,
    services=("events", "scheduler"),
    account=SITE.account,
    statements=(),
)
QUEUE = replace(SITE, dead_letter_queue_arn=f"arn:aws:sqs:us-east-1:{SITE.account}:lost")
RULES = ("dogs.approval", "dogs.drift")
NETWORK = replace(SITE, subnets=("subnet-1",), security_group_ids=("sg-1",))
ALLOW = {"Effect": "Allow", "Action": "sts:AssumeRole"}


def _principal(*services: str) -> dict[str, Any]:
    return {"Service": [f"{service}.amazonaws.com" for service in services]}


def _make_role(clients: WatchedClients, *statements: dict[str, Any], path: str = "/") -> None:
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    clients.client("iam").create_role(
        RoleName=NAME, Path=path, AssumeRolePolicyDocument=json.dumps(policy)
    )


def _role(clients: WatchedClients, needed: Permissions = TRIGGERS) -> Finding:
    [finding] = look_at_role(needed, clients.client("iam"))
    return finding


def test_the_generated_trust_policy_lets_the_services_in(clients: WatchedClients) -> None:
    """A role with the trust policy that the project prints is right."""
    _make_role(clients, *trust_policy(TRIGGERS.services, SITE.account)["Statement"])
    assert _role(clients) == Finding(
        Verdict.OK,
        "Role triggers",
        "'dogs-triggers' lets events.amazonaws.com and scheduler.amazonaws.com in.",
    )


@pytest.mark.parametrize(
    ("statements", "verdict", "reason"),
    [
        pytest.param(
            [{**ALLOW, "Principal": "*"}], Verdict.OK, "lets events.amazonaws.com and", id="anybody"
        ),
        pytest.param(
            [{**ALLOW, "Principal": _principal("events")}],
            Verdict.PROBLEM,
            "does not let scheduler.amazonaws.com in (allowed by no statement); give it the trust "
            "policy of 'pipelines permissions'.",
            id="one of two services",
        ),
        pytest.param(
            [{**ALLOW, "Principal": {"AWS": f"arn:aws:iam::{SITE.account}:root"}}],
            Verdict.PROBLEM,
            "does not let events.amazonaws.com in (allowed by no statement); give it",
            id="an account, no service",
        ),
        pytest.param(
            [
                {
                    **ALLOW,
                    "Principal": _principal("events", "scheduler"),
                    "Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}},
                }
            ],
            Verdict.PROBLEM,
            "does not let events.amazonaws.com in (allowed by no statement); give it",
            id="on behalf of another account",
        ),
        pytest.param(
            [
                {
                    **ALLOW,
                    "Principal": _principal("events", "scheduler"),
                    "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:events:*"}},
                }
            ],
            Verdict.UNKNOWN,
            "may not let events.amazonaws.com in (a statement without Sid allows it under a "
            "condition).",
            id="on behalf of a resource",
        ),
        pytest.param(
            [
                {**ALLOW, "Principal": _principal("events", "scheduler")},
                {**ALLOW, "Effect": "Deny", "NotPrincipal": _principal("events")},
            ],
            Verdict.PROBLEM,
            "does not let scheduler.amazonaws.com in (denied by a statement without Sid); give it",
            id="all but one denied",
        ),
    ],
)
def test_trust_is_read_as_iam_reads_it(
    clients: WatchedClients, statements: list[dict[str, Any]], verdict: Verdict, reason: str
) -> None:
    """Every service must be let in, on behalf of the site's account."""
    _make_role(clients, *statements)
    finding = _role(clients)
    assert finding.verdict is verdict
    assert finding.text.startswith(f"'dogs-triggers' {reason}")


def test_a_role_that_is_not_there_is_a_problem(clients: WatchedClients) -> None:
    """What to do is create it, or name another in the setting that names it."""
    assert _role(clients) == Finding(
        Verdict.PROBLEM,
        "Role triggers",
        "'dogs-triggers' does not exist; create it with the template that 'pipelines stack' "
        "prints, or name another in SITE_TRIGGER_ROLE_ARN.",
    )


def test_a_role_s_path_is_part_of_its_name(clients: WatchedClients) -> None:
    """A role under another path than the setting says would not be found when it is needed."""
    _make_role(clients, *trust_policy(TRIGGERS.services, SITE.account)["Statement"], path="/jobs/")
    assert _role(clients) == Finding(
        Verdict.PROBLEM,
        "Role triggers",
        "'dogs-triggers' has the path '/jobs/', which SITE_TRIGGER_ROLE_ARN does not name; correct "
        "it.",
    )


def test_another_account_s_role_is_not_asked_for(clients: WatchedClients) -> None:
    """IAM shows an account its own roles only."""
    needed = replace(TRIGGERS, role_arn="arn:aws:iam::999999999999:role/theirs")
    assert _role(clients, needed) == Finding(
        Verdict.UNKNOWN,
        "Role triggers",
        "'theirs' is another account's, which cannot be looked into.",
    )


def test_a_bucket_of_the_account_is_right(clients: WatchedClients) -> None:
    """The bucket is named with its region, and every request with the account that must own it."""
    s3 = clients.client("s3")
    [finding] = look_at_bucket(SITE, s3)
    assert finding == Finding(
        Verdict.OK, "Bucket", f"'{SITE.bucket}' is the account's, in us-east-1."
    )
    assert clients.calls[-1].request == {
        "Bucket": SITE.bucket,
        "ExpectedBucketOwner": SITE.account,
    }


def test_a_bucket_that_is_not_there_is_one_problem(clients: WatchedClients) -> None:
    """Its absence is said once, and not of its encryption and access too."""
    s3, site = clients.client("s3"), replace(SITE, bucket="no-such-bucket")
    [finding] = look_at_bucket(site, s3)
    assert finding == Finding(
        Verdict.PROBLEM,
        "Bucket",
        "'no-such-bucket' does not exist; create it with the template that 'pipelines stack' "
        "prints, or name another in SITE_BUCKET.",
    )
    assert [*look_at_encryption(site, s3), *look_at_public_access(site, s3)] == []


def test_somebody_else_s_bucket_cannot_be_told(clients: WatchedClients) -> None:
    """A refused look has two causes, and both are said."""
    stub = clients.stub("s3")
    stub.add_client_error("get_bucket_location", "AccessDenied", http_status_code=403)
    [finding] = look_at_bucket(SITE, clients.client("s3"))
    assert finding == Finding(
        Verdict.UNKNOWN,
        "Bucket",
        f"'{SITE.bucket}' is another account's, or may not be looked at with these "
        "credentials; name another in SITE_BUCKET, or allow s3:GetBucketLocation.",
    )


def test_a_bucket_elsewhere_is_a_problem(clients: WatchedClients) -> None:
    """Jobs read and write in their own region."""
    site = replace(SITE, bucket="far-away")
    clients.client("s3").create_bucket(
        Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    [finding] = look_at_bucket(site, clients.client("s3"))
    assert finding == Finding(
        Verdict.PROBLEM,
        "Bucket",
        "'far-away' is in eu-west-1, and jobs of us-east-1 need one of their own region; name "
        "another in SITE_BUCKET.",
    )


def test_ireland_s_old_name_is_understood(clients: WatchedClients) -> None:
    """A bucket that was made long ago is in `EU`, which is eu-west-1."""
    site = replace(SITE, region="eu-west-1", bucket="old-bucket")
    clients.stub("s3").add_response(
        "get_bucket_location",
        {"LocationConstraint": "EU"},
        {"Bucket": "old-bucket", "ExpectedBucketOwner": SITE.account},
    )
    [finding] = look_at_bucket(site, clients.client("s3"))
    assert finding == Finding(Verdict.OK, "Bucket", "'old-bucket' is the account's, in eu-west-1.")


def _encrypt(clients: WatchedClients, **default: str) -> None:
    clients.client("s3").put_bucket_encryption(
        Bucket=SITE.bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )


def test_encryption_by_the_bucket_is_needed(clients: WatchedClients) -> None:
    """A bucket that encrypts nothing by default is a problem."""
    s3 = clients.client("s3")
    s3.delete_bucket_encryption(Bucket=SITE.bucket)
    [finding] = look_at_encryption(SITE, s3)
    assert finding == Finding(
        Verdict.PROBLEM,
        "Bucket's encryption",
        f"'{SITE.bucket}' encrypts nothing by default; set its default encryption.",
    )
    _encrypt(clients, SSEAlgorithm="AES256")
    [finding] = look_at_encryption(SITE, s3)
    assert finding == Finding(
        Verdict.OK, "Bucket's encryption", f"'{SITE.bucket}' encrypts with AES256."
    )


def test_a_bucket_s_own_key_must_be_named(clients: WatchedClients) -> None:
    """Policies name keys that settings name: with another one, jobs may be refused."""
    key = f"arn:aws:kms:us-east-1:{SITE.account}:key/0a1b"
    _encrypt(clients, SSEAlgorithm="aws:kms", KMSMasterKeyID=key)
    s3 = clients.client("s3")
    [finding] = look_at_encryption(SITE, s3)
    assert finding == Finding(
        Verdict.UNKNOWN,
        "Bucket's encryption",
        f"'{SITE.bucket}' encrypts with a key of its own, which the roles may not be allowed to "
        "use; name it in SITE_OUTPUT_KMS_KEY, and compare 'pipelines permissions'.",
    )
    for name in (key, "0a1b"):
        [finding] = look_at_encryption(replace(SITE, output_kms_key=name), s3)
        assert finding.verdict is Verdict.OK


@pytest.mark.parametrize("name", ["4e5f", "alias/outputs"])
def test_a_bucket_s_own_key_must_be_the_one_that_is_named(
    clients: WatchedClients, name: str
) -> None:
    """What an upsert writes is encrypted with the bucket's; an alias may be that key or another."""
    key = f"arn:aws:kms:us-east-1:{SITE.account}:key/0a1b"
    _encrypt(clients, SSEAlgorithm="aws:kms", KMSMasterKeyID=key)
    site = replace(SITE, output_kms_key=name)
    [finding] = look_at_encryption(site, clients.client("s3"))
    assert finding == Finding(
        Verdict.UNKNOWN,
        "Bucket's encryption",
        f"'{SITE.bucket}' encrypts with a key of its own, which the roles may not be allowed to "
        "use: SITE_OUTPUT_KMS_KEY names another, or this one otherwise; name it there as the "
        "bucket does, and compare 'pipelines permissions'.",
    )


def test_public_access_must_be_blocked(clients: WatchedClients) -> None:
    """All four ways of making a bucket public must be closed; those that are open are named."""
    s3 = clients.client("s3")
    subject = "Bucket's public access"
    [finding] = look_at_public_access(SITE, s3)
    assert finding == Finding(
        Verdict.PROBLEM,
        subject,
        f"'{SITE.bucket}' can be made public; set BlockPublicAcls, BlockPublicPolicy, "
        "IgnorePublicAcls, RestrictPublicBuckets of its public access block.",
    )
    blocks = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls"), True)
    s3.put_public_access_block(Bucket=SITE.bucket, PublicAccessBlockConfiguration=blocks)
    [finding] = look_at_public_access(SITE, s3)
    assert finding.text == (
        f"'{SITE.bucket}' can be made public; set RestrictPublicBuckets of its public access block."
    )
    blocks["RestrictPublicBuckets"] = True
    s3.put_public_access_block(Bucket=SITE.bucket, PublicAccessBlockConfiguration=blocks)
    [finding] = look_at_public_access(SITE, s3)
    assert finding == Finding(Verdict.OK, subject, f"'{SITE.bucket}' cannot be made public.")


def test_the_schedule_group_must_be_there(clients: WatchedClients) -> None:
    """A group that is absent, or on its way out, can hold no schedule."""
    scheduler = clients.client("scheduler")
    [finding] = look_at_schedule_group(SITE, scheduler)
    assert finding == Finding(Verdict.OK, "Schedule group", "'dogs' exists.")
    [finding] = look_at_schedule_group(replace(SITE, schedule_group="cats"), scheduler)
    assert finding == Finding(
        Verdict.PROBLEM,
        "Schedule group",
        "'cats' does not exist; create it with the template that 'pipelines stack' prints, or "
        "name another in SITE_SCHEDULE_GROUP.",
    )


def test_a_group_that_is_being_deleted_is_not_there(clients: WatchedClients) -> None:
    """Its state decides."""
    stub = clients.stub("scheduler")
    stub.add_response("get_schedule_group", {"State": "DELETING"}, {"Name": "dogs"})
    [finding] = look_at_schedule_group(SITE, clients.client("scheduler"))
    assert finding.verdict is Verdict.PROBLEM


TOO_FEW = (
    "{} executions are not reserved for single functions, and Lambda reserves none where not 100 "
    "are left for the others; ask for more concurrent executions of Lambda in Service Quotas, or "
    "reserve fewer."
)
ENOUGH = "{} executions are not reserved for single functions."


@pytest.mark.parametrize(
    ("limit", "unreserved", "verdict", "text"),
    [
        pytest.param(101, 101, Verdict.OK, ENOUGH, id="one more"),
        pytest.param(101, 100, Verdict.OK, ENOUGH, id="perhaps reserved already"),
        pytest.param(100, 100, Verdict.PROBLEM, TOO_FEW, id="none to reserve"),
        pytest.param(1000, 99, Verdict.PROBLEM, TOO_FEW, id="reserved for others"),
    ],
)
def test_one_execution_of_a_function_must_be_reservable(
    clients: WatchedClients, limit: int, unreserved: int, verdict: Verdict, text: str
) -> None:
    """A new account may have fewer than Lambda keeps for all functions together."""
    limits = {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": unreserved}
    clients.stub("lambda").add_response("get_account_settings", {"AccountLimit": limits}, {})
    [finding] = look_at_concurrency(clients.client("lambda"))
    assert finding == Finding(verdict, "Concurrency of functions", text.format(unreserved))


def test_keys_must_be_enabled(clients: WatchedClients) -> None:
    """A key that is absent or disabled is a problem of the setting that names it."""
    kms = clients.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    [finding] = look_at_key("SITE_OUTPUT_KMS_KEY", key, kms)
    assert finding == Finding(Verdict.OK, "Key of SITE_OUTPUT_KMS_KEY", "It is enabled.")
    kms.disable_key(KeyId=key)
    [finding] = look_at_key("SITE_OUTPUT_KMS_KEY", key, kms)
    assert finding == Finding(
        Verdict.PROBLEM,
        "Key of SITE_OUTPUT_KMS_KEY",
        "It is Disabled, so that jobs cannot use it; enable it, or name another in "
        "SITE_OUTPUT_KMS_KEY.",
    )
    [finding] = look_at_key("SITE_VOLUME_KMS_KEY", "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f", kms)
    assert finding.text.startswith("It is absent in this region, so that jobs cannot use it; ")


@pytest.mark.parametrize(
    ("vpcs", "verdict", "text"),
    [
        pytest.param(
            ["vpc-1"], Verdict.OK, "Subnets and security groups are of vpc-1.", id="one VPC"
        ),
        pytest.param(
            ["vpc-1", "vpc-2"],
            Verdict.PROBLEM,
            "Subnets and security groups are of several VPCs, vpc-1, vpc-2; name those of one in "
            "SITE_SUBNETS and SITE_SECURITY_GROUP_IDS.",
            id="two VPCs",
        ),
    ],
)
def test_subnets_and_groups_must_be_of_one_vpc(
    clients: WatchedClients, vpcs: list[str], verdict: Verdict, text: str
) -> None:
    """What is in two VPCs cannot be used together."""
    stub = clients.stub("ec2")
    stub.add_response(
        "describe_subnets", {"Subnets": [{"VpcId": "vpc-1"}]}, {"SubnetIds": ["subnet-1"]}
    )
    stub.add_response(
        "describe_security_groups",
        {"SecurityGroups": [{"VpcId": vpc} for vpc in vpcs]},
        {"GroupIds": ["sg-1"]},
    )
    [finding] = look_at_network(NETWORK, clients.client("ec2"))
    assert finding == Finding(verdict, "Network", text)


def test_subnets_must_be_there(clients: WatchedClients) -> None:
    """The service names what is absent.

    Source: Amazon EC2 API Reference, "Error codes for the Amazon EC2 API",
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    """
    clients.stub("ec2").add_client_error(
        "describe_subnets",
        "InvalidSubnetID.NotFound",
        "The subnet ID 'subnet-1' does not exist",
        http_status_code=400,
    )
    [finding] = look_at_network(NETWORK, clients.client("ec2"))
    assert finding == Finding(
        Verdict.PROBLEM,
        "Network",
        "The subnet ID 'subnet-1' does not exist; correct SITE_SUBNETS or SITE_SECURITY_GROUP_IDS.",
    )


def test_the_dead_letter_queue_must_be_there(clients: WatchedClients) -> None:
    """A queue that is absent is a problem."""
    [finding] = look_at_queue(QUEUE, RULES, clients.client("sqs"))
    assert finding == Finding(
        Verdict.PROBLEM,
        "Dead-letter queue",
        "'lost' does not exist; create it with the template that 'pipelines stack' prints, or "
        "name another in SITE_DEAD_LETTER_QUEUE_ARN.",
    )


def _queue(clients: WatchedClients, *statements: dict[str, Any]) -> Finding:
    """The look at a queue whose policy has these statements; without any it has no policy."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    sqs = clients.client("sqs")
    sqs.create_queue(QueueName="lost", Attributes={"Policy": policy} if statements else {})
    [finding] = look_at_queue(QUEUE, RULES, sqs)
    return finding


SEND = dead_letter_statement(QUEUE)
OVER_HTTP = {
    "Sid": "OnlyEncrypted",
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "SQS:*",
    "Resource": QUEUE.dead_letter_queue_arn,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param([SEND], id="what is asked for"),
        pytest.param([SEND, OVER_HTTP], id="with encryption only"),
        pytest.param(
            [
                {
                    **SEND,
                    "Sid": name,
                    "Action": "SQS:SendMessage",
                    "Condition": {"ArnEquals": {"aws:SourceArn": SITE.rule_arn(name)}},
                }
                for name in RULES
            ],
            id="rule by rule",
        ),
        pytest.param(
            [
                {
                    **SEND,
                    "Principal": "*",
                    "Condition": {"StringEquals": {"aws:SourceAccount": SITE.account}},
                }
            ],
            id="the whole account",
        ),
    ],
)
def test_a_queue_lets_every_rule_send(
    clients: WatchedClients, statements: list[dict[str, Any]]
) -> None:
    """However its policy says so, EventBridge may send to it for each of the rules."""
    assert _queue(clients, *statements) == Finding(
        Verdict.OK, "Dead-letter queue", "'lost' lets events.amazonaws.com send to it."
    )


@pytest.mark.parametrize(
    ("statements", "rule", "reason"),
    [
        pytest.param([], RULES[0], "allowed by no statement", id="no policy"),
        pytest.param(
            [{**SEND, "Condition": {"ArnEquals": {"aws:SourceArn": SITE.rule_arn(RULES[0])}}}],
            RULES[1],
            "allowed by no statement",
            id="one of two rules",
        ),
        pytest.param(
            [{**SEND, "Principal": {"AWS": SITE.account}}],
            RULES[0],
            "allowed by no statement",
            id="an account, no service",
        ),
        pytest.param(
            [SEND, {**OVER_HTTP, "Condition": {}}],
            RULES[0],
            "denied by statement 'OnlyEncrypted'",
            id="denied",
        ),
    ],
)
def test_a_queue_that_keeps_rules_out_is_a_problem(
    clients: WatchedClients, statements: list[dict[str, Any]], rule: str, reason: str
) -> None:
    """What to add to its policy is said as it is to be pasted."""
    assert _queue(clients, *statements) == Finding(
        Verdict.PROBLEM,
        "Dead-letter queue",
        f"'lost' does not let events.amazonaws.com send to it ({reason}), so that what the rule "
        f"'{rule}' cannot deliver is lost; give its policy this statement, and none that denies "
        f"it: {json.dumps(SEND)}",
    )


def test_a_queue_s_other_conditions_cannot_be_told(clients: WatchedClients) -> None:
    """What depends on something else than rule, account and encryption is left open."""
    organization = {**SEND, "Condition": {"StringEquals": {"aws:SourceOrgID": "o-1"}}}
    assert _queue(clients, organization) == Finding(
        Verdict.UNKNOWN,
        "Dead-letter queue",
        "'lost' may not let events.amazonaws.com send to it for the rule 'dogs.approval' "
        "(statement 'KeepWhatRulesCannotDeliver' allows it under a condition).",
    )


def test_alarms_must_be_there(clients: WatchedClients) -> None:
    """Alarms that are absent are named."""
    cloudwatch = clients.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1
    )
    [finding] = look_at_alarms(("errors", "slow", "busy"), cloudwatch)
    assert finding == Finding(
        Verdict.PROBLEM,
        "Rollback alarms",
        "busy, slow do not exist, so that no endpoint can be created; create them, or correct "
        "SITE_ROLLBACK_ALARMS.",
    )


def test_composite_alarms_may_not_be_seen(clients: WatchedClients) -> None:
    """An alarm over other alarms is there, but not for a role that may look at named ones."""
    clients.stub("cloudwatch").add_response(
        "describe_alarms",
        {"MetricAlarms": [{"AlarmName": "errors"}], "CompositeAlarms": [{"AlarmName": "slow"}]},
        {"AlarmNames": ["errors", "slow"], "AlarmTypes": ["CompositeAlarm", "MetricAlarm"]},
    )
    [finding] = look_at_alarms(("errors", "slow"), clients.client("cloudwatch"))
    assert finding == Finding(
        Verdict.UNKNOWN,
        "Rollback alarms",
        "slow: composite, and CloudWatch shows such alarms only to whoever may look at all alarms, "
        "while the execution role may look at those that are named; name alarms of metrics in "
        "SITE_ROLLBACK_ALARMS, or allow that role cloudwatch:DescribeAlarms on *.",
    )


def test_alarms_of_metrics_are_as_they_should_be(clients: WatchedClients) -> None:
    """Alarms that the execution role may look at by name are enough."""
    cloudwatch = clients.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1
    )
    [finding] = look_at_alarms(("errors",), cloudwatch)
    assert finding == Finding(Verdict.OK, "Rollback alarms", "errors: all exist.")


_ROLE = ("iam", "get_role", lambda iam: look_at_role(TRIGGERS, iam))
_LOOKS = {
    "role": _ROLE,
    "encryption": ("s3", "get_bucket_encryption", lambda s3: look_at_encryption(SITE, s3)),
    "public access": ("s3", "get_public_access_block", lambda s3: look_at_public_access(SITE, s3)),
    "schedule group": (
        "scheduler",
        "get_schedule_group",
        lambda scheduler: look_at_schedule_group(SITE, scheduler),
    ),
    "key": ("kms", "describe_key", lambda kms: look_at_key("SITE_VOLUME_KMS_KEY", "a", kms)),
    "network": (
        "ec2",
        "describe_subnets",
        lambda ec2: look_at_network(NETWORK, ec2),
    ),
    "queue": (
        "sqs",
        "get_queue_url",
        lambda sqs: look_at_queue(QUEUE, RULES, sqs),
    ),
    "alarms": ("cloudwatch", "describe_alarms", lambda client: look_at_alarms(("a",), client)),
}


@pytest.mark.parametrize("name", _LOOKS)
def test_a_denied_look_could_not_be_told(clients: WatchedClients, name: str) -> None:
    """What the credentials may not see is no problem, and stops nothing."""
    service, operation, find = _LOOKS[name]
    clients.stub(service).add_client_error(operation, "AccessDenied", http_status_code=403)
    [finding] = Look(name, service, find).findings(clients.client)
    assert (finding.verdict, finding.subject) == (Verdict.UNKNOWN, name)
    assert finding.text.startswith("The credentials in use do not allow ")
