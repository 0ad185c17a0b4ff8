"""Tests of pipelines.local.stand_ins.autoscaling."""

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from pipelines.local.serving.records import EndpointStatus, State
from pipelines.local.stand_ins import Backing
from pipelines.local.stand_ins.autoscaling import AutoscalingStandIn

TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/dogs/variant/primary",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Folder of an endpoint `dogs`."""
    directory = tmp_path / "endpoints" / "dogs"
    State(
        wanted_id="1",
        status=EndpointStatus.IN_SERVICE,
        config_name="dogs-1",
        variants=(),
        failure_reason="",
        port=1,
        pid=1,
        created="2026-11-21T00:00:00+00:00",
        modified="2026-11-21T00:00:00+00:00",
    ).write(directory)
    return directory


def test_what_the_service_would_be_told_is_kept(backing: Backing, directory: Path) -> None:
    """Target and policy stand in the endpoint's folder until they are deregistered."""
    client = AutoscalingStandIn(backing.hosting)

    client.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=3)
    client.put_scaling_policy(**TARGET, PolicyName="requests", PolicyType="TargetTrackingScaling")

    kept = json.loads((directory / "autoscaling-primary.json").read_bytes())
    assert kept["ScalableTarget"]["MaxCapacity"] == 3
    assert kept["ScalingPolicy"]["PolicyName"] == "requests"
    found = client.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[TARGET["ResourceId"]]
    )
    assert [target["MinCapacity"] for target in found["ScalableTargets"]] == [1]

    client.deregister_scalable_target(**TARGET)

    found = client.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[TARGET["ResourceId"]]
    )
    assert found == {"ScalableTargets": []}


@pytest.mark.usefixtures("directory")
def test_what_is_not_registered_is_not_found(backing: Backing) -> None:
    """A policy without a target, and a target that is not there, are the service's errors."""
    client = AutoscalingStandIn(backing.hosting)

    for call in (client.put_scaling_policy, client.deregister_scalable_target):
        with pytest.raises(ClientError) as error:
            call(**TARGET, PolicyName="requests")
        assert error.value.response["Error"]["Code"] == "ObjectNotFoundException"


def test_an_endpoint_that_does_not_exist(backing: Backing) -> None:
    """Nothing is kept for it."""
    with pytest.raises(ClientError) as error:
        AutoscalingStandIn(backing.hosting).register_scalable_target(**TARGET)

    assert error.value.response["Error"]["Code"] == "ValidationException"
