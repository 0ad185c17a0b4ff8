"""Lets a variant of an endpoint grow and shrink with its requests, or stops that.

Event: `EndpointName`, `VariantName`, `MinInstanceCount`, `MaxInstanceCount` (0 for a fixed number
of instances) and `InvocationsPerInstance`, the requests per minute that an instance is to have.
Answer: `Message`.
"""

from collections.abc import Mapping
from typing import Any

SCALE_IN_COOLDOWN_SECONDS = 300
SCALE_OUT_COOLDOWN_SECONDS = 60
"""Growing is not waited for, and shrinking is: a new instance takes minutes to start."""


def respond(event: Mapping[str, Any], *, application_autoscaling: Any) -> dict[str, str]:
    """Answer the event.

    Args:
        event: The event, as described above.
        application_autoscaling: An Application Auto Scaling client.

    Raises:
        ValueError: The largest number of instances is below the smallest.
    """
    lowest, highest = int(event["MinInstanceCount"]), int(event["MaxInstanceCount"])
    if highest != 0 and highest < lowest:
        raise ValueError(
            f"MaxInstanceCount is {highest}, below EndpointInstanceCount {lowest}; expected 0 for "
            "a fixed number of instances, or at least as many."
        )
    resource = f"endpoint/{event['EndpointName']}/variant/{event['VariantName']}"
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    if highest == 0:
        return {"Message": _fix(target, application_autoscaling)}
    application_autoscaling.register_scalable_target(
        **target, MinCapacity=lowest, MaxCapacity=highest
    )
    application_autoscaling.put_scaling_policy(
        **target,
        PolicyName=f"{event['EndpointName']}-invocations",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": float(event["InvocationsPerInstance"]),
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
            "ScaleInCooldown": SCALE_IN_COOLDOWN_SECONDS,
            "ScaleOutCooldown": SCALE_OUT_COOLDOWN_SECONDS,
        },
    )
    return {"Message": f"{lowest} to {highest} instances"}


def _fix(target: Mapping[str, str], application_autoscaling: Any) -> str:
    """Remove what an earlier deployment registered; its policy goes with it."""
    registered = application_autoscaling.describe_scalable_targets(
        ServiceNamespace=target["ServiceNamespace"],
        ResourceIds=[target["ResourceId"]],
        ScalableDimension=target["ScalableDimension"],
    )
    if not registered["ScalableTargets"]:
        return "A fixed number of instances"
    application_autoscaling.deregister_scalable_target(**target)
    return "A fixed number of instances from now on"


def handler(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """Entry point on AWS Lambda."""
    import boto3  # A local execution passes its own client and needs none of it.

    return respond(event, application_autoscaling=boto3.client("application-autoscaling"))
