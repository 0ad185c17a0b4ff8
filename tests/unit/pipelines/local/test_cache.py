"""Tests of pipelines.local.cache."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.definition import Step
from pipelines.local.cache import StepCache, cache_key, parse_duration
from tests.unit.pipelines.local.definitions import processing, training_request

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("step_type", "arguments", "change", "is_same"),
    [
        pytest.param("Processing", {"RoleArn": "a"}, {"RoleArn": "b"}, True, id="role"),
        pytest.param(
            "Processing",
            processing("S")["Arguments"],
            {"ProcessingOutputConfig": {"Outputs": []}},
            True,
            id="outputs",
        ),
        pytest.param(
            "Processing", {"Environment": {"A": "1"}}, {"Environment": {"A": "2"}}, False, id="env"
        ),
        pytest.param(
            "Training",
            training_request(),
            {"OutputDataConfig": {"S3OutputPath": "s3://box/new"}},
            True,
            id="output-path",
        ),
        pytest.param(
            "Training", training_request(), {"HyperParameters": {"a": "2"}}, False, id="rate"
        ),
        pytest.param(
            "Tuning",
            {"TrainingJobDefinition": {"StaticHyperParameters": {"a": "1"}, "RoleArn": "a"}},
            {"TrainingJobDefinition": {"StaticHyperParameters": {"a": "1"}, "RoleArn": "b"}},
            True,
            id="tuning-role",
        ),
        pytest.param(
            "Tuning",
            {"TrainingJobDefinition": {"StaticHyperParameters": {"a": "1"}}},
            {"TrainingJobDefinition": {"StaticHyperParameters": {"a": "2"}}},
            False,
            id="tuning-static",
        ),
        pytest.param("Lambda", {"x": 1}, {"x": 2}, False, id="lambda"),
    ],
)
def test_only_documented_attributes_count(
    step_type: str, arguments: dict[str, Any], change: dict[str, Any], is_same: bool
) -> None:
    """A change of an attribute outside the documented list leaves the key as it is."""
    body = {"Name": "S", "Type": step_type, "FunctionArn": "arn:code-1"}
    step = Step(pointer="/Steps/0", body=body, branch=None)

    same = cache_key(step, arguments) == cache_key(step, {**arguments, **change})

    assert same is is_same


def test_a_function_with_other_code_is_another_one() -> None:
    """What the one before answered is not used."""
    keys = {
        cache_key(
            Step(pointer="/Steps/0", body={"Type": "Lambda", "FunctionArn": arn}, branch=None), {}
        )
        for arn in ("arn:code-1", "arn:code-2")
    }
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        pytest.param("P30D", timedelta(days=30), id="days"),
        pytest.param("PT1H30M", timedelta(hours=1, minutes=30), id="time"),
        pytest.param("P1Y2M3W4DT5S", timedelta(days=365 + 60 + 21 + 4, seconds=5), id="all"),
        pytest.param("30dT5h", timedelta(days=30, hours=5), id="as-documented"),
    ],
)
def test_durations(text: str, duration: timedelta) -> None:
    """ISO 8601 durations are read, and the service's form without P."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "P", "PT", "30", "1.5h", "P1H"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A text without a number and a unit is an error."""
    with pytest.raises(ValueError, match="is not an ISO 8601 duration") as error:
        parse_duration(text)

    assert str(error.value) == (
        f"'{text}' is not an ISO 8601 duration; expected for example P30D or PT12H."
    )


@pytest.mark.parametrize(
    ("config", "age", "is_found"),
    [
        pytest.param({"ExpireAfter": "PT1H"}, timedelta(minutes=60), True, id="fresh"),
        pytest.param({"ExpireAfter": "PT1H"}, timedelta(minutes=61), False, id="expired"),
        pytest.param({}, timedelta(days=9999), True, id="for-ever"),
    ],
)
def test_entries_expire(tmp_path: Path, config: Any, age: timedelta, is_found: bool) -> None:
    """An entry counts until its step's ExpireAfter has passed."""
    cache = StepCache(tmp_path, pipeline="p")
    cache.add(
        "S", "key", properties={"a": 1}, metadata={}, summary="s", execution_arn="arn", now=NOW
    )

    entry = cache.find("S", "key", config=config, now=NOW + age)

    assert (entry is not None) is is_found
    assert cache.find("S", "other", config=config, now=NOW) is None
    assert StepCache(tmp_path, pipeline="q").find("S", "key", config=config, now=NOW) is None
