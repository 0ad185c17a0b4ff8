"""Tests of monitoring.schedules.preflight."""

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber

from monitoring.data_constraints import MONITORING_CONFIG
from monitoring.documents import document_text
from monitoring.schedules import preflight
from monitoring.schedules.preflight import constraints_problems, schedule_problems
from monitoring.schedules.schedule import ModelQuality, Schedule
from monitoring.schedules.timing import Window, daily, every, hourly, once

URI = "s3://bucket/constraints.json"


def changed(schedule: Schedule, **changes: Any) -> list[str]:
    """Problems of a schedule whose jobs are different."""
    return schedule_problems(replace(schedule, job=replace(schedule.job, **changes)))


def test_good_schedules_have_no_problem(data_quality: Schedule, model_quality: Schedule) -> None:
    """The defaults fit an hourly schedule of either type."""
    assert schedule_problems(data_quality) == []
    assert schedule_problems(model_quality) == []
    assert schedule_problems(replace(model_quality, timing=hourly())) == []


def test_the_limits_are_those_of_the_service(sagemaker: Stubber) -> None:
    """Every limit is what the service's own model says."""
    model = sagemaker.client.meta.service_model
    for limit, names in {
        preflight.MAX_NAME_CHARACTERS: (
            "MonitoringScheduleName",
            "MonitoringJobDefinitionName",
            "EndpointName",
        ),
        preflight.MAX_OFFSET_CHARACTERS: ("MonitoringTimeOffsetString",),
        preflight.MAX_VARIABLES: ("MonitoringEnvironmentMap",),
        preflight.MAX_VARIABLE_CHARACTERS: (
            "ProcessingEnvironmentKey",
            "ProcessingEnvironmentValue",
        ),
        preflight.MAX_RUNTIME_SECONDS: ("MonitoringMaxRuntimeInSeconds",),
        preflight.MAX_SOURCE_CHARACTERS: ("S3Uri",),
        preflight.MAX_TARGET_CHARACTERS: ("MonitoringS3Uri",),
    }.items():
        for name in names:
            assert model.shape_for(name).metadata["max"] == limit


def test_names(data_quality: Schedule) -> None:
    """Names are no longer than the service takes, with the digest, and of its form."""
    assert schedule_problems(replace(data_quality, name="d" * 50)) == []
    assert schedule_problems(replace(data_quality, name="d" * 51, endpoint_name="e" * 64)) == [
        f"Schedule name '{'d' * 51}' has 51 characters; expected at most 50.",
        f"Endpoint name '{'e' * 64}' has 64 characters; expected at most 63.",
    ]
    assert schedule_problems(replace(data_quality, name="dogs_data", endpoint_name="dogs-")) == [
        "Schedule name 'dogs_data' is malformed; expected letters, digits and hyphens, the first "
        "and the last of them no hyphen.",
        "Endpoint name 'dogs-' is malformed; expected letters, digits and hyphens, the first "
        "and the last of them no hyphen.",
    ]


def test_uris(model_quality: Schedule) -> None:
    """What is read and written is named by S3 URIs that are no longer than the service takes."""
    long = "s3://bucket/" + "k" * 501
    schedule = replace(
        model_quality,
        quality=ModelQuality(constraints_uri="/local/file.json", ground_truth_uri=long),
    )
    assert changed(schedule, preprocessor_uri="s3://bucket") == [
        "The URI of the preprocessor is 's3://bucket'; expected s3://<bucket>/<key>, at most 1024 "
        "characters.",
        "The URI of the constraints is '/local/file.json'; expected s3://<bucket>/<key>, at most "
        "1024 characters.",
        f"The URI of the ground truth is '{long}'; expected s3://<bucket>/<key>, at most 512 "
        "characters.",
    ]


def test_environment_variables(data_quality: Schedule) -> None:
    """A value of 256 characters travels and one of 257 does not, nor does a malformed name."""
    assert changed(data_quality, environment={"features": "f" * 256}) == []
    assert changed(data_quality, environment={"features": "f" * 257, "9": ""}) == [
        "Environment variable '9' is malformed; expected letters, digits and underscores, at most "
        "256, and no digit first.",
        "Environment variable 'features' has 257 characters; expected at most 256.",
    ]
    many = {f"v{number}": "" for number in range(50)}
    assert changed(data_quality, environment=many) == [
        "There are 51 environment variables; expected at most 50."
    ]


def test_offsets(model_quality: Schedule) -> None:
    """A window has offsets of the documented form, and starts before it ends."""
    assert schedule_problems(
        replace(model_quality, window=Window(start="P1D", end="-P100DT1000H100M"))
    ) == [
        "Offset 'P1D' is malformed; expected -P<days>D or -PT<hours>H, at most 15 characters.",
        "Offset '-P100DT1000H100M' is malformed; expected -P<days>D or -PT<hours>H, at most 15 "
        "characters.",
    ]
    for start, end in (("-P1D", "-P8D"), ("-P1D", "-PT24H")):
        assert schedule_problems(replace(model_quality, window=Window(start=start, end=end))) == [
            f"The window from {start} to {end} ends before it starts, or is empty; expected the "
            "larger offset first."
        ]


def test_one_execution_looks_at_a_day_at_most(data_quality: Schedule) -> None:
    """The window of a single execution is at most 24 hours long."""
    assert (
        schedule_problems(replace(data_quality, timing=once(Window(start="-P2D", end="-P1D"))))
        == []
    )
    assert schedule_problems(
        replace(data_quality, timing=once(Window(start="-PT25H", end="-PT0H")))
    ) == [
        "The window from -PT25H to -PT0H is longer than the 24 hours that a single execution may "
        "look at."
    ]


def test_the_run_time_fits_the_period(data_quality: Schedule, model_quality: Schedule) -> None:
    """Jobs end before the next ones start; model quality has two jobs in a row."""
    two_hours = replace(data_quality, timing=every(2))
    single = replace(model_quality, timing=once(Window(start="-PT1H", end="-PT0H")))
    for schedule, limit, reason in (
        (data_quality, 3600, ", the schedule's period"),
        (two_hours, 7200, ", the schedule's period"),
        (replace(data_quality, timing=daily()), 86400, ", the schedule's period"),
        (
            replace(model_quality, timing=hourly()),
            1800,
            ", half of the schedule's period, in which a merge and an analysis run in turn",
        ),
        (single, 86400, ""),
    ):
        assert changed(schedule, max_runtime_seconds=limit) == []
        assert changed(schedule, max_runtime_seconds=limit + 1) == [
            f"The maximum run time is {limit + 1} s; expected 1 to {limit} s{reason}."
        ]
    assert changed(single, max_runtime_seconds=0) == [
        "The maximum run time is 0 s; expected 1 to 86400 s."
    ]


def test_our_own_constraints_are_fine() -> None:
    """What this project writes holds no exponent, however small a number is."""
    document = {"features": [{"completeness": 1e-7}], "monitoring_config": MONITORING_CONFIG}
    assert constraints_problems(URI, document_text(document).encode()) == []


def test_exponents_are_found() -> None:
    """Numbers with an exponent are named with their places; texts that look alike are not."""
    small = {"threshold": 1e-05, "name": "1e-05"}
    content = json.dumps({"features": [{"a/b": 0.5}, small]}).replace("0.5", "5E-1")
    assert constraints_problems(URI, content.encode()) == [
        f"The constraints in {URI} hold numbers with an exponent, which Model Monitor cannot read: "
        "5E-1 at /features/0/a~1b, 1e-05 at /features/1/threshold; write them as decimals."
    ]


def test_many_exponents_are_counted() -> None:
    """Five examples are enough."""
    [problem] = constraints_problems(URI, json.dumps({"a": [1e-9] * 7}).encode())
    assert problem.endswith(
        "1e-09 at /a/0, 1e-09 at /a/1, 1e-09 at /a/2, 1e-09 at /a/3, 1e-09 at /a/4 and 2 more; "
        "write them as decimals."
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", f"The constraints in {URI} are not JSON: Expecting property name enclosed in "
         "double quotes: line 1 column 2 (char 1)."),
        (b'{"a": NaN}', f"The constraints in {URI} are not JSON: it holds NaN."),
        (b"[1e5]", f"The constraints in {URI} are no JSON object."),
    ],
    ids=["damaged", "not a number", "no object"],
)  # fmt: skip
def test_what_is_no_document_is_said(content: bytes, problem: str) -> None:
    """A file that cannot be read at all is a problem too."""
    assert constraints_problems(URI, content) == [problem]


def test_a_deep_document_is_no_crash() -> None:
    """Nesting that no reader follows is a problem and no traceback."""
    [problem] = constraints_problems(URI, b'{"a":' + b"[" * 100_000)
    assert problem.startswith(f"The constraints in {URI} are not JSON: ")
