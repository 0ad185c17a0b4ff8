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
