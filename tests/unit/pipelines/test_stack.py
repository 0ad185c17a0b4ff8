"""The template: what it makes is what the site names, and what the doctor looks for."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from pipelines.account.health import Finding, Verdict
from pipelines.account.prerequisites import (
    look_at_bucket,
    look_at_encryption,
    look_at_public_access,
    look_at_queue,
    look_at_role,
    look_at_schedule_group,
)
from pipelines.permissions import evaluation
from pipelines.permissions.evaluation import Request, decide
from pipelines.permissions.policy import MAX_POLICY_CHARACTERS, trust_policy
from pipelines.permissions.roles import Permissions, Role, role_permissions
from pipelines.permissions.triggers import dead_letter_statement
from pipelines.stack import named_elsewhere, stack_template
from pipelines.trigger_requests import trigger_requests
from steps.site import Site
from tests.unit.pipelines.account.looking import WatchedClients, clients, other_clients
from tests.unit.pipelines.permissions.conftest import SECURE, Definitions, definitions, secure

__all__ = ["clients", "definitions", "other_clients", "secure"]

MAX_TEMPLATE_BYTES = 51_200
"""Of a template that is deployed without a bucket to put it into.

Source: AWS CloudFormation User Guide, "Understand CloudFormation quotas",
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""
MAX_POLICIES = 10
"""Managed policies of a role.

Source: AWS IAM User Guide, "IAM and AWS STS quotas",
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""
QUEUE = "arn:aws:sqs:us-east-1:111122223333:not-started"
FULL = Site(
    project="cats",
    bucket="cats-pictures",
    role_arn="arn:aws:iam::111122223333:role/service-role/jobs/cats-execution",
    dead_letter_queue_arn=QUEUE,
    tags={"team": "vision", "empty": ""},
)
"""A site of another name than the account of the tests has foundations for."""


@pytest.fixture(scope="session")
def full(definitions: Definitions) -> Mapping[Role, Permissions]:
    """What the roles of the full site need."""
    text = json.dumps(definitions)
    text = text.replace("sagemaker-us-east-1-111122223333", FULL.bucket)
    own = json.loads(text.replace("image-classification", FULL.project))
    return role_permissions(FULL, own, names=list(own), parameters={})


def _resources(
    site: Site, permissions: Mapping[Role, Permissions], **options: bool
) -> dict[str, Any]:
    resources = stack_template(site, list(permissions.values()), **options)["Resources"]
    assert isinstance(resources, dict)
    return resources


def _of_type(resources: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Properties of the resources of one type, by their logical ids."""
    return {
        logical_id: resource["Properties"]
        for logical_id, resource in resources.items()
        if resource["Type"] == f"AWS::{name}"
    }


def _policies(resources: Mapping[str, Any], role: Role) -> list[Any]:
    """Policies of a role, in their order."""
    found = _of_type(resources, "IAM::ManagedPolicy")
    logical_id = {"Ref": f"{role.capitalize()}Role"}
    return [item["PolicyDocument"] for item in found.values() if item["Roles"] == [logical_id]]


SITES = pytest.mark.parametrize(
    ("site", "name"),
    [pytest.param(FULL, "full", id="full"), pytest.param(SECURE, "secure", id="secure")],
)


@SITES
@pytest.mark.parametrize("role", [Role.EXECUTION, Role.FUNCTIONS, Role.TRIGGERS])
def test_roles_are_those_of_the_permissions(
    site: Site, name: str, role: Role, request: pytest.FixtureRequest
) -> None:
    """Statement by statement what `pipelines permissions` prints, and who may take the role."""
    permissions = request.getfixturevalue(name)
    resources = _resources(site, permissions)
    assert _policies(resources, role) == permissions[role].policies
    properties = resources[f"{role.capitalize()}Role"]["Properties"]
    assert properties["AssumeRolePolicyDocument"] == trust_policy(
        permissions[role].services, site.account
    )
    arn = f"arn:aws:iam::111122223333:role{properties['Path']}{properties['RoleName']}"
    assert arn == permissions[role].role_arn


@SITES
def test_sizes_are_within_the_quotas(site: Site, name: str, request: pytest.FixtureRequest) -> None:
    """Each policy, the policies of a role, and the template as it is printed."""
    template = stack_template(site, list(request.getfixturevalue(name).values()))
    for properties in _of_type(template["Resources"], "IAM::ManagedPolicy").values():
        policy = json.dumps(properties["PolicyDocument"], separators=(",", ":"))
        assert len(policy) <= MAX_POLICY_CHARACTERS
    for role in (Role.EXECUTION, Role.FUNCTIONS, Role.TRIGGERS):
        assert 1 <= len(_policies(template["Resources"], role)) <= MAX_POLICIES
    assert len(json.dumps(template, indent=2).encode()) < MAX_TEMPLATE_BYTES


def test_nobody_is_made_a_principal_without_a_name(full: Mapping[Role, Permissions]) -> None:
    """Whom a policy allows something is a service; everybody is only denied."""
    statements = [
        statement
        for resource in _resources(FULL, full).values()
        for name in ("AssumeRolePolicyDocument", "PolicyDocument")
        for statement in resource["Properties"].get(name, {"Statement": []})["Statement"]
        if "Principal" in statement
    ]
    allowed = [item["Principal"] for item in statements if item["Effect"] == "Allow"]
    assert [list(principal) for principal in allowed] == [["Service"]] * 4
    assert "*" not in json.dumps(allowed)
    assert [item["Sid"] for item in statements if item["Effect"] == "Deny"] == ["OnlyWithTls"]


def test_a_role_of_several_purposes_is_made_once(full: Mapping[Role, Permissions]) -> None:
    """It has the policies of all, and all the services may take it."""
    shared = {
        role: replace(item, role_arn=FULL.role_arn) if item.services else item
        for role, item in full.items()
    }
    resources = _resources(FULL, shared)
    [role] = _of_type(resources, "IAM::Role").values()
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"] == [
        "sagemaker.amazonaws.com",
        "lambda.amazonaws.com",
        "events.amazonaws.com",
        "scheduler.amazonaws.com",
    ]
    assert _policies(resources, Role.EXECUTION) == [
        policy for item in full.values() if item.services for policy in item.policies
    ]


def test_what_is_elsewhere_is_left_out(full: Mapping[Role, Permissions]) -> None:
    """A role of another account, and a queue of another region, are not the stack's to make."""
    role_arn = "arn:aws:iam::999999999999:role/jobs"
    queue_arn = "arn:aws:sqs:eu-west-1:111122223333:not-started"
    site = replace(FULL, role_arn=role_arn, dead_letter_queue_arn=queue_arn)
    named = {**full, Role.EXECUTION: replace(full[Role.EXECUTION], role_arn=role_arn)}
    resources = _resources(site, named)
    assert list(_of_type(resources, "IAM::Role")) == ["FunctionsRole", "TriggersRole"]
    assert _policies(resources, Role.EXECUTION) == []
    assert _of_type(resources, "SQS::Queue") == {}
    assert _of_type(resources, "SQS::QueuePolicy") == {}
    assert named_elsewhere(site) == [role_arn, queue_arn]
    assert named_elsewhere(FULL) == []


def test_the_bucket_is_private_and_stays(full: Mapping[Role, Permissions]) -> None:
    """It encrypts, all in it is the account's, and it outlasts the stack with its policy.

    Only where the deployment that makes it fails, it goes too: the next one could not make it.
    """
    resources = _resources(FULL, full)
    bucket = resources["Bucket"]
    assert bucket["Properties"] == {
        "BucketName": "cats-pictures",
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            ]
        },
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "Id": "AbortUnfinishedUploads",
                    "Status": "Enabled",
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                },
                {
                    "Id": "ExpireCheckpoints",
                    "Status": "Enabled",
                    "Prefix": "cats/checkpoints/",
                    "ExpirationInDays": 30,
                },
            ]
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "Tags": [{"Key": "empty", "Value": ""}, {"Key": "team", "Value": "vision"}],
    }
    assert resources["BucketPolicy"]["Properties"] == {
        "Bucket": {"Ref": "Bucket"},
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "OnlyWithTls",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": ["arn:aws:s3:::cats-pictures", "arn:aws:s3:::cats-pictures/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        },
    }
    for resource in (bucket, resources["BucketPolicy"]):
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resource["UpdateReplacePolicy"] == "Retain"


def test_the_bucket_encrypts_with_the_site_s_key(secure: Mapping[Role, Permissions]) -> None:
    """A site with a key has it as the bucket's default, asked for once in a while."""
    encryption = _resources(SECURE, secure)["Bucket"]["Properties"]["BucketEncryption"]
    assert encryption["ServerSideEncryptionConfiguration"] == [
        {
            "BucketKeyEnabled": True,
            "ServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms",
                "KMSMasterKeyID": "alias/outputs",
            },
        }
    ]


def test_a_bucket_that_exists_is_left_out(full: Mapping[Role, Permissions]) -> None:
    """Nothing of it is made, its policy neither; all else is as it was."""
    whole = _resources(FULL, full)
    assert set(whole) - set(_resources(FULL, full, has_bucket=False)) == {"Bucket", "BucketPolicy"}


def test_what_expires_are_the_checkpoints(definitions: Definitions) -> None:
    """All checkpoints lie under the prefix of the rule, and nothing else that a step names."""
    site = Site()
    prefix = f"s3://{site.bucket}/{site.project}/checkpoints/"
    rule = _resources(site, {})["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"][1]
    assert f"s3://{site.bucket}/{rule['Prefix']}" == prefix
    text = json.dumps(definitions)
    checkpoints = [item["S3Uri"] for item in _members(definitions, "CheckpointConfig")]
    assert checkpoints
    assert all(uri.startswith(prefix) for uri in checkpoints)
    assert text.count(prefix) == len(checkpoints)


def _members(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from (item for key, item in value.items() if key == name)
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _members(item, name)


def test_the_queue_keeps_for_two_weeks_what_could_not_start(
    full: Mapping[Role, Permissions],
) -> None:
    """It is encrypted, and the site's rules may send to it."""
    resources = _resources(FULL, full)
    assert resources["DeadLetterQueue"]["Properties"] == {
        "QueueName": "not-started",
        "MessageRetentionPeriod": 1_209_600,
        "SqsManagedSseEnabled": True,
        "Tags": [{"Key": "empty", "Value": ""}, {"Key": "team", "Value": "vision"}],
    }
    assert resources["DeadLetterQueuePolicy"]["Properties"] == {
        "Queues": [{"Ref": "DeadLetterQueue"}],
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [dead_letter_statement(FULL)],
        },
    }


def test_the_group_takes_no_tag_without_a_value(full: Mapping[Role, Permissions]) -> None:
    """EventBridge Scheduler would refuse the stack for it."""
    assert _resources(FULL, full)["ScheduleGroup"]["Properties"] == {
        "Name": "cats",
        "Tags": [{"Key": "team", "Value": "vision"}],
    }


def test_only_what_the_site_names_is_made() -> None:
    """Without queue and tags, and with the group that every account has, there is the bucket."""
    site = Site(schedule_group="default")
    resources = _resources(site, {})
    assert list(resources) == ["Bucket", "BucketPolicy"]
    assert "Tags" not in resources["Bucket"]["Properties"]


def test_the_template_belongs_to_one_account_and_region(full: Mapping[Role, Permissions]) -> None:
    """Names and trust are of one account: CloudFormation refuses to make them in another."""
    template = stack_template(FULL, list(full.values()))
    assert template["AWSTemplateFormatVersion"] == "2010-09-09"
    assert template["Description"] == "What the pipelines of cats need of their account."
    assert template["Rules"] == {
        "Place": {
            "Assertions": [
                {
                    "Assert": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "111122223333"]},
                    "AssertDescription": "The site is of account 111122223333; deploy it there.",
                },
                {
                    "Assert": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]},
                    "AssertDescription": "The site is of region us-east-1; deploy it there.",
                },
            ]
        }
    }


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_the_doctor_is_content_with_a_deployed_stack(
    full: Mapping[Role, Permissions], clients: WatchedClients
) -> None:
    """Every look at what stacks make finds nothing to do, and the roles may do what they need."""
    _deploy(_resources(FULL, full), clients)
    iam, s3, sqs, scheduler = (clients.client(name) for name in ("iam", "s3", "sqs", "scheduler"))
    triggers = trigger_requests(FULL, pipelines=["deployment", "monitoring"], approved={})
    rules = [requests.rule["Name"] for requests in triggers.rules]
    roles = [full[role] for role in (Role.EXECUTION, Role.FUNCTIONS, Role.TRIGGERS)]
    findings: list[Finding] = [
        *(finding for needed in roles for finding in look_at_role(needed, iam)),
        *look_at_bucket(FULL, s3),
        *look_at_encryption(FULL, s3),
        *look_at_public_access(FULL, s3),
        *look_at_schedule_group(FULL, scheduler),
        *look_at_queue(FULL, rules, sqs),
    ]
    assert [item.text for item in findings if item.verdict is not Verdict.OK] == []
    assert len(findings) == 8
    for needed in roles:
        policies = _attached(needed.role_arn.rpartition("/")[2], iam)
        for request in _requests(needed):
            assert decide(policies, request).verdict is evaluation.Verdict.ALLOWED, request


def _requests(needed: Permissions) -> Iterator[Request]:
    for statement in needed.statements:
        context = {
            key: values for keys in statement.condition.values() for key, values in keys.items()
        }
        for action in statement.actions:
            for resource in statement.resources:
                yield Request(action=action, resource=resource, context=context)


def _attached(role: str, iam: Any) -> list[Any]:
    policies = []
    for item in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        found = iam.get_policy_version(PolicyArn=item["PolicyArn"], VersionId="v1")
        policies.append(found["PolicyVersion"]["Document"])
    return policies


def _deploy(resources: Mapping[str, Any], clients: WatchedClients) -> None:
    """Make what a template says, with the calls that CloudFormation makes.

    Moto's own CloudFormation lacks most of it: schedule groups, and policies of buckets and queues.
    """
    iam, s3, sqs, scheduler = (clients.client(name) for name in ("iam", "s3", "sqs", "scheduler"))
    for role in _of_type(resources, "IAM::Role").values():
        document = json.dumps(role["AssumeRolePolicyDocument"])
        iam.create_role(**{**role, "AssumeRolePolicyDocument": document})
    for name, policy in _of_type(resources, "IAM::ManagedPolicy").items():
        document = json.dumps(policy["PolicyDocument"])
        arn = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
        for role in policy["Roles"]:
            iam.attach_role_policy(
                RoleName=resources[role["Ref"]]["Properties"]["RoleName"], PolicyArn=arn
            )
    bucket = resources["Bucket"]["Properties"]
    _make_bucket(bucket, s3)
    document = resources["BucketPolicy"]["Properties"]["PolicyDocument"]
    s3.put_bucket_policy(Bucket=bucket["BucketName"], Policy=json.dumps(document))
    scheduler.create_schedule_group(**resources["ScheduleGroup"]["Properties"])
    queue = resources["DeadLetterQueue"]["Properties"]
    url = sqs.create_queue(
        QueueName=queue["QueueName"],
        Attributes={
            name: json.dumps(queue[name])
            for name in ("MessageRetentionPeriod", "SqsManagedSseEnabled")
        },
        tags={item["Key"]: item["Value"] for item in queue["Tags"]},
    )["QueueUrl"]
    document = resources["DeadLetterQueuePolicy"]["Properties"]["PolicyDocument"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(document)})


def _make_bucket(bucket: Mapping[str, Any], s3: Any) -> None:
    name = {"Bucket": bucket["BucketName"]}
    s3.create_bucket(**name)
    [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    rule = {"ApplyServerSideEncryptionByDefault": encryption["ServerSideEncryptionByDefault"]}
    s3.put_bucket_encryption(**name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    for setting, put in {
        "PublicAccessBlockConfiguration": s3.put_public_access_block,
        "OwnershipControls": s3.put_bucket_ownership_controls,
    }.items():
        put(**name, **{setting: bucket[setting]})
    rules = [
        {
            "ID": rule["Id"],
            "Status": rule["Status"],
            "Filter": {"Prefix": rule.get("Prefix", "")},
            **(
                {"Expiration": {"Days": rule["ExpirationInDays"]}}
                if "ExpirationInDays" in rule
                else {"AbortIncompleteMultipartUpload": rule["AbortIncompleteMultipartUpload"]}
            ),
        }
        for rule in bucket["LifecycleConfiguration"]["Rules"]
    ]
    s3.put_bucket_lifecycle_configuration(**name, LifecycleConfiguration={"Rules": rules})
    s3.put_bucket_tagging(**name, Tagging={"TagSet": bucket["Tags"]})
