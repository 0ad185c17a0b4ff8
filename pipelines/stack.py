"""The CloudFormation template of a site: what it names, and publishing does not make.

It has the three roles with their least policies, the bucket, the schedule group, and the
dead-letter queue where the site names one. Everything else is somebody else's:

    pipelines, functions, schedules, rules    an upsert makes them
    model package groups                      RegisterModel makes them
    keys, network, alarms, images             they are there before, and outlast a project
    role or queue of another account, queue of another region    a stack makes only its own
    the schedule group `default`              every account has it

The names are those of the site, so that it, and not the stack, says what there is; the template
has no parameters, and refuses to be deployed to another account or region.
"""

from collections.abc import Collection, Iterator, Mapping

from pipelines.definition import Json
from pipelines.permissions.arns import Arns
from pipelines.permissions.policy import VERSION, trust_policy
from pipelines.permissions.roles import Permissions
from pipelines.permissions.triggers import dead_letter_statement
from steps.site import Site

_BUCKET = "Bucket"
_QUEUE = "DeadLetterQueue"
"""Logical ids that other resources refer to."""

_EVERYBODYS_GROUP = "default"
_RETAINED = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
"""The data outlasts the stack, and with them what protects them.

A bucket that a failed deployment made is empty, and would be in the way of the next one.

Source: AWS CloudFormation Template Reference, "DeletionPolicy attribute",
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
"""

_UNFINISHED_UPLOAD_DAYS = 7
_CHECKPOINT_DAYS = 30
"""Longer than the 28 days that a training job may take, which resumes from them.

Source: Amazon SageMaker AI API Reference, StoppingCondition,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
"""
_MESSAGE_SECONDS = 14 * 24 * 3600
"""The longest that SQS keeps one.

Source: Amazon SQS API Reference, SetQueueAttributes, MessageRetentionPeriod,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""


def stack_template(
    site: Site, permissions: Collection[Permissions], *, has_bucket: bool = True
) -> dict[str, Json]:
    """The template.

    Args:
        site: Where the stack is deployed to.
        permissions: What the roles need; of those without a role, nothing is made.
        has_bucket: Whether the bucket is the stack's to make; one that exists is not.
    """
    resources = dict(_roles(site, permissions))
    if has_bucket:
        resources |= _bucket(site)
    if site.dead_letter_queue_arn and _is_own(site, site.dead_letter_queue_arn):
        resources |= _queue(site)
    if site.schedule_group != _EVERYBODYS_GROUP:
        resources["ScheduleGroup"] = _schedule_group(site)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"What the pipelines of {site.project} need of their account.",
        "Rules": {"Place": _place(site)},
        "Resources": resources,
    }


def named_elsewhere(site: Site) -> list[str]:
    """ARNs of what the site names in another account or region, which the stack cannot make."""
    named = (
        site.role_arn,
        site.function_role_arn,
        site.trigger_role_arn,
        site.dead_letter_queue_arn,
    )
    return [arn for arn in dict.fromkeys(named) if arn and not _is_own(site, arn)]


def _is_own(site: Site, arn: str) -> bool:
    """Whether a resource is of the site's account, and of its region where it has one."""
    region, account = arn.split(":")[3:5]
    return account == site.account and region in {"", site.region}


def _place(site: Site) -> dict[str, Json]:
    """A rule that nothing is made but where the names belong.

    Source: AWS CloudFormation User Guide, "CloudFormation template Rules syntax",
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
    """
    places = {"AWS::AccountId": ("account", site.account), "AWS::Region": ("region", site.region)}
    return {
        "Assertions": [
            {
                "Assert": {"Fn::Equals": [{"Ref": parameter}, value]},
                "AssertDescription": f"The site is of {kind} {value}; deploy it there.",
            }
            for parameter, (kind, value) in places.items()
        ]
    }


def _roles(
    site: Site, permissions: Collection[Permissions]
) -> Iterator[tuple[str, dict[str, Json]]]:
    """The roles and their policies, by their logical ids.

    Policies are managed ones, because those within a role have at most 10,240 characters together.
    A site may name one role for several purposes: it has the policies of all.

    Source: AWS IAM User Guide, "IAM and AWS STS quotas",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    made: dict[str, list[Permissions]] = {}
    for item in permissions:
        if item.role_arn and _is_own(site, item.role_arn):
            made.setdefault(item.role_arn, []).append(item)
    for role_arn, items in made.items():
        logical_id = f"{items[0].role.capitalize()}Role"
        services = dict.fromkeys(service for item in items for service in item.services)
        path, _, name = role_arn.partition(":role")[2].rpartition("/")
        yield (
            logical_id,
            {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": name,
                    "Path": f"{path}/",
                    "AssumeRolePolicyDocument": trust_policy(list(services), site.account),
                    **_tags(site.tags),
                },
            },
        )
        for item in items:
            for number, policy in enumerate(item.policies, start=1):
                yield (
                    f"{item.role.capitalize()}Policy{number}",
                    {
                        "Type": "AWS::IAM::ManagedPolicy",
                        "Properties": {"PolicyDocument": policy, "Roles": [{"Ref": logical_id}]},
                    },
                )


def _bucket(site: Site) -> dict[str, dict[str, Json]]:
    """The bucket, private, encrypted, and closed to requests without TLS.

    Objects have no versions: code is named after its content and outputs after their execution, so
    that nothing reads an older one, while training would leave one of every checkpoint that it
    overwrites. Checkpoints expire, because nothing else removes them.

    Sources: Amazon S3 User Guide, "Security best practices for Amazon S3",
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html; "Reducing
    the cost of SSE-KMS with Amazon S3 Bucket Keys",
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    """
    key = site.output_kms_key
    encryption: dict[str, Json] = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    if key:
        encryption = {
            "BucketKeyEnabled": True,
            "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
        }
    arn = Arns(site).bucket(site.bucket)
    return {
        _BUCKET: {
            "Type": "AWS::S3::Bucket",
            **_RETAINED,
            "Properties": {
                "BucketName": site.bucket,
                "BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]},
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "Id": "AbortUnfinishedUploads",
                            "Status": "Enabled",
                            "AbortIncompleteMultipartUpload": {
                                "DaysAfterInitiation": _UNFINISHED_UPLOAD_DAYS
                            },
                        },
                        {
                            "Id": "ExpireCheckpoints",
                            "Status": "Enabled",
                            "Prefix": f"{site.project}/checkpoints/",
                            "ExpirationInDays": _CHECKPOINT_DAYS,
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
                **_tags(site.tags),
            },
        },
        f"{_BUCKET}Policy": {
            "Type": "AWS::S3::BucketPolicy",
            **_RETAINED,
            "Properties": {
                "Bucket": {"Ref": _BUCKET},
                "PolicyDocument": {
                    "Version": VERSION,
                    "Statement": [
                        {
                            "Sid": "OnlyWithTls",
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": [arn, f"{arn}/*"],
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                        }
                    ],
                },
            },
        },
    }


def _schedule_group(site: Site) -> dict[str, Json]:
    # Unlike the other services, this one takes no tag without a value.
    tags = {key: value for key, value in site.tags.items() if value}
    return {
        "Type": "AWS::Scheduler::ScheduleGroup",
        "Properties": {"Name": site.schedule_group, **_tags(tags)},
    }


def _queue(site: Site) -> dict[str, dict[str, Json]]:
    """The queue, encrypted with SQS' own key, which EventBridge needs no leave to use."""
    return {
        _QUEUE: {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": site.dead_letter_queue_arn.rpartition(":")[2],
                "MessageRetentionPeriod": _MESSAGE_SECONDS,
                "SqsManagedSseEnabled": True,
                **_tags(site.tags),
            },
        },
        f"{_QUEUE}Policy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": _QUEUE}],
                "PolicyDocument": {"Version": VERSION, "Statement": [dead_letter_statement(site)]},
            },
        },
    }


def _tags(tags: Mapping[str, str]) -> dict[str, Json]:
    if not tags:
        return {}
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}
