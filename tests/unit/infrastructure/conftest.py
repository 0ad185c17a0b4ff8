"""A stubbed client of each service that functions call."""

import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.client import BaseClient

from pipelines.permissions.functions import CALLS
from tests.unit.pipelines.permissions.client_calls import iam_action
from tests.unit.stubs import stubbed


@pytest.fixture(autouse=True)
def _calls_are_permitted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a published function calls is in the table that its permissions are made of."""
    function = request.module.__name__.rpartition(".test_")[2]
    if function not in CALLS:
        return
    call = BaseClient._make_api_call

    def checked(self: Any, operation: str, *arguments: Any) -> Any:
        frames = traceback.walk_stack(None)
        is_own = any(
            "/infrastructure/functions/" in frame.f_code.co_filename for frame, _ in frames
        )
        action = iam_action(self.meta.service_model, operation)
        # Tests call services as well, to prepare what a function finds.
        assert not is_own or action in CALLS[function], f"{function} calls {action}"
        return call(self, operation, *arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", checked)


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
