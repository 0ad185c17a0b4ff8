"""Schedules to ask for, and clients with the services' own models that cannot reach anything."""

from collections.abc import Iterator
from typing import Any

import pytest

from monitoring.schedules.schedule import DataQuality, Job, ModelQuality, Schedule
from monitoring.schedules.timing import Window, daily, hourly
from tests.unit.stubs import stubbed


@pytest.fixture
def sagemaker() -> Iterator[Any]:
    """A stubbed SageMaker client, as `sagemaker.client`."""
    yield from stubbed("sagemaker")


@pytest.fixture
def s3() -> Iterator[Any]:
    """A stubbed S3 client, as `s3.client`."""
    yield from stubbed("s3")


@pytest.fixture
def job() -> Job:
    """Jobs with every default."""
    return Job(
        image_uri="156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer",
        role_arn="arn:aws:iam::111122223333:role/dogs-execution",
        preprocessor_uri="s3://bucket/dogs/preprocessor.py",
        output_uri="s3://bucket/dogs/reports",
    )


@pytest.fixture
def data_quality(job: Job) -> Schedule:
    """An hourly schedule of data quality."""
    return Schedule(
        name="dogs-data",
        endpoint_name="dogs",
        quality=DataQuality(
            statistics_uri="s3://bucket/baseline/data_quality/statistics.json",
            constraints_uri="s3://bucket/baseline/data_quality/constraints.json",
        ),
        timing=hourly(),
        job=job,
    )


@pytest.fixture
def model_quality(job: Job) -> Schedule:
    """A daily schedule of model quality whose labels come late."""
    return Schedule(
        name="dogs-model",
        endpoint_name="dogs",
        quality=ModelQuality(
            constraints_uri="s3://bucket/baseline/model_quality/constraints.json",
            ground_truth_uri="s3://bucket/dogs/ground-truth",
        ),
        timing=daily(5),
        window=Window(start="-P8D", end="-P1D"),
        job=job,
    )
