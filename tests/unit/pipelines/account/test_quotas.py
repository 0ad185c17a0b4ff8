"""Looks at quotas, and what definitions ask for at once."""

from typing import Any

import pytest

from pipelines.account.health import Finding, Verdict
from pipelines.account.quotas import Need, look_at_quotas, needs
from tests.unit.pipelines.account.looking import WatchedClients, clients, other_clients, snapshots

__all__ = ["clients", "other_clients", "snapshots"]

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

NEED = Need(
    quota="ml.g5.xlarge for spot training job usage",
    num_instances=2,
    pipeline="training",
    steps=("Tune",),
)


def _processing(name: str, *, count: int = 1, after: str = "") -> dict[str, Any]:
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": count}
    step = {
        "Name": name,
        "Type": "Processing",
        "Arguments": {"ProcessingResources": {"ClusterConfig": cluster}},
    }
    return {**step, "DependsOn": [after]} if after else step


def _largest(*steps: dict[str, Any]) -> tuple[int, tuple[str, ...]]:
    [need] = needs({"p": {"Steps": list(steps)}})
    return need.num_instances, need.steps


def test_steps_that_wait_for_each_other_share() -> None:
    """One after the other needs as many instances as the larger of them, however far apart."""
    first, second = _processing("First", count=2), _processing("Second", count=3, after="First")
    third = _processing("Third", count=2, after="Second")
    assert _largest(first, second, third) == (3, ("Second",))


def test_steps_that_nobody_orders_add_up() -> None:
    """Steps that may run at the same time need all of their instances."""
    first, left = _processing("First", count=2), _processing("Left", after="First")
    right = _processing("Right", count=3, after="First")
    assert _largest(first, left, right) == (4, ("Left", "Right"))


def test_what_only_an_execution_knows_is_left_out() -> None:
    """An instance type that a step answers asks for nothing that could be compared."""
    step = _processing("First")
    step["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceType"] = {
        "Get": "Steps.Choose.OutputParameters['InstanceType']"
    }
    variant = {"VariantName": "a", "ModelName": "m", "InstanceType": "ml.m5.large"}
    config = {
        "Name": "Config",
        "Type": "EndpointConfig",
        "Arguments": {"ProductionVariants": [variant]},
    }
    choose = {"Name": "Choose", "Type": "Lambda", "Arguments": {}}
    assert needs({"p": {"Steps": [choose, step, config]}}) == []


def test_needs_of_the_pipelines(snapshots: dict[str, dict[str, Any]]) -> None:
    """Trials at a time, spot, checks side by side, and both fleets of an endpoint's update."""
    found = {
        need.quota: (need.num_instances, need.pipeline, need.steps) for need in needs(snapshots)
    }
    assert found == {
        "ml.g5.xlarge for spot training job usage": (2, "training", ("Tune",)),
        "ml.m5.large for endpoint usage": (2, "deployment", ("CreateEndpointConfig",)),
        "ml.m5.large for processing job usage": (2, "scoring", ("SummarizeBatch", "CheckBatch")),
        "ml.m5.xlarge for processing job usage": (1, "training", ("Preprocess",)),
        "ml.m5.xlarge for transform job usage": (1, "scoring", ("Transform",)),
    }


def test_training_without_spot_has_a_quota_of_its_own(
    snapshots: dict[str, dict[str, Any]],
) -> None:
    """Spot and on-demand instances are counted apart."""
    definition = snapshots["retraining"]
    for step in definition["Steps"]:
        if step["Type"] == "Training":
            step["Arguments"]["EnableManagedSpotTraining"] = False
    assert "ml.g5.xlarge for training job usage" in {
        need.quota for need in needs({"retraining": definition})
    }


def _stub(clients: WatchedClients, **pages: list[dict[str, float]]) -> None:
    """Answers of Service Quotas: values by quota, for each page of each operation."""
    stub = clients.stub("service-quotas")
    for operation, answers in pages.items():
        for number, values in enumerate(answers):
            request = {"ServiceCode": "sagemaker", "MaxResults": 100}
            quotas = [{"QuotaName": name, "Value": value} for name, value in values.items()]
            answer: dict[str, Any] = {"Quotas": quotas}
            if number:
                request["NextToken"] = str(number)
            if number + 1 < len(answers):
                answer["NextToken"] = str(number + 1)
            stub.add_response(operation, answer, request)


def _look(clients: WatchedClients, *wanted: Need) -> list[Finding]:
    return list(look_at_quotas(list(wanted), clients.client("service-quotas")))


@pytest.mark.parametrize(
    ("value", "verdict", "text"),
    [
        pytest.param(
            2.0, Verdict.OK, "It is 2; training needs 2 at once (Tune).", id="as many as needed"
        ),
        pytest.param(
            1.0,
            Verdict.PROBLEM,
            "It is 1, and training needs 2 at once (Tune); ask for more in Service Quotas, or "
            "choose another instance type in the settings.",
            id="too few",
        ),
    ],
)
def test_quotas_are_compared(
    clients: WatchedClients, value: float, verdict: Verdict, text: str
) -> None:
    """Values in force are read page by page, and no further than needed."""
    others = {"ml.g5.xlarge for training job usage": 9.0}
    _stub(clients, list_service_quotas=[others, {NEED.quota: value}])
    assert _look(clients, NEED) == [Finding(verdict, f"Quota '{NEED.quota}'", text)]


def test_defaults_stand_in_for_values_in_force(clients: WatchedClients) -> None:
    """A quota that nobody applied has its default, and no default replaces what was applied."""
    other = Need(quota="other", num_instances=5, pipeline="p", steps=("A", "B"))
    _stub(
        clients,
        list_service_quotas=[{NEED.quota: 4.0}],
        list_aws_default_service_quotas=[{NEED.quota: 0.0, "other": 8.0}],
    )
    assert [finding.text for finding in _look(clients, NEED, other)] == [
        "It is 4; training needs 2 at once (Tune).",
        "It is 8; p needs 5 at once (A, B).",
    ]


def test_an_unknown_quota_could_not_be_told(clients: WatchedClients) -> None:
    """Instances that a region does not have, have no quota there."""
    _stub(clients, list_service_quotas=[{}], list_aws_default_service_quotas=[{}])
    assert _look(clients, NEED) == [
        Finding(
            Verdict.UNKNOWN,
            f"Quota '{NEED.quota}'",
            "There is no quota of this name, and training needs 2 at once (Tune); the region may "
            "not have such instances.",
        )
    ]
