"""Reads and writes objects of the site's bucket, by their S3 URIs, and of nobody else's bucket.

What is written once is never written again: a write that finds an object under its name compares
the two instead.
"""

import base64
import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipelines.account.errors import AccountError, code
from steps.site import Site

CONDITION_FAILED = frozenset({"ConditionalRequestConflict", "PreconditionFailed"})
"""Codes of a conditional write whose condition does not hold.

Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes",
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""
ABSENT = frozenset({"404", "NoSuchKey"})
"""Codes where an object is not there; a HEAD request has its status only."""
_NUM_THREADS = 10
"""As many as a client has connections."""


class Bucket:
    """The site's bucket.

    Every request names the account that is to own it, so that nothing goes to a bucket of the same
    name that somebody else was first to make.

    Source: Amazon S3 User Guide, "Verifying bucket ownership with bucket owner condition",
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
    """

    def __init__(self, site: Site, s3: Any) -> None:
        self._s3 = s3
        self._root_uri = f"s3://{site.bucket}/"
        self._bucket = {"Bucket": site.bucket, "ExpectedBucketOwner": site.account}

    def place(self, uri: str) -> dict[str, str]:
        """The members of a request that name an object."""
        return {**self._bucket, "Key": uri.removeprefix(self._root_uri)}

    def read(self, uri: str) -> bytes | None:
        """An object's content; None where there is none."""
        from botocore.exceptions import ClientError

        try:
            return bytes(self._s3.get_object(**self.place(uri))["Body"].read())
        except ClientError as error:
            if code(error) in ABSENT:
                return None
            raise

    def missing(self, objects: Mapping[str, bytes], folder_uri: str) -> frozenset[str]:
        """URIs of the objects that are not there, by one listing where KMS encrypts none of them.

        Args:
            objects: Objects by URI, all in one folder.
            folder_uri: The folder.

        Raises:
            AccountError: An object is there with other content.
        """
        prefix = self.place(folder_uri)["Key"]
        pages = self._s3.get_paginator("list_objects_v2").paginate(**self._bucket, Prefix=prefix)
        etags = {
            f"{self._root_uri}{item['Key']}": item["ETag"]
            for page in pages
            for item in page.get("Contents", [])
        }
        # The ETag of an object that KMS encrypts is no MD5: its own checksum tells, by a call each.
        others = [
            uri for uri, content in objects.items() if uri in etags and etags[uri] != _etag(content)
        ]
        with ThreadPoolExecutor(_NUM_THREADS) as pool:
            are_held = pool.map(lambda uri: self._holds(uri, objects[uri]), others)
            gone = {uri for uri, is_held in zip(others, are_held, strict=True) if not is_held}
        return frozenset(gone | (objects.keys() - etags.keys()))

    def write_once(self, uri: str, content: bytes) -> None:
        """Write an object that is not there; one that is there already is left as it is.

        A write that another one met is to be made again: the other may have failed.

        Raises:
            AccountError: An object is there with other content.
        """
        from botocore.exceptions import ClientError

        for is_last in (False, False, True):
            try:
                self._s3.put_object(
                    **self.place(uri),
                    Body=content,
                    ChecksumSHA256=_checksum(content),
                    IfNoneMatch="*",
                )
            except ClientError as error:
                if code(error) not in CONDITION_FAILED:
                    raise
                # An earlier attempt whose answer was lost is found here as well.
                if self._holds(uri, content):
                    return
                if is_last:
                    raise
            else:
                return

    def _holds(self, uri: str, content: bytes) -> bool:
        """Whether an object is there, with this content."""
        from botocore.exceptions import ClientError

        try:
            answer = self._s3.head_object(**self.place(uri), ChecksumMode="ENABLED")
        except ClientError as error:
            if code(error) in ABSENT:
                return False
            raise
        if _checksum(content) != answer.get("ChecksumSHA256") and _etag(content) != answer["ETag"]:
            raise AccountError(
                f"The object '{uri}' has other content than the one to publish under this name; "
                "delete it, and run the command again."
            )
        return True


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def _checksum(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
