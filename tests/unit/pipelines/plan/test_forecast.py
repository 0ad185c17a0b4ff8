"""Tests of pipelines.plan.forecast."""

import copy
from typing import Any

import pytest

from pipelines.plan.forecast import Forecast, Outcome, forecasts

CACHE = {"Enabled": True, "ExpireAfter": "P30D"}
WITHIN = "if it succeeded within P30D"


def processing(name: str, *, source: Any, cache: Any = CACHE, **members: Any) -> dict[str, Any]:
    """A step that reads `source`."""
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "AppSpecification": {"ImageUri": "image"},
            "ProcessingInputs": [{"InputName": "data", "S3Input": {"S3Uri": source}}],
            "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large"}},
        },
        **({"CacheConfig": cache} if cache else {}),
        **members,
    }


def definition(*found: dict[str, Any], epochs: int = 3) -> dict[str, Any]:
    """A definition of these steps."""
    return {
        "Parameters": [{"Name": "Epochs", "Type": "Integer", "DefaultValue": epochs}],
        "Steps": list(found),
    }


def output(step: str) -> dict[str, str]:
    """A reference to what a step wrote."""
    return {"Get": f"Steps.{step}.ProcessingOutputConfig.Outputs['data'].S3Output.S3Uri"}


def only(old: dict[str, Any], new: dict[str, Any]) -> dict[str, tuple[Outcome, tuple[str, ...]]]:
    """Outcome and reasons by step."""
    return {item.step: (item.outcome, item.reasons) for item in forecasts(old, new)}


A = processing("A", source="s3://b/raw")
B = processing("B", source=output("A"))
FUNCTION = {"Name": "F", "Type": "Lambda", "Arguments": {}, "FunctionArn": "arn"}


def test_unchanged_steps_hit() -> None:
    """A step and what reads it are answered, while the earlier result is young enough."""
    both = definition(A, B)
    assert forecasts(both, both) == (
        Forecast(step="A", outcome=Outcome.HIT, reasons=(WITHIN,)),
        Forecast(step="B", outcome=Outcome.HIT, reasons=(WITHIN,)),
    )


def test_without_expiry_a_hit_has_no_condition() -> None:
    """A cache without a time-out never forgets."""
    both = definition(processing("A", source="s3://b/raw", cache={"Enabled": True}))
    assert only(both, both) == {"A": (Outcome.HIT, ())}


def test_a_new_pipeline_has_no_results() -> None:
    """Nothing ran before."""
    assert [item.reasons for item in forecasts(None, definition(A))] == [("it is new",)]


def test_a_changed_attribute_misses_and_so_does_what_reads_it() -> None:
    """An attribute that counts changes the key; what the step writes is somewhere else then."""
    changed = copy.deepcopy(A)
    changed["Arguments"]["AppSpecification"]["ImageUri"] = "other"
    assert only(definition(A, B), definition(changed, B)) == {
        "A": (Outcome.MISS, ("AppSpecification.ImageUri changed",)),
        "B": (Outcome.MISS, ("step A runs again",)),
    }


def test_an_attribute_that_does_not_count_changes_nothing() -> None:
    """Instance types and descriptions are no part of the key."""
    changed = copy.deepcopy(A)
    changed["Arguments"]["ProcessingResources"] = {}
    changed["Description"] = "new"
    assert only(definition(A), definition(changed)) == {"A": (Outcome.HIT, (WITHIN,))}


def test_changed_code_is_said_in_a_word() -> None:
    """A digest in a URI is the code, and nothing else is said of it."""
    old, new = (
        definition(processing("A", source=f"s3://b/p/code/train/{letter * 64}")) for letter in "ab"
    )
    assert only(old, new) == {"A": (Outcome.MISS, ("its code changed",))}


@pytest.mark.parametrize(
    ("source", "reasons"),
    [
        pytest.param(
            {"Get": "Parameters.Epochs"}, ("the default of parameter Epochs changed",), id="default"
        ),
        pytest.param(
            {"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Execution.PipelineExecutionId"}]}},
            ("Execution.PipelineExecutionId is another one each time",),
            id="execution-id",
        ),
        pytest.param(output("Gone"), ("step Gone runs again",), id="unknown-step"),
    ],
)
def test_what_the_key_refers_to_counts(source: Any, reasons: tuple[str, ...]) -> None:
    """The key holds resolved values: of parameters, of the execution and of other steps."""
    step = processing("A", source=source)
    found = only(definition(step), definition(step, epochs=5))
    assert found == {"A": (Outcome.MISS, reasons)}


def test_a_pipeline_s_name_is_the_same_each_time() -> None:
    """Not every variable of the execution changes with it."""
    both = definition(processing("A", source={"Get": "Execution.PipelineName"}))
    assert only(both, both) == {"A": (Outcome.HIT, (WITHIN,))}


def test_what_reads_an_uncached_job_never_hits() -> None:
    """A job that runs each time writes to another place each time."""
    both = definition(processing("A", source="s3://b/raw", cache=None), B)
    assert only(both, both) == {
        "A": (Outcome.OFF, ("its cache is off",)),
        "B": (Outcome.MISS, ("step A runs again",)),
    }


def test_what_reads_a_function_depends_on_its_answer() -> None:
    """A function may answer what it answered before, and so what follows may still hit."""
    first = processing("A", source={"Get": "Steps.F.OutputParameters['Uri']"})
    both = definition(FUNCTION, first, B)
    assert only(both, both) == {
        "A": (Outcome.DEPENDS, ("if step F gives what it gave before", WITHIN)),
        "B": (Outcome.DEPENDS, ("if step A gives what it gave before", WITHIN)),
    }


def test_a_function_with_a_cache_is_like_a_job() -> None:
    """What reads its answer hits where it hits itself."""
    cached = {**FUNCTION, "CacheConfig": CACHE}
    reads = processing("A", source={"Get": "Steps.F.OutputParameters['Uri']"})
    assert only(definition(cached, reads), definition(cached, reads)) == {
        "F": (Outcome.HIT, (WITHIN,)),
        "A": (Outcome.HIT, (WITHIN,)),
    }


def test_a_function_with_other_code_is_called_again() -> None:
    """Its ARN names its code, and is no argument of the step."""
    arn = "arn:aws:lambda:us-east-1:111122223333:function:dogs-find"
    old, new = (
        definition({**FUNCTION, "CacheConfig": CACHE, "FunctionArn": f"{arn}:code-{digit * 12}"})
        for digit in "01"
    )
    assert only(old, new) == {"F": (Outcome.MISS, ("its code changed",))}


def test_what_was_not_cached_left_no_result() -> None:
    """A cache that was off, or a step of another type, has nothing to give."""
    uncached = processing("A", source="s3://b/raw", cache=None)
    assert only(definition(uncached), definition(A)) == {
        "A": (Outcome.MISS, ("its cache was off",))
    }
    other = {"Name": "A", "Type": "Fail", "Arguments": {}}
    assert only(definition(other), definition(A)) == {"A": (Outcome.MISS, ("it was a Fail step",))}


def test_order_in_the_document_and_circles_do_not_matter() -> None:
    """A step is looked at before those that read it, wherever it stands; a circle ends."""
    assert only(definition(B, A), definition(B, A))["B"] == (Outcome.HIT, (WITHIN,))
    circle = definition(processing("A", source=output("B")), B)
    assert {outcome for outcome, _ in only(circle, circle).values()} == {Outcome.MISS}
