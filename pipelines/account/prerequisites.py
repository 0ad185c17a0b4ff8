"""Looks at what a site names and stacks make: roles, bucket, schedule group, keys, network."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.account.errors import code
from pipelines.account.health import Finding, Verdict
from pipelines.definition import Json
from pipelines.permissions.arns import Arns
from pipelines.permissions.evaluation import (
    Decision,
    Request,
    decide,
    statements_about,
)
from pipelines.permissions.evaluation import Verdict as Access
from pipelines.permissions.roles import Permissions, Role
from pipelines.permissions.triggers import RULES_SERVICE, SEND, dead_letter_statement
from steps.site import Site

ROLE_SETTINGS = {
    Role.EXECUTION: "SITE_ROLE_ARN",
    Role.FUNCTIONS: "SITE_FUNCTION_ROLE_ARN",
    Role.TRIGGERS: "SITE_TRIGGER_ROLE_ARN",
}

_STACK = "create it with the template that 'pipelines stack' prints"

CONCURRENCY = "Concurrency of functions"
_MIN_UNRESERVED = 100
_REGIONS = {None: "us-east-1", "EU": "eu-west-1"}
"""What S3 calls otherwise where a bucket is."""
_NO_KMS_KEY = "alias/aws/s3"
"""Key that S3 has of its own, and that every role of the account may use."""


def look_at_role(needed: Permissions, iam: Any) -> Iterator[Finding]:
    """Whether a role is there, and lets the services in that take it.

    Args:
        needed: What the role needs.
        iam: An IAM client.
    """
    from botocore.exceptions import ClientError

    subject = f"Role {needed.role}"
    setting = ROLE_SETTINGS[needed.role]
    name = needed.role_arn.rpartition("/")[2]
    if needed.role_arn.split(":")[4] != needed.account:
        yield Finding(
            Verdict.UNKNOWN, subject, f"'{name}' is another account's, which cannot be looked into."
        )
        return
    try:
        role = iam.get_role(RoleName=name)["Role"]
    except ClientError as error:
        if code(error) != "NoSuchEntity":
            raise
        yield Finding(
            Verdict.PROBLEM,
            subject,
            f"'{name}' does not exist; {_STACK}, or name another in {setting}.",
        )
        return
    if role["Arn"] != needed.role_arn:
        yield Finding(
            Verdict.PROBLEM,
            subject,
            f"'{name}' has the path '{role['Path']}', which {setting} does not name; correct it.",
        )
        return
    yield _trust(subject, name, needed, role["AssumeRolePolicyDocument"])


def _trust(subject: str, name: str, needed: Permissions, policy: Mapping[str, Json]) -> Finding:
    decisions = {
        service: _lets_in(policy, service, needed.account)
        for service in (f"{item}.amazonaws.com" for item in needed.services)
    }
    worst = _worst(decisions)
    if worst is None:
        return Finding(Verdict.OK, subject, f"'{name}' lets {' and '.join(decisions)} in.")
    service, decision = worst
    if decision.verdict is Access.OPEN:
        text = f"'{name}' may not let {service} in ({decision.reason})."
        return Finding(Verdict.UNKNOWN, subject, text)
    return Finding(
        Verdict.PROBLEM,
        subject,
        f"'{name}' does not let {service} in ({decision.reason}); give it the trust policy of "
        "'pipelines permissions'.",
    )


def _worst(decisions: Mapping[str, Decision]) -> tuple[str, Decision] | None:
    """The first decision that denies, or else the first that is open; None: all allow."""
    for access in (Access.DENIED, Access.OPEN):
        for name, decision in decisions.items():
            if decision.verdict is access:
                return name, decision
    return None


def _lets_in(policy: Mapping[str, Json], service: str, account: str) -> Decision:
    """What a trust policy says of a service that acts for the account."""
    statements = [{**statement, "Resource": "*"} for statement in statements_about(policy, service)]
    request = Request(
        action="sts:AssumeRole", resource="*", context={"aws:SourceAccount": [account]}
    )
    return decide([{"Statement": statements}], request)


def look_at_bucket(site: Site, s3: Any) -> Iterator[Finding]:
    """Whether the bucket is there, the account's, and in the site's region.

    HeadBucket would tell the same, but needs leave to list the whole bucket.

    Source: Amazon S3 API Reference, GetBucketLocation, "Response Elements",
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
    """
    from botocore.exceptions import ClientError

    subject = "Bucket"
    try:
        location = s3.get_bucket_location(**_place(site)).get("LocationConstraint")
    except ClientError as error:
        reasons = {
            "AccessDenied": (
                Verdict.UNKNOWN,
                "is another account's, or may not be looked at with these credentials; name "
                "another in SITE_BUCKET, or allow s3:GetBucketLocation.",
            ),
            "NoSuchBucket": (
                Verdict.PROBLEM,
                f"does not exist; {_STACK}, or name another in SITE_BUCKET.",
            ),
        }
        if code(error) not in reasons:
            raise
        verdict, words = reasons[code(error)]
        yield Finding(verdict, subject, f"'{site.bucket}' {words}")
        return
    region = _REGIONS.get(location, location)
    if region != site.region:
        yield Finding(
            Verdict.PROBLEM,
            subject,
            f"'{site.bucket}' is in {region}, and jobs of {site.region} need one of their own "
            "region; name another in SITE_BUCKET.",
        )
    else:
        yield Finding(Verdict.OK, subject, f"'{site.bucket}' is the account's, in {region}.")


def look_at_encryption(site: Site, s3: Any) -> Iterator[Finding]:
    """Whether the bucket encrypts what is written to it, and with a key that the roles may use."""
    from botocore.exceptions import ClientError

    subject = "Bucket's encryption"
    try:
        answer = s3.get_bucket_encryption(**_place(site))
    except ClientError as error:
        if code(error) == "ServerSideEncryptionConfigurationNotFoundError":
            yield Finding(
                Verdict.PROBLEM,
                subject,
                f"'{site.bucket}' encrypts nothing by default; set its default encryption.",
            )
        elif code(error) != "NoSuchBucket":
            raise
        return
    [rule] = answer["ServerSideEncryptionConfiguration"]["Rules"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    key = default.get("KMSMasterKeyID", _NO_KMS_KEY)
    arns = Arns(site)
    if not key.endswith(_NO_KMS_KEY) and arns.key(key) != arns.key(site.output_kms_key):
        # Whether an alias is of a key that is named by its id is not told here.
        advice = (
            ": SITE_OUTPUT_KMS_KEY names another, or this one otherwise; name it there as the "
            "bucket does"
            if site.output_kms_key
            else "; name it in SITE_OUTPUT_KMS_KEY"
        )
        yield Finding(
            Verdict.UNKNOWN,
            subject,
            f"'{site.bucket}' encrypts with a key of its own, which the roles may not be allowed "
            f"to use{advice}, and compare 'pipelines permissions'.",
        )
        return
    yield Finding(Verdict.OK, subject, f"'{site.bucket}' encrypts with {default['SSEAlgorithm']}.")


def look_at_public_access(site: Site, s3: Any) -> Iterator[Finding]:
    """Whether nobody can make the bucket public."""
    from botocore.exceptions import ClientError

    subject = "Bucket's public access"
    blocks: Mapping[str, bool] = {}
    try:
        answer = s3.get_public_access_block(**_place(site))
        blocks = answer["PublicAccessBlockConfiguration"]
    except ClientError as error:
        if code(error) == "NoSuchBucket":
            return
        if code(error) != "NoSuchPublicAccessBlockConfiguration":
            raise
    names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    open_ = [name for name in names if not blocks.get(name)]
    if open_:
        yield Finding(
            Verdict.PROBLEM,
            subject,
            f"'{site.bucket}' can be made public; set {', '.join(open_)} of its public access "
            "block.",
        )
    else:
        yield Finding(Verdict.OK, subject, f"'{site.bucket}' cannot be made public.")


def _place(site: Site) -> dict[str, str]:
    return {"Bucket": site.bucket, "ExpectedBucketOwner": site.account}


def look_at_schedule_group(site: Site, scheduler: Any) -> Iterator[Finding]:
    """Whether the group that holds the schedules is there."""
    from botocore.exceptions import ClientError

    subject = "Schedule group"
    try:
        is_active = scheduler.get_schedule_group(Name=site.schedule_group)["State"] == "ACTIVE"
    except ClientError as error:
        if code(error) != "ResourceNotFoundException":
            raise
        is_active = False
    if is_active:
        yield Finding(Verdict.OK, subject, f"'{site.schedule_group}' exists.")
    else:
        yield Finding(
            Verdict.PROBLEM,
            subject,
            f"'{site.schedule_group}' does not exist; {_STACK}, or name another in "
            "SITE_SCHEDULE_GROUP.",
        )


def look_at_concurrency(lambda_: Any) -> Iterator[Finding]:
    """Whether the function that answers drift may be kept to one execution at a time.

    Source: AWS Lambda API Reference, PutFunctionConcurrency,
    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
    """
    limits = lambda_.get_account_settings()["AccountLimit"]
    unreserved = limits["UnreservedConcurrentExecutions"]
    # The function may have its reservation already, where there are any.
    needed = _MIN_UNRESERVED + (unreserved == limits["ConcurrentExecutions"])
    text = f"{unreserved} executions are not reserved for single functions"
    if unreserved >= needed:
        yield Finding(Verdict.OK, CONCURRENCY, f"{text}.")
    else:
        yield Finding(
            Verdict.PROBLEM,
            CONCURRENCY,
            f"{text}, and Lambda reserves none where not {_MIN_UNRESERVED} are left for the "
            "others; ask for more concurrent executions of Lambda in Service Quotas, or reserve "
            "fewer.",
        )


def look_at_key(setting: str, key: str, kms: Any) -> Iterator[Finding]:
    """Whether a KMS key is there and enabled.

    Args:
        setting: Environment variable of the setting that names the key.
        key: Its id, ARN or alias.
        kms: A KMS client.
    """
    from botocore.exceptions import ClientError

    subject = f"Key of {setting}"
    try:
        state = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    except ClientError as error:
        if code(error) != "NotFoundException":
            raise
        state = "absent in this region"
    if state == "Enabled":
        yield Finding(Verdict.OK, subject, "It is enabled.")
    else:
        yield Finding(
            Verdict.PROBLEM,
            subject,
            f"It is {state}, so that jobs cannot use it; enable it, or name another in {setting}.",
        )


def look_at_network(site: Site, ec2: Any) -> Iterator[Finding]:
    """Whether the subnets and security groups are there, in one VPC."""
    from botocore.exceptions import ClientError

    subject = "Network"
    try:
        subnets = ec2.describe_subnets(SubnetIds=list(site.subnets))["Subnets"]
        groups = ec2.describe_security_groups(GroupIds=list(site.security_group_ids))
    except ClientError as error:
        if not code(error).startswith(("InvalidGroup", "InvalidSubnet")):
            raise
        yield Finding(
            Verdict.PROBLEM,
            subject,
            f"{error.response['Error']['Message'].rstrip('.')}; correct SITE_SUBNETS or "
            "SITE_SECURITY_GROUP_IDS.",
        )
        return
    vpcs = {item["VpcId"] for item in (*subnets, *groups["SecurityGroups"])}
    if len(vpcs) > 1:
        yield Finding(
            Verdict.PROBLEM,
            subject,
            f"Subnets and security groups are of several VPCs, {', '.join(sorted(vpcs))}; name "
            "those of one in SITE_SUBNETS and SITE_SECURITY_GROUP_IDS.",
        )
    else:
        yield Finding(Verdict.OK, subject, f"Subnets and security groups are of {vpcs.pop()}.")


def look_at_queue(site: Site, rules: Sequence[str], sqs: Any) -> Iterator[Finding]:
    """Whether the queue is there that takes what could not start, and lets rules send to it.

    Schedules send under the triggers' role, EventBridge for rules in its own name.

    Args:
        site: A site that names a queue.
        rules: Names of the rules that send what they cannot deliver.
        sqs: An SQS client.
    """
    from botocore.exceptions import ClientError

    subject = "Dead-letter queue"
    *_, account, name = site.dead_letter_queue_arn.split(":")
    try:
        url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    except ClientError as error:
        if not code(error).endswith(("NonExistentQueue", "QueueDoesNotExist")):
            raise
        yield Finding(
            Verdict.PROBLEM,
            subject,
            f"'{name}' does not exist; {_STACK}, or name another in SITE_DEAD_LETTER_QUEUE_ARN.",
        )
        return
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    # A queue without a policy has no such attribute.
    policy = json.loads(answer.get("Attributes", {}).get("Policy", '{"Statement": []}'))
    decisions = {rule: _takes(policy, rule, site) for rule in rules}
    worst = _worst(decisions)
    if worst is None:
        yield Finding(Verdict.OK, subject, f"'{name}' lets {RULES_SERVICE} send to it.")
        return
    rule, decision = worst
    if decision.verdict is Access.OPEN:
        yield Finding(
            Verdict.UNKNOWN,
            subject,
            f"'{name}' may not let {RULES_SERVICE} send to it for the rule '{rule}' "
            f"({decision.reason}).",
        )
    else:
        yield Finding(
            Verdict.PROBLEM,
            subject,
            f"'{name}' does not let {RULES_SERVICE} send to it ({decision.reason}), so that what "
            f"the rule '{rule}' cannot deliver is lost; give its policy this statement, and none "
            f"that denies it: {json.dumps(dead_letter_statement(site))}",
        )


def _takes(policy: Mapping[str, Json], rule: str, site: Site) -> Decision:
    """What a queue's policy says of EventBridge that sends what a rule cannot deliver."""
    request = Request(
        action=SEND,
        resource=site.dead_letter_queue_arn,
        context={
            "aws:SecureTransport": ["true"],
            "aws:SourceAccount": [site.account],
            "aws:SourceArn": [site.rule_arn(rule)],
        },
    )
    return decide([{"Statement": list(statements_about(policy, RULES_SERVICE))}], request)


def look_at_alarms(names: Sequence[str], cloudwatch: Any) -> Iterator[Finding]:
    """Whether the alarms are there that turn an update of an endpoint back, and can be seen by it.

    Source: Amazon CloudWatch API Reference, DescribeAlarms,
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    """
    subject = "Rollback alarms"
    answer = cloudwatch.describe_alarms(
        AlarmNames=list(names), AlarmTypes=["CompositeAlarm", "MetricAlarm"]
    )
    composite = [alarm["AlarmName"] for alarm in answer.get("CompositeAlarms", [])]
    of_metrics = [alarm["AlarmName"] for alarm in answer.get("MetricAlarms", [])]
    absent = sorted({*names}.difference(composite, of_metrics))
    if absent:
        yield Finding(
            Verdict.PROBLEM,
            subject,
            f"{', '.join(absent)} do not exist, so that no endpoint can be created; create them, "
            "or correct SITE_ROLLBACK_ALARMS.",
        )
    elif composite:
        yield Finding(
            Verdict.UNKNOWN,
            subject,
            f"{', '.join(composite)}: composite, and CloudWatch shows such alarms only to whoever "
            "may look at all alarms, while the execution role may look at those that are named; "
            "name alarms of metrics in SITE_ROLLBACK_ALARMS, or allow that role "
            "cloudwatch:DescribeAlarms on *.",
        )
    else:
        yield Finding(Verdict.OK, subject, f"{', '.join(names)}: all exist.")
