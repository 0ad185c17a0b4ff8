"""What the service would refuse, or an execution would fail on, found before anything is created.

Source: Amazon SageMaker AI API Reference, MonitoringStoppingCondition, ScheduleConfig and
MonitoringScheduleConfig; Developer Guide, "Schedule model quality monitoring jobs",
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_MonitoringStoppingCondition.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ScheduleConfig.html
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-schedule.html
"""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import NoReturn

from monitoring.schedules.requests import DIGEST_CHARACTERS
from monitoring.schedules.schedule import ModelQuality, MonitoringType, Schedule
from monitoring.schedules.timing import Window

MAX_NAME_CHARACTERS = 63
"""Of a job definition, a schedule and an endpoint."""

MAX_SCHEDULE_NAME_CHARACTERS = MAX_NAME_CHARACTERS - 1 - DIGEST_CHARACTERS

MAX_OFFSET_CHARACTERS = 15
MAX_VARIABLES = 50
MAX_VARIABLE_CHARACTERS = 256
"""Of a variable's name, and of its value."""

MAX_RUNTIME_SECONDS = 86_400
MAX_SOURCE_CHARACTERS = 1024
"""Of the URI of a baseline's file, and of the preprocessor's."""

MAX_TARGET_CHARACTERS = 512
"""Of the URI of the reports, and of the labels'."""

_NAME = r"[a-zA-Z0-9](-*[a-zA-Z0-9])*"
_VARIABLE = r"[a-zA-Z_][a-zA-Z0-9_]*"
_URI = r"s3://[^/]+/.+"
_MAX_ONCE = timedelta(hours=24)
_MAX_EXAMPLES = 5


def schedule_problems(schedule: Schedule) -> list[str]:
    """What is wrong with a schedule, a sentence each."""
    return [
        *_name_problems("Schedule", schedule.name, MAX_SCHEDULE_NAME_CHARACTERS),
        *_name_problems("Endpoint", schedule.endpoint_name, MAX_NAME_CHARACTERS),
        *_uri_problems(schedule),
        *_variable_problems(schedule),
        *_window_problems(schedule),
        *_runtime_problems(schedule),
    ]


def constraints_problems(uri: str, content: bytes) -> list[str]:
    """Why Model Monitor could not read a file of constraints, a sentence each.

    Our own files are fine; others may hold what `json.dumps` writes for 0.00001.

    Args:
        uri: What a sentence calls the file.
        content: The file.

    Source: Amazon SageMaker AI Developer Guide, "Create a model quality baseline",
        https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-baseline.html
    """
    try:
        document = json.loads(content, parse_float=_Literal, parse_constant=_refuse)
        found = list(_exponents(document, ""))
    except (ValueError, RecursionError) as error:
        return [f"The constraints in {uri} are not JSON: {error}."]
    if not isinstance(document, dict):
        return [f"The constraints in {uri} are no JSON object."]
    if not found:
        return []
    more = f" and {len(found) - _MAX_EXAMPLES} more" if len(found) > _MAX_EXAMPLES else ""
    return [
        f"The constraints in {uri} hold numbers with an exponent, which Model Monitor cannot read: "
        f"{', '.join(found[:_MAX_EXAMPLES])}{more}; write them as decimals."
    ]


def _name_problems(thing: str, name: str, max_characters: int) -> Iterator[str]:
    if len(name) > max_characters:
        yield (
            f"{thing} name '{name}' has {len(name)} characters; expected at most {max_characters}."
        )
    if re.fullmatch(_NAME, name) is None:
        yield (
            f"{thing} name '{name}' is malformed; expected letters, digits and hyphens, the first "
            "and the last of them no hyphen."
        )


def _uri_problems(schedule: Schedule) -> Iterator[str]:
    sources = {
        "preprocessor": schedule.job.preprocessor_uri,
        "constraints": schedule.quality.constraints_uri,
    }
    targets = {"reports": schedule.job.output_uri}
    if isinstance(schedule.quality, ModelQuality):
        targets["ground truth"] = schedule.quality.ground_truth_uri
    else:
        sources["statistics"] = schedule.quality.statistics_uri
    for uris, max_characters in (
        (sources, MAX_SOURCE_CHARACTERS),
        (targets, MAX_TARGET_CHARACTERS),
    ):
        for thing, uri in uris.items():
            if re.fullmatch(_URI, uri) is None or len(uri) > max_characters:
                yield (
                    f"The URI of the {thing} is '{uri}'; expected s3://<bucket>/<key>, at most "
                    f"{max_characters} characters."
                )


def _variable_problems(schedule: Schedule) -> Iterator[str]:
    variables = schedule.job.variables()
    if len(variables) > MAX_VARIABLES:
        yield f"There are {len(variables)} environment variables; expected at most {MAX_VARIABLES}."
    for name, value in sorted(variables.items()):
        if re.fullmatch(_VARIABLE, name) is None or len(name) > MAX_VARIABLE_CHARACTERS:
            yield (
                f"Environment variable '{name}' is malformed; expected letters, digits and "
                f"underscores, at most {MAX_VARIABLE_CHARACTERS}, and no digit first."
            )
        if len(value) > MAX_VARIABLE_CHARACTERS:
            yield (
                f"Environment variable '{name}' has {len(value)} characters; expected at most "
                f"{MAX_VARIABLE_CHARACTERS}."
            )


def _window_problems(schedule: Schedule) -> Iterator[str]:
    for window, longest in ((schedule.window, None), (schedule.timing.window, _MAX_ONCE)):
        if window is None:
            continue
        yield from _offset_problems(window)
        duration = window.duration()
        if duration is None:
            continue
        place = f"The window from {window.start} to {window.end}"
        if duration <= timedelta():
            yield f"{place} ends before it starts, or is empty; expected the larger offset first."
        if longest is not None and duration > longest:
            yield f"{place} is longer than the 24 hours that a single execution may look at."


def _offset_problems(window: Window) -> Iterator[str]:
    for offset in (window.start, window.end):
        is_alone = Window(start=offset, end=offset)
        if is_alone.duration() is None or len(offset) > MAX_OFFSET_CHARACTERS:
            yield (
                f"Offset '{offset}' is malformed; expected -P<days>D or -PT<hours>H, at most "
                f"{MAX_OFFSET_CHARACTERS} characters."
            )


def _runtime_problems(schedule: Schedule) -> Iterator[str]:
    limit, why = MAX_RUNTIME_SECONDS, ""
    if schedule.timing.period is not None:
        limit, why = int(schedule.timing.period.total_seconds()), ", the schedule's period"
        if schedule.monitoring_type is MonitoringType.MODEL_QUALITY:
            limit //= 2
            why = ", half of the schedule's period, in which a merge and an analysis run in turn"
    found = schedule.job.max_runtime_seconds
    if not 1 <= found <= limit:
        yield f"The maximum run time is {found} s; expected 1 to {limit} s{why}."


class _Literal(float):
    """A number that remembers how it was written."""

    def __new__(cls, text: str) -> "_Literal":
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str


def _exponents(value: object, place: str) -> Iterator[str]:
    match value:
        case _Literal() if "e" in value.text.lower():
            yield f"{value.text} at {place}"
        case dict():
            for key, member in value.items():
                pointer = key.replace("~", "~0").replace("/", "~1")  # RFC 6901
                yield from _exponents(member, f"{place}/{pointer}")
        case list():
            for index, item in enumerate(value):
                yield from _exponents(item, f"{place}/{index}")


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}")
