"""The way back after a failed deployment, against a client with the service's own shapes."""

from typing import Any

import pytest
from botocore.stub import Stubber

from infrastructure.functions.restore_previous.handler import respond

EVENT = {
    "EndpointName": "dogs",
    "EndpointConfigName": "dogs-new",
    "PreviousEndpointConfigName": "dogs-before",
}


def add_endpoint(
    stub: Stubber, config: str, *, status: str = "InService", pending: str | None = None
) -> None:
    """Let the client describe the endpoint."""
    description: dict[str, Any] = {
        "EndpointName": "dogs",
        "EndpointArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/dogs",
        "EndpointConfigName": config,
        "EndpointStatus": status,
        "CreationTime": 0,
        "LastModifiedTime": 0,
    }
    if pending is not None:
        description["PendingDeploymentSummary"] = {"EndpointConfigName": pending}
    stub.add_response("describe_endpoint", description, {"EndpointName": "dogs"})


def message(sagemaker: Any, **changes: str) -> str:
    """What the function says it did."""
    return respond({**EVENT, **changes}, sagemaker=sagemaker.client)["Message"]


def test_the_previous_configuration_comes_back(sagemaker: Any) -> None:
    """An endpoint with the failed deployment's configuration gets the one before."""
    add_endpoint(sagemaker, "dogs-new")
    sagemaker.add_response(
        "update_endpoint",
        {"EndpointArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/dogs"},
        {"EndpointName": "dogs", "EndpointConfigName": "dogs-before"},
    )
    assert message(sagemaker) == "Endpoint 'dogs' goes back to the configuration 'dogs-before'."


def test_an_endpoint_that_was_not_there_is_deleted(sagemaker: Any) -> None:
    """What the failed deployment created goes away again."""
    add_endpoint(sagemaker, "dogs-new", status="Failed")
    sagemaker.add_response("delete_endpoint", {}, {"EndpointName": "dogs"})
    assert message(sagemaker, PreviousEndpointConfigName="") == (
        "Endpoint 'dogs' did not exist before and was deleted."
    )


@pytest.mark.parametrize(
    ("config", "status", "pending", "found"),
    [
        pytest.param("dogs-before", "InService", None, "dogs-before", id="restored_already"),
        pytest.param("dogs-new", "Updating", "dogs-before", "dogs-before", id="on_its_way"),
        pytest.param("dogs-newer", "InService", None, "dogs-newer", id="another_deployment"),
    ],
)
def test_other_configurations_are_left_alone(
    sagemaker: Any, config: str, status: str, pending: str | None, found: str
) -> None:
    """An endpoint that has, or is getting, another configuration is not touched."""
    add_endpoint(sagemaker, config, status=status, pending=pending)
    assert message(sagemaker) == (
        f"Endpoint 'dogs' has the configuration '{found}' and was left as it is."
    )


def test_a_missing_endpoint_is_no_fault(sagemaker: Any) -> None:
    """Where there is no endpoint there is nothing to put back."""
    sagemaker.add_client_error(
        "describe_endpoint", "ValidationException", 'Could not find endpoint "dogs".'
    )
    assert message(sagemaker) == "Endpoint 'dogs' does not exist any more."


def test_an_endpoint_that_is_being_deleted_is_left_alone(sagemaker: Any) -> None:
    """Deleting it again would be refused."""
    add_endpoint(sagemaker, "dogs-new", status="Deleting")
    assert message(sagemaker) == "Endpoint 'dogs' does not exist any more."


def test_a_status_without_a_way_back_is_an_error(sagemaker: Any) -> None:
    """An endpoint that takes no update is named, with the configuration that it should have."""
    add_endpoint(sagemaker, "dogs-new", status="Failed")
    with pytest.raises(RuntimeError) as caught:
        message(sagemaker)
    assert str(caught.value) == (
        "Endpoint 'dogs' is Failed and takes no update; expected InService. Give it the "
        "configuration 'dogs-before' by hand."
    )
