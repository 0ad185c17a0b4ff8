"""Tests of pipelines.cost.demand."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.cost.demand import Demand, Variant, demands, variants
from pipelines.cost.prices import Use
from pipelines.definition import load
from pipelines.local.parameters import resolve_parameters

SNAPSHOTS = Path(__file__).parents[3] / "definitions"


def snapshot(name: str, **given: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A reviewed definition and the values of its parameters."""
    definition = load((SNAPSHOTS / f"{name}.json").read_text())
    return definition, resolve_parameters(definition["Parameters"], given, pipeline=name)


def test_jobs_of_the_training_pipeline() -> None:
    """Literals and parameters are read; a tuning step has several jobs."""
    given = {"TrainInstanceType": "ml.g4dn.xlarge", "PreprocessInstanceCount": "3"}
    found = demands(*snapshot("training", **given, MaxTuningJobs="9"))
    assert found == [
        Demand(
            step="Preprocess",
            type="Processing",
            use=Use.PROCESSING,
            instance_type="ml.m5.xlarge",
            num_instances=3,
            limit_seconds=14400,
            volume_gb=50,
        ),
        Demand(
            step="Tune",
            type="Tuning",
            use=Use.TRAINING,
            instance_type="ml.g4dn.xlarge",
            num_instances=1,
            num_jobs=9,
            num_parallel_jobs=2,
            limit_seconds=43200,
            volume_gb=50,
            is_spot=True,
        ),
        Demand(
            step="Train",
            type="Training",
            use=Use.TRAINING,
            instance_type="ml.g4dn.xlarge",
            num_instances=1,
            limit_seconds=43200,
            volume_gb=50,
            is_spot=True,
        ),
        Demand(
            step="Evaluate",
            type="Processing",
            use=Use.PROCESSING,
            instance_type="ml.m5.xlarge",
            num_instances=1,
            limit_seconds=7200,
            volume_gb=50,
        ),
    ]


def test_a_transform_job_has_neither_limit_nor_volume() -> None:
    """The request of CreateTransformJob has no member for them."""
    found, *_ = demands(*snapshot("scoring"))
    assert found == Demand(
        step="Transform",
        type="Transform",
        use=Use.TRANSFORM,
        instance_type="ml.m5.xlarge",
        num_instances=1,
    )


def test_variants_of_an_endpoint() -> None:
    """The instances that an endpoint starts with."""
    assert variants(*snapshot("deployment", EndpointInstanceCount="2")) == [
        Variant(
            step="CreateEndpointConfig",
            name="AllTraffic",
            instance_type="ml.m5.large",
            num_instances=2,
        )
    ]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"Get": "Steps.Find.OutputParameters['Kind']"}, id="of another step"),
        pytest.param({"Std:Join": {"On": "", "Values": ["ml.", "m5"]}}, id="joined"),
        pytest.param({"Get": "Parameters.Missing"}, id="not declared"),
        pytest.param(True, id="of another type"),
    ],
)
def test_what_only_the_execution_tells_is_not_known(value: object) -> None:
    """An expression that is no parameter has no value yet."""
    job = {"ResourceConfig": {"InstanceType": value, "InstanceCount": value}}
    step = {"Name": "Train", "Type": "Training", "Arguments": job}
    (found,) = demands({"Steps": [step]}, {})
    assert (found.instance_type, found.num_instances) == (None, None)


def test_several_training_definitions_are_not_known() -> None:
    """A tuning step that chooses among definitions tells its instances while it runs."""
    step = {"Name": "Tune", "Type": "Tuning", "Arguments": {"TrainingJobDefinitions": []}}
    (found,) = demands({"Steps": [step]}, {})
    assert (found.instance_type, found.num_jobs, found.limit_seconds) == (None, None, None)


def test_an_expression_in_place_of_an_object_is_not_known() -> None:
    """No member of it can be read."""
    job = {"ResourceConfig": {"Get": "Parameters.Cluster"}}
    step = {"Name": "Train", "Type": "Training", "Arguments": job}
    (found,) = demands({"Steps": [step]}, {"Cluster": "x"})
    assert found.instance_type is None
