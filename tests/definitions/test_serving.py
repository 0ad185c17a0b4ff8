"""What the site's settings and the declarations make of `deployment` and `scoring`."""

from collections.abc import Mapping
from typing import Any

import pytest

from pipelines.compile import Compiled, compile_pipeline
from pipelines.definition import Json, load, steps, triggers
from steps.site import Site

SECURED = Site(
    subnets=("subnet-1",),
    security_group_ids=("sg-1",),
    volume_kms_key="key-volume",
    output_kms_key="key-output",
)


def arguments(pipeline: str, site: Site) -> dict[str, Json]:
    """The arguments of each step, by its name."""
    definition = load(compile_pipeline(pipeline, site).definition)
    return {step.name: step.body["Arguments"] for step in steps(definition)}


def test_security_settings_reach_the_endpoint() -> None:
    """Network, isolation and keys are in the requests of the model, its endpoint and its record."""
    requests = arguments("deployment", SECURED)
    assert requests["CreateModel"]["EnableNetworkIsolation"] is True
    assert requests["CreateModel"]["VpcConfig"] == {
        "SecurityGroupIds": ["sg-1"],
        "Subnets": ["subnet-1"],
    }
    assert requests["CreateEndpointConfig"]["KmsKeyId"] == "key-volume"
    assert requests["CreateEndpointConfig"]["DataCaptureConfig"]["KmsKeyId"] == "key-output"
    assert requests["ActivateBaseline"]["KmsKeyId"] == "key-output"


def test_security_settings_reach_the_batch_transform() -> None:
    """The job's disks and its output have the site's keys, and its model the network."""
    requests = arguments("scoring", SECURED)
    assert requests["Transform"]["TransformResources"]["VolumeKmsKeyId"] == "key-volume"
    assert requests["Transform"]["TransformOutput"]["KmsKeyId"] == "key-output"
    assert requests["CreateModel"]["EnableNetworkIsolation"] is True
    for name in ("SummarizeBatch", "CheckBatch"):
        assert requests[name]["NetworkConfig"]["VpcConfig"]["Subnets"] == ["subnet-1"]


def test_the_model_server_takes_what_a_batch_transform_may_send() -> None:
    """MaxPayloadInMB is at most 100, and without the setting TorchServe answers 413 above 6.25."""
    request = arguments("retraining", Site())["RegisterModel"]
    [container] = request["InferenceSpecification"]["Containers"]
    assert container["Environment"]["TS_MAX_REQUEST_SIZE"] == "104857600"


ROUTING = "TrafficRoutingConfiguration"


@pytest.mark.parametrize(
    ("site", "routing", "alarms"),
    [
        pytest.param(
            Site(), {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}, None, id="default"
        ),
        pytest.param(
            Site(rollback_alarms=("errors", "latency")),
            {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 300},
            [{"AlarmName": "errors"}, {"AlarmName": "latency"}],
            id="alarms",
        ),
        pytest.param(
            Site(canary_percent=10),
            {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 300,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
            },
            None,
            id="canary",
        ),
    ],
)
def test_the_site_decides_how_an_endpoint_is_updated(
    site: Site, routing: dict[str, Any], alarms: list[dict[str, str]] | None
) -> None:
    """All at once by default; with a canary, or with alarms that have time to go off."""
    config = arguments("deployment", site)["CreateEndpoint"]["DeploymentConfig"]
    assert config["BlueGreenUpdatePolicy"][ROUTING] == routing
    assert config.get("AutoRollbackConfiguration", {}).get("Alarms") == alarms


def test_a_failed_step_leads_back_and_ends_in_a_failure(compiled: Mapping[str, Compiled]) -> None:
    """After a failed smoke test or activation, the way back runs, and after it a Fail step."""
    found = {step.name: step for step in steps(load(compiled["deployment"].definition))}
    for failed, restore, end in (
        ("SmokeTest", "RestoreAfterSmokeTest", "SmokeTestFailed"),
        ("ActivateBaseline", "RestoreAfterActivation", "ActivationFailed"),
    ):
        assert triggers(found[restore])[failed] == "Failed"
        assert found[end].type == "Fail"
        assert triggers(found[end])[restore] == "Completed"


def test_a_batch_is_summarized_even_if_an_image_failed(compiled: Mapping[str, Compiled]) -> None:
    """The summary and the check wait for the end of the transform, however it ends."""
    found = {step.name: step for step in steps(load(compiled["scoring"].definition))}
    for name in ("SummarizeBatch", "CheckBatch"):
        assert triggers(found[name])["Transform"] == "Any"


def test_nothing_is_created_before_the_package_is_approved(
    compiled: Mapping[str, Compiled],
) -> None:
    """Every step but the search stands in the branch of the approval."""
    for name in ("deployment", "scoring"):
        found = steps(load(compiled[name].definition))
        free = [step.name for step in found if step.branch is None]
        assert free == ["FindModelPackage", "CheckApproval"]
        [refused] = [step.name for step in found if step.branch == ("CheckApproval", False)]
        assert refused == "PackageNotApproved"
