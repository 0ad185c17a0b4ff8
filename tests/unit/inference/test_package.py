"""Tests of inference.package."""

from collections.abc import Mapping

from inference.package import parameter_name, retraining_parameters
from pipelines.compile import Compiled
from pipelines.definition import load, steps


def test_parameters_repeat_a_training() -> None:
    """Settings and hyperparameters become pipeline parameters, and what describes the model not."""
    metadata = {
        "code_digest": "0123",
        "baseline_uri": "s3://bucket/baseline",
        "image_size": "96",
        "raw_data_uri": "s3://bucket/raw/",
        "hyperparameter.learning_rate": "0.003",
        "hyperparameter.seed": "7",
    }
    assert retraining_parameters(metadata) == {
        "ImageSize": "96",
        "LearningRate": "0.003",
        "RawDataUri": "s3://bucket/raw/",
        "Seed": "7",
    }


def test_a_package_without_metadata_repeats_nothing() -> None:
    """What a package does not record is left to the pipeline's defaults."""
    assert retraining_parameters({}) == {}


def test_a_parameter_is_named_as_its_setting() -> None:
    """Words are joined, each with a capital letter."""
    assert parameter_name("learning_rate") == "LearningRate"


def test_retraining_declares_what_the_packages_of_training_ask_for(
    compiled: Mapping[str, Compiled],
) -> None:
    """Every parameter of a package that `training` or `retraining` registers is declared."""
    retraining = load(compiled["retraining"].definition)
    declared = {parameter["Name"] for parameter in retraining["Parameters"]}
    for name in ("training", "retraining"):
        (register,) = (
            step.body
            for step in steps(load(compiled[name].definition))
            if step.type == "RegisterModel"
        )
        metadata = dict.fromkeys(register["Arguments"]["CustomerMetadataProperties"], "1")
        asked = retraining_parameters(metadata)
        assert {"ImageSize", "LearningRate", "RawDataUri", "Seed"} <= asked.keys() <= declared
