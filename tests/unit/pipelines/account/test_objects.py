"""Tests of pipelines.account.objects."""

import base64
import hashlib
from collections.abc import Iterator
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from pipelines.account.errors import AccountError
from pipelines.account.objects import Bucket
from tests.aws import SITE, Account
from tests.unit.stubs import stubbed
from tests.waiting import SECONDS

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

CODE = SITE.uri("code", "")
SCRIPT, README = (SITE.uri("code", *path) for path in (["train", "train.py"], ["README.txt"]))
WANTED = {SCRIPT: b"print()\n", README: b"None.\n"}
OTHER_CONTENT = (
    f"The object '{SCRIPT}' has other content than the one to publish under this name; delete it, "
    "and run the command again."
)


@pytest.fixture
def s3() -> Iterator[Stubber]:
    """A stubbed client."""
    yield from stubbed("s3")


def test_what_is_missing_is_written_once(account: Account) -> None:
    """Its checksum travels with it; what is there is not written again."""
    bucket = Bucket(SITE, account.clients.s3)
    assert bucket.missing(WANTED, CODE) == WANTED.keys()
    for uri, content in WANTED.items():
        bucket.write_once(uri, content)
    put = account.calls[-1].request
    assert {**put, "Body": put["Body"].getvalue()} == {
        "Bucket": SITE.bucket,
        "Key": "dogs/code/README.txt",
        "ExpectedBucketOwner": SITE.account,
        "Body": b"None.\n",
        "ChecksumSHA256": base64.b64encode(hashlib.sha256(b"None.\n").digest()).decode(),
        "IfNoneMatch": "*",
    }
    account.forget()
    assert bucket.missing(WANTED, CODE) == set()
    assert [str(call) for call in account.calls] == ["s3:ListObjectsV2"]
    bucket.write_once(SCRIPT, WANTED[SCRIPT])
    assert bucket.read(SCRIPT) == b"print()\n"
    assert bucket.read(CODE) is None


def test_other_content_is_an_error(account: Account) -> None:
    """Somebody's change of code that is named by its content is never published nor overwritten."""
    bucket = Bucket(SITE, account.clients.s3)
    bucket.write_once(SCRIPT, b"evil()!\n")
    for act in (
        lambda: bucket.missing(WANTED, CODE),
        lambda: bucket.write_once(SCRIPT, WANTED[SCRIPT]),
    ):
        with pytest.raises(AccountError) as caught:
            act()
        assert str(caught.value) == OTHER_CONTENT


def test_objects_that_kms_encrypts_are_known_by_their_checksum(s3: Stubber) -> None:
    """Their ETag is no MD5 of their content."""
    owner = {"Bucket": SITE.bucket, "ExpectedBucketOwner": SITE.account}
    digest = base64.b64encode(hashlib.sha256(WANTED[SCRIPT]).digest()).decode()
    etag = '"0123456789abcdef0123456789abcdef"'
    listed = {"Contents": [{"Key": "dogs/code/train/train.py", "ETag": etag, "Size": 8}]}
    s3.add_response("list_objects_v2", listed, {**owner, "Prefix": "dogs/code/"})
    s3.add_response(
        "head_object",
        {"ETag": etag, "ChecksumSHA256": digest},
        {**owner, "Key": "dogs/code/train/train.py", "ChecksumMode": "ENABLED"},
    )
    assert Bucket(SITE, s3.client).missing({SCRIPT: WANTED[SCRIPT]}, CODE) == set()


class Encrypting:
    """S3 with a bucket that KMS encrypts, which answers two at a time only."""

    def __init__(self) -> None:
        self._together = Barrier(2, timeout=SECONDS)

    def get_paginator(self, _: str) -> "Encrypting":
        """A list of all that there is to be."""
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        """Their ETags say nothing of their content."""
        keys = [uri.removeprefix(f"s3://{SITE.bucket}/") for uri in WANTED]
        return [{"Contents": [{"Key": key, "ETag": '"kms"'} for key in keys]}]

    def head_object(self, *, Key: str, **_: str) -> dict[str, str]:  # noqa: N803 - S3's name
        """The checksum of what there is to be."""
        self._together.wait()
        digest = hashlib.sha256(WANTED[f"s3://{SITE.bucket}/{Key}"]).digest()
        return {"ETag": '"kms"', "ChecksumSHA256": base64.b64encode(digest).decode()}


def test_checksums_are_asked_for_side_by_side() -> None:
    """A pipeline has a hundred objects."""
    assert len(WANTED) == 2
    assert Bucket(SITE, Encrypting()).missing(WANTED, CODE) == set()


def test_other_refusals_are_not_taken_for_absence(s3: Stubber) -> None:
    """A denied call says nothing about what is there."""
    bucket = Bucket(SITE, s3.client)
    s3.add_client_error("get_object", "AccessDenied")
    with pytest.raises(ClientError, match="AccessDenied"):
        bucket.read(SCRIPT)
    s3.add_client_error("put_object", "AccessDenied")
    with pytest.raises(ClientError, match="AccessDenied"):
        bucket.write_once(SCRIPT, b"")
    s3.add_client_error("put_object", "PreconditionFailed")
    s3.add_client_error("head_object", "403")
    with pytest.raises(ClientError, match="403"):
        bucket.write_once(SCRIPT, b"")


def refuse(s3: Stubber) -> None:
    """Refuse a write for something that is not there."""
    s3.add_client_error("put_object", "ConditionalRequestConflict")
    s3.add_client_error("head_object", "404")


def test_a_write_that_another_one_met_is_made_again(s3: Stubber) -> None:
    """The other was, for example, an attempt of our own that took too long."""
    refuse(s3)
    refuse(s3)
    s3.add_response("put_object", {})
    Bucket(SITE, s3.client).write_once(SCRIPT, b"")


def test_what_is_neither_there_nor_written_is_an_error(s3: Stubber) -> None:
    """After three attempts."""
    for _ in range(3):
        refuse(s3)
    with pytest.raises(ClientError, match="ConditionalRequestConflict"):
        Bucket(SITE, s3.client).write_once(SCRIPT, b"")
