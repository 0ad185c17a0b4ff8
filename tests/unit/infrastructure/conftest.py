"""Clients with the services' own models that cannot reach anything."""

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

_SESSION = botocore.session.Session()
"""Keeps the models of the services, which take long to load."""


def stubbed(service: str) -> Iterator[Stubber]:
    """A stubbed client; everything that a test expects of it must be asked for."""
    client = _SESSION.create_client(
        service,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",  # noqa: S106 - signs nothing
    )
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture
def sagemaker() -> Iterator[Any]:
    """A stubbed SageMaker client, as `sagemaker.client`."""
    yield from stubbed("sagemaker")


@pytest.fixture
def sagemaker_runtime() -> Iterator[Any]:
    """A stubbed SageMaker Runtime client."""
    yield from stubbed("sagemaker-runtime")


@pytest.fixture
def s3() -> Iterator[Any]:
    """A stubbed S3 client."""
    yield from stubbed("s3")


@pytest.fixture
def autoscaling() -> Iterator[Any]:
    """A stubbed Application Auto Scaling client."""
    yield from stubbed("application-autoscaling")
