"""Tests of pipelines.local.stand_ins.s3."""

import hashlib

import pytest
from botocore.exceptions import ClientError

from pipelines.local.stand_ins import Backing
from pipelines.local.stand_ins.s3 import S3StandIn


@pytest.fixture
def s3(backing: Backing) -> S3StandIn:
    """A client over an empty store."""
    return S3StandIn(backing.store)


def test_an_object_is_written_and_read(s3: S3StandIn) -> None:
    """Content, length and entity tag come back."""
    s3.put_object(Bucket="bucket", Key="a/b.json", Body=b"{}", ContentType="application/json")

    found = s3.get_object(Bucket="bucket", Key="a/b.json")

    assert found["Body"].read() == b"{}"
    assert found["ContentLength"] == 2
    assert found["ETag"] == f'"{hashlib.md5(b"{}").hexdigest()}"'  # noqa: S324


def test_an_object_that_does_not_exist(s3: S3StandIn) -> None:
    """The error has the service's code and status."""
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket="bucket", Key="nothing")

    assert error.value.response["Error"]["Code"] == "NoSuchKey"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_conditional_write_needs_what_the_writer_knows(s3: S3StandIn) -> None:
    """The first of two writers that read the same wins, and the second is told."""
    first = s3.put_object(Bucket="bucket", Key="k", Body=b"1", IfNoneMatch="*")
    second = s3.put_object(Bucket="bucket", Key="k", Body=b"2", IfMatch=first["ETag"])

    for condition in ({"IfNoneMatch": "*"}, {"IfMatch": first["ETag"]}):
        with pytest.raises(ClientError) as error:
            s3.put_object(Bucket="bucket", Key="k", Body=b"3", **condition)
        assert error.value.response["Error"]["Code"] == "PreconditionFailed"
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412

    found = s3.get_object(Bucket="bucket", Key="k")
    assert (found["Body"].read(), found["ETag"]) == (b"2", second["ETag"])


def test_keys_are_listed_in_their_order(s3: S3StandIn) -> None:
    """The prefix is text, the start is left out, and every key has its size."""
    for key in ("a/2", "a/10", "a/b/1", "ab", "b"):
        s3.put_object(Bucket="bucket", Key=key, Body=key.encode())

    assert s3.list_objects_v2(Bucket="bucket", Prefix="a", StartAfter="a/10") == {
        "IsTruncated": False,
        "KeyCount": 3,
        "Contents": [
            {"Key": "a/2", "Size": 3},
            {"Key": "a/b/1", "Size": 5},
            {"Key": "ab", "Size": 2},
        ],
    }
    assert s3.list_objects_v2(Bucket="bucket", Prefix="c") == {"IsTruncated": False, "KeyCount": 0}


def test_a_delimiter_makes_folders(s3: S3StandIn) -> None:
    """Keys that go on after a delimiter are one common prefix."""
    for key in ("a/x/1", "a/x/2", "a/y/1", "a/z"):
        s3.put_object(Bucket="bucket", Key=key, Body=b"")

    assert s3.list_objects_v2(Bucket="bucket", Prefix="a/", Delimiter="/") == {
        "IsTruncated": False,
        "KeyCount": 3,
        "Contents": [{"Key": "a/z", "Size": 0}],
        "CommonPrefixes": [{"Prefix": "a/x/"}, {"Prefix": "a/y/"}],
    }


def test_long_lists_come_in_pages(s3: S3StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token of a page leads to the next, until the list is not truncated any more."""
    monkeypatch.setattr("pipelines.local.stand_ins.s3.MAX_KEYS", 2)
    for key in "abcde":
        s3.put_object(Bucket="bucket", Key=key, Body=b"")

    pages = [s3.list_objects_v2(Bucket="bucket")]
    while pages[-1]["IsTruncated"]:
        token = pages[-1]["NextContinuationToken"]
        pages.append(s3.list_objects_v2(Bucket="bucket", ContinuationToken=token))

    keys = [[item["Key"] for item in page["Contents"]] for page in pages]
    assert keys == [["a", "b"], ["c", "d"], ["e"]]
