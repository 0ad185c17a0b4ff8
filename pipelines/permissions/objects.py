"""Leave to read, list and write objects in S3."""

from collections.abc import Iterable, Iterator

from pipelines.permissions.arns import Arns
from pipelines.permissions.patterns import covers
from pipelines.permissions.policy import Statement
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
