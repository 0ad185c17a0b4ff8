"""Statements that several roles need: about objects, roles, logs, metrics, keys and packages."""

from collections.abc import Iterable, Iterator

from pipelines.permissions.arns import Arns
from pipelines.permissions.patterns import ANYTHING, covers
from pipelines.permissions.policy import Condition, Statement
from pipelines.permissions.values import Place


def object_statement(
    arns: Arns, sid: str, actions: Iterable[str], places: Iterable[Place]
) -> Statement:
    """Leave to do something with objects.

    Args:
        arns: Writes the ARNs.
        sid: Name of the statement.
        actions: For example `s3:GetObject`.
        places: Which objects; folders among them.
    """
    return Statement(
        sid=sid,
        actions=tuple(actions),
        resources=tuple(arns.objects(places)),
        reason="Folders hold objects whose names are not known before they are written; those of "
        "outputs are named after executions, those of code after its digest.",
    )


def list_statements(arns: Arns, places: Iterable[Place]) -> Iterator[Statement]:
    """Leave to list folders, and to be told that an object is not there.

    Without it the answer for a missing object is that access is denied; the object's key counts as
    the prefix then.

    Source: Amazon S3 API Reference, GetObject, "Permissions",
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    keys: dict[str, set[str]] = {}
    for place in places:
        keys.setdefault(place.bucket, set()).add(place.key)
    for number, (bucket, patterns) in enumerate(sorted(keys.items()), start=1):
        prefixes = [
            key
            for key in sorted(patterns)
            if not any(other != key and covers(other, key) for other in patterns)
        ]
        yield Statement(
            sid=f"ListObjects{number if number > 1 else ''}",
            actions=("s3:ListBucket",),
            resources=(arns.bucket(bucket),),
            condition={"StringLike": {"s3:prefix": prefixes}},
        )


def pass_role_statement(sid: str, roles: Iterable[str], services: Iterable[str]) -> Statement:
    """Leave to give roles to services, and to no other."""
    names = [f"{service}.amazonaws.com" for service in services]
    return Statement(
        sid=sid,
        actions=("iam:PassRole",),
        resources=tuple(roles),
        condition={"StringEquals": {"iam:PassedToService": names}},
    )


LOG_ACTIONS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
"""To write logs, into groups that the first to write makes."""


def log_statement(
    arns: Arns, groups: Iterable[str], actions: Iterable[str] = LOG_ACTIONS
) -> Statement:
    """Leave to write logs.

    Args:
        arns: Writes the ARNs.
        groups: Names of the log groups.
        actions: What a service needs to write into them.
    """
    return Statement(
        sid="WriteLogs",
        actions=tuple(actions),
        resources=tuple(arn for name in groups for arn in arns.log_group(name)),
        reason="Log streams are named after jobs, instances and versions.",
    )


def metrics_statement(namespaces: Iterable[str]) -> Statement:
    """Leave to publish metrics.

    Source: Amazon CloudWatch User Guide, "Using condition keys to limit access to CloudWatch
    namespaces", https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
    """
    return Statement(
        sid="PublishMetrics",
        actions=("cloudwatch:PutMetricData",),
        resources=(ANYTHING,),
        condition={"StringEquals": {"cloudwatch:namespace": list(namespaces)}},
        reason="The service takes no resource for it; the condition names the namespaces.",
    )


OBJECT_KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
"""Source: Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys (SSE-KMS)",
"Permissions", https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""


def key_statements(
    arns: Arns,
    sid: str,
    actions: Iterable[str],
    keys: Iterable[str],
    *,
    condition: Condition | None = None,
) -> Iterator[Statement]:
    """Leave to use keys, each named by its id, its ARN, an alias or an alias' ARN.

    A policy cannot name an alias but as a condition.

    Args:
        arns: Writes the ARNs.
        sid: Name of the statement.
        actions: For example `kms:Decrypt`.
        keys: The keys, of any account and region.
        condition: What must hold besides.

    Source: AWS KMS Developer Guide, "Use aliases to control access to KMS keys",
    https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    actions, condition = tuple(actions), condition or {}
    known: list[str] = []
    aliases: dict[str, list[str]] = {}
    for arn in sorted(set(map(arns.key, keys))):
        place, _, alias = arn.partition(":alias/")
        if alias:
            aliases.setdefault(place, []).append(f"alias/{alias}")
        else:
            known.append(arn)
    if known:
        yield Statement(sid=sid, actions=actions, resources=tuple(known), condition=condition)
    for number, (place, names) in enumerate(aliases.items(), start=1):
        yield Statement(
            sid=f"{sid}ByAlias{number if number > 1 else ''}",
            actions=actions,
            resources=(f"{place}:key/*",),
            condition={
                **condition,
                "ForAnyValue:StringEquals": {"kms:ResourceAliases": names},
            },
            reason="A policy names a key by its id; the setting names an alias, as the condition "
            "does.",
        )


_OF_SERVICES: Condition = {"Bool": {"kms:GrantIsForAWSResource": ["true"]}}
"""Only a service may make grants in the role's name, as SageMaker does for disks.

Source: AWS KMS Developer Guide, "AWS KMS condition keys", kms:GrantIsForAWSResource,
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
"""


def volume_key_statements(arns: Arns, keys: Iterable[str]) -> Iterator[Statement]:
    """Leave to let a service encrypt the disks of jobs and endpoints.

    Args:
        arns: Writes the ARNs.
        keys: The keys, as `key_statements` takes them.
    """
    yield from key_statements(
        arns, "EncryptVolumes", ["kms:CreateGrant"], keys, condition=_OF_SERVICES
    )


def list_packages_statement(arns: Arns) -> Statement:
    """Leave to list model packages, whose group a list names only as a filter."""
    return Statement(
        sid="ListModelPackages",
        actions=("sagemaker:ListModelPackages",),
        resources=(arns.of("sagemaker", "model-package/*"),),
        reason="A list is of packages whose names are not known to whoever asks for it.",
    )
