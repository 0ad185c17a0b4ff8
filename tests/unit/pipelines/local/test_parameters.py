"""Tests of pipelines.local.parameters."""

from collections.abc import Mapping

import pytest

from pipelines.local.errors import ParameterError
from pipelines.local.parameters import resolve_parameters

DECLARED = [
    {"Name": "Epochs", "Type": "Integer", "DefaultValue": 3},
    {"Name": "Threshold", "Type": "Float", "DefaultValue": 0.8},
    {"Name": "Verbose", "Type": "Boolean", "DefaultValue": False},
    {"Name": "Status", "Type": "String", "DefaultValue": "A", "EnumValues": ["A", "B"]},
    {"Name": "RawDataUri", "Type": "String"},
]


def test_defaults_and_given_values_have_the_declared_types() -> None:
    """Text that is given becomes a value of the declared type; the rest keeps its default."""
    values = resolve_parameters(
        DECLARED,
        {"Epochs": "5", "Verbose": "True", "Status": "B", "RawDataUri": "s3://b/raw"},
        pipeline="training",
    )

    assert values == {
        "Epochs": 5,
        "Threshold": 0.8,
        "Verbose": True,
        "Status": "B",
        "RawDataUri": "s3://b/raw",
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(
            {"Epoch": "3", "RawDataUri": "x"},
            "Parameter 'Epoch' is not declared by pipeline 'training'. "
            "Declared: Epochs, RawDataUri, Status, Threshold, Verbose. Did you mean 'Epochs'?",
            id="unknown-with-near-match",
        ),
        pytest.param(
            {"Zzz": "3", "RawDataUri": "x"},
            "Parameter 'Zzz' is not declared by pipeline 'training'. "
            "Declared: Epochs, RawDataUri, Status, Threshold, Verbose.",
            id="unknown",
        ),
        pytest.param(
            {"RawDataUri": "x", "Epochs": "three"},
            "Parameter 'Epochs' expects an Integer, got 'three'.",
            id="not-an-integer",
        ),
        pytest.param(
            {"RawDataUri": "x", "Threshold": "high"},
            "Parameter 'Threshold' expects a Float, got 'high'.",
            id="not-a-float",
        ),
        pytest.param(
            {"RawDataUri": "x", "Verbose": "yes"},
            "Parameter 'Verbose' expects a Boolean, got 'yes'.",
            id="not-a-boolean",
        ),
        pytest.param(
            {"RawDataUri": "x", "Status": "C"},
            "Parameter 'Status' is 'C'; allowed: A, B.",
            id="not-allowed",
        ),
        pytest.param(
            {},
            "Parameter 'RawDataUri' has no default; pass -p RawDataUri=VALUE.",
            id="missing",
        ),
        pytest.param(
            {"Epoch": "3", "Threshold": "high"},
            "Parameter 'Epoch' is not declared by pipeline 'training'. "
            "Declared: Epochs, RawDataUri, Status, Threshold, Verbose. Did you mean 'Epochs'?\n"
            "Parameter 'Threshold' expects a Float, got 'high'.\n"
            "Parameter 'RawDataUri' has no default; pass -p RawDataUri=VALUE.",
            id="all-at-once",
        ),
    ],
)
def test_wrong_values_are_refused(given: Mapping[str, str], message: str) -> None:
    """A wrong name or value is refused with what was expected."""
    with pytest.raises(ParameterError) as error:
        resolve_parameters(DECLARED, given, pipeline="training")

    assert str(error.value) == message


def test_an_unknown_type_is_refused() -> None:
    """A type that pipelines do not have is refused."""
    with pytest.raises(ParameterError) as error:
        resolve_parameters([{"Name": "P", "Type": "Date", "DefaultValue": "1"}], {}, pipeline="p")

    assert str(error.value) == (
        "Parameter 'P' has the type 'Date'; expected Boolean, Float, Integer or String."
    )


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity"])
def test_a_float_is_finite(text: str) -> None:
    """What JSON cannot hold, and no threshold can mean, is no number."""
    with pytest.raises(ParameterError) as caught:
        resolve_parameters([{"Name": "Rate", "Type": "Float"}], {"Rate": text}, pipeline="p")
    assert str(caught.value) == f"Parameter 'Rate' expects a Float, got '{text}'."
