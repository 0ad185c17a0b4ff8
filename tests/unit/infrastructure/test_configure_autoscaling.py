"""Autoscaling of an endpoint, against a client with the service's own shapes."""

from typing import Any

import pytest

from infrastructure.functions.configure_autoscaling.handler import respond

EVENT = {
    "EndpointName": "dogs",
    "VariantName": "AllTraffic",
    "MinInstanceCount": 1,
    "MaxInstanceCount": 4,
    "InvocationsPerInstance": 600,
}
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/dogs/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
LIST = {
    "ServiceNamespace": "sagemaker",
    "ResourceIds": ["endpoint/dogs/variant/AllTraffic"],
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


def test_a_largest_number_of_instances_turns_it_on(autoscaling: Any) -> None:
    """The variant becomes a target, which follows the requests per instance and minute."""
    bounds = {"MinCapacity": 1, "MaxCapacity": 4}
    autoscaling.add_response("register_scalable_target", {}, {**TARGET, **bounds})
    policy = {
        "PolicyName": "dogs-invocations",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 600.0,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 60,
        },
    }
    autoscaling.add_response("put_scaling_policy", {"PolicyARN": "arn"}, {**TARGET, **policy})
    answer = respond(EVENT, application_autoscaling=autoscaling.client)
    assert answer == {"Message": "1 to 4 instances"}


def test_zero_leaves_an_endpoint_of_fixed_size_alone(autoscaling: Any) -> None:
    """Where nothing is registered, nothing is changed."""
    autoscaling.add_response("describe_scalable_targets", {"ScalableTargets": []}, LIST)
    answer = respond({**EVENT, "MaxInstanceCount": 0}, application_autoscaling=autoscaling.client)
    assert answer == {"Message": "A fixed number of instances"}


def test_zero_turns_off_what_an_earlier_deployment_turned_on(autoscaling: Any) -> None:
    """A target that is registered is removed, with its policy."""
    registered = {
        **TARGET,
        "MinCapacity": 1,
        "MaxCapacity": 4,
        "RoleARN": "arn",
        "CreationTime": 0,
    }
    autoscaling.add_response("describe_scalable_targets", {"ScalableTargets": [registered]}, LIST)
    autoscaling.add_response("deregister_scalable_target", {}, TARGET)
    answer = respond({**EVENT, "MaxInstanceCount": 0}, application_autoscaling=autoscaling.client)
    assert answer == {"Message": "A fixed number of instances from now on"}


@pytest.mark.parametrize(("lowest", "highest"), [(5, 4), (1, -1)])
def test_bounds_that_contradict_each_other_are_refused(
    autoscaling: Any, lowest: int, highest: int
) -> None:
    """A largest number below the smallest changes nothing."""
    event = {**EVENT, "MinInstanceCount": lowest, "MaxInstanceCount": highest}
    with pytest.raises(ValueError, match="MaxInstanceCount") as caught:
        respond(event, application_autoscaling=autoscaling.client)
    assert str(caught.value) == (
        f"MaxInstanceCount is {highest}, below EndpointInstanceCount {lowest}; expected 0 for a "
        "fixed number of instances, or at least as many."
    )
