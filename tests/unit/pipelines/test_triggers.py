"""Tests of pipelines.triggers."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from pipelines.catalogue import CATALOGUE
from pipelines.compile import Compiled
from pipelines.definition import load, steps
from pipelines.triggers import APPROVAL_RULE, DRIFT_RULE, TRIGGERED, at_time, schedules
from steps.bundle import ROOT
from steps.site import Site

APPROVED = {"LearningRate": "0.003", "ImageSize": "96"}


def test_a_schedule_can_be_turned_off() -> None:
    """The site names other expressions, or none."""
    site = Site(monitoring_schedule="rate(1 day)", retraining_schedule="off")
    assert [(item.pipeline, item.expression) for item in schedules(site)] == [
        ("monitoring", "rate(1 day)")
    ]
    assert schedules(Site(monitoring_schedule="off", retraining_schedule="off")) == []


def test_parameters_of_an_execution_that_is_due() -> None:
    """The scheduled time stands in its place, in UTC, and the approved training where it counts."""
    monitoring, retraining = schedules(Site())
    time = datetime(2026, 11, 21, 11, tzinfo=timezone(timedelta(hours=1)))
    parameters = at_time(monitoring.execution_parameters(APPROVED), time)
    assert parameters == {"WindowEnd": "2026-11-21T10:00:00Z", "CaptureDelayMinutes": "15"}
    assert at_time(retraining.execution_parameters(APPROVED), time) == APPROVED


def test_triggers_name_what_there_is(compiled: Mapping[str, Compiled]) -> None:
    """Pipelines, parameters, the step and the function are those of this project."""
    definitions = {name: load(pipeline.definition) for name, pipeline in compiled.items()}
    declared = {
        name: {parameter["Name"] for parameter in definition["Parameters"]}
        for name, definition in definitions.items()
    }
    for schedule in schedules(Site()):
        assert schedule.parameters.keys() <= declared[schedule.pipeline]
        assert schedule.pipeline in TRIGGERED
    assert CATALOGUE.keys() >= TRIGGERED
    assert APPROVAL_RULE.parameter in declared[APPROVAL_RULE.pipeline]
    assert DRIFT_RULE.retraining in CATALOGUE
    (failed,) = (
        step for step in steps(definitions[DRIFT_RULE.pipeline]) if step.name == DRIFT_RULE.step
    )
    assert failed.type == "Fail"
    assert (ROOT / "infrastructure" / "functions" / DRIFT_RULE.function / "handler.py").is_file()


def test_no_step_calls_the_function_of_a_rule(compiled: Mapping[str, Compiled]) -> None:
    """Publishing a pipeline that no rule concerns sees no rules, and removes what steps called."""
    called = {name for pipeline in compiled.values() for name in pipeline.functions}
    assert "find_approved_model" in called
    assert DRIFT_RULE.function not in called
