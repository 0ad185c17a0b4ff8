"""A stubbed client of each service that functions call."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.stubs import stubbed


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
