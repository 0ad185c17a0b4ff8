"""Puts an endpoint's previous configuration back after a deployment that failed.

Event: `EndpointName`; `EndpointConfigName`, the configuration that the deployment made; and
`PreviousEndpointConfigName`, empty where there was no endpoint before.
Answer: `Message`, a sentence that says what was done.

The endpoint is left alone unless the failed deployment's configuration is what it serves, so the
function may be called again, and never undoes another deployment. It does not wait: an endpoint on
its way back goes on answering.
"""

from collections.abc import Mapping
from typing import Any

from infrastructure.functions.endpoints import UPDATABLE, describe_endpoint


def respond(event: Mapping[str, str], *, sagemaker: Any) -> dict[str, str]:
    """Answer the event.

    Args:
        event: The event, as described above.
        sagemaker: A SageMaker client.

    Raises:
        RuntimeError: The endpoint is in a status in which nothing can be put back.
    """
    return {"Message": _restore(event, sagemaker)}


def _restore(event: Mapping[str, str], sagemaker: Any) -> str:
    name, previous = event["EndpointName"], event["PreviousEndpointConfigName"]
    endpoint = describe_endpoint(name, sagemaker)
    if endpoint is None or endpoint["EndpointStatus"] == "Deleting":
        return f"Endpoint '{name}' does not exist any more."
    # During an update the endpoint's own configuration is still the old one.
    pending = endpoint.get("PendingDeploymentSummary", endpoint)
    current = pending["EndpointConfigName"]
    if current != event["EndpointConfigName"]:
        return f"Endpoint '{name}' has the configuration '{current}' and was left as it is."
    if not previous:
        sagemaker.delete_endpoint(EndpointName=name)
        return f"Endpoint '{name}' did not exist before and was deleted."
    if endpoint["EndpointStatus"] not in UPDATABLE:
        raise RuntimeError(
            f"Endpoint '{name}' is {endpoint['EndpointStatus']} and takes no update; expected "
            f"InService. Give it the configuration '{previous}' by hand."
        )
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=previous)
    return f"Endpoint '{name}' goes back to the configuration '{previous}'."


def handler(event: Mapping[str, str], _context: object) -> dict[str, str]:
    """Entry point on AWS Lambda."""
    import boto3  # A local execution passes its own client and needs none of it.

    return respond(event, sagemaker=boto3.client("sagemaker"))
