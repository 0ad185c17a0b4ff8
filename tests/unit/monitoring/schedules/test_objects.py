"""Tests of monitoring.schedules.objects; reading is tested with the operations."""

from hashlib import sha256
from pathlib import Path

import pytest
from botocore.stub import Stubber

from monitoring import preprocessor
from monitoring.schedules.objects import upload_preprocessor


@pytest.mark.parametrize("prefix", ["s3://bucket/dogs/code", "s3://bucket/dogs/code/"])
def test_the_preprocessor_is_named_by_its_content(s3: Stubber, prefix: str) -> None:
    """The object is the script as it is, under a name that changes with it."""
    content = Path(preprocessor.__file__).read_bytes()
    key = f"dogs/code/preprocessor-{sha256(content).hexdigest()[:16]}.py"
    request = {"Bucket": "bucket", "Key": key, "Body": content, "ContentType": "text/x-python"}
    s3.add_response("put_object", {}, request)
    assert upload_preprocessor(prefix, s3=s3.client) == f"s3://bucket/{key}"


def test_the_preprocessor_has_a_key_of_its_own(s3: Stubber) -> None:
    """Where the site has a KMS key, the script is encrypted with it."""
    content = Path(preprocessor.__file__).read_bytes()
    request = {
        "Bucket": "bucket",
        "Key": f"code/preprocessor-{sha256(content).hexdigest()[:16]}.py",
        "Body": content,
        "ContentType": "text/x-python",
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "key",
    }
    s3.add_response("put_object", {}, request)
    upload_preprocessor("s3://bucket/code", s3=s3.client, kms_key="key")
