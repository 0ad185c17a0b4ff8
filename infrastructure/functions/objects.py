"""Names objects in S3, and lists them."""

from collections.abc import Iterator, Mapping
from typing import Any


def bucket_and_key(uri: str) -> dict[str, str]:
    """The `Bucket` and `Key` of a request, from the URI of an object.

    Raises:
        ValueError: The text is no such URI.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not key:
        raise ValueError(f"'{uri}' is not the URI of an object; expected s3://<bucket>/<key>.")
    return {"Bucket": bucket, "Key": key}


def objects(uri: str, s3: Any, *, after: str = "") -> Iterator[tuple[str, int]]:
    """Objects below a folder: their names relative to it, in the order of keys, and their sizes.

    Args:
        uri: The folder, without its last slash.
        s3: An S3 client.
        after: Names up to this one are left out.
    """
    place = bucket_and_key(f"{uri}/")
    start = {"StartAfter": place["Key"] + after} if after else {}
    for page in _pages(s3, Bucket=place["Bucket"], Prefix=place["Key"], **start):
        for item in page.get("Contents", []):
            yield item["Key"].removeprefix(place["Key"]), item["Size"]


def folders(uri: str, s3: Any) -> list[str]:
    """Names of the folders in a folder, in their order.

    Args:
        uri: The folder, without its last slash.
        s3: An S3 client.
    """
    place = bucket_and_key(f"{uri}/")
    pages = _pages(s3, Bucket=place["Bucket"], Prefix=place["Key"], Delimiter="/")
    return [
        item["Prefix"].removeprefix(place["Key"]).rstrip("/")
        for page in pages
        for item in page.get("CommonPrefixes", [])
    ]


def _pages(s3: Any, **request: str) -> Iterator[Mapping[str, Any]]:
    page = s3.list_objects_v2(**request)
    yield page
    while page["IsTruncated"]:
        token = page["NextContinuationToken"]
        page = s3.list_objects_v2(**request, ContinuationToken=token)
        yield page
