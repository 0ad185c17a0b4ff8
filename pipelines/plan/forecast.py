"""Tells which steps an execution with the same parameters would take from the step cache.

What is known is the two definitions. Whether an earlier result is there, and still young enough, is
known to the service alone.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipelines.definition import Json, Step, references, steps
from pipelines.local.cache import CACHEABLE, key_attributes
from pipelines.plan.code import code_changes, with_new_code
from pipelines.plan.difference import canonical, differences

_NEW_EACH_TIME = frozenset(
    {"CurrentDateTime", "PipelineExecutionArn", "PipelineExecutionId", "StartDateTime"}
)
"""Variables that have another value in each execution."""


class Outcome(StrEnum):
    """What becomes of a step."""

    HIT = "hit"
    """An earlier result is used, where there is one."""
    DEPENDS = "depends"
    """It is used if a function answers as before."""
    MISS = "miss"
    """The step runs."""
    OFF = "off"
    """The step runs every time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What the step cache would do for a step, and why."""

    step: str
    outcome: Outcome
    reasons: tuple[str, ...]
    """For what is not a hit: why; for a hit: its conditions."""


def forecasts(old: Mapping[str, Json] | None, new: Mapping[str, Json]) -> tuple[Forecast, ...]:
    """Forecasts for the jobs that can be cached, and for functions whose cache is declared.

    Args:
        old: The definition that earlier executions ran; None without any.
        new: The definition that the next one runs.
    """
    deployed: Mapping[str, Json] = {"Steps": []} if old is None else old
    before = {step.name: step for step in steps(deployed)}
    after = {step.name: step for step in steps(new)}
    defaults = _changed_defaults(deployed, new)
    found: dict[str, Forecast] = {}

    def forecast(step: Step) -> Forecast:
        if step.name not in found:
            # A step that waits for itself is for the checks to find.
            found[step.name] = Forecast(step=step.name, outcome=Outcome.OFF, reasons=())
            found[step.name] = _forecast(step, before.get(step.name), defaults, upstream)
        return found[step.name]

    def upstream(name: str) -> Outcome:
        if name not in after:
            return Outcome.MISS
        outcome = forecast(after[name]).outcome
        # What a function answers may be what it answered before; a job names new objects.
        is_function = after[name].type == "Lambda" and outcome is not Outcome.HIT
        return Outcome.DEPENDS if is_function else outcome

    return tuple(
        forecast(step)
        for step in after.values()
        if step.type in CACHEABLE and (step.type != "Lambda" or "CacheConfig" in step.body)
    )


def _forecast(
    step: Step, earlier: Step | None, defaults: set[str], upstream: Callable[[str], Outcome]
) -> Forecast:
    config = step.body.get("CacheConfig", {})
    if step.type not in CACHEABLE or not config.get("Enabled"):
        return Forecast(step=step.name, outcome=Outcome.OFF, reasons=("its cache is off",))
    if earlier is None:
        return Forecast(step=step.name, outcome=Outcome.MISS, reasons=("it is new",))
    key = key_attributes(step, step.body["Arguments"])
    needed = {name: upstream(name) for name in _referenced(key, "Steps")}
    misses = [
        *_own_reasons(earlier, step, key),
        *(
            f"the default of parameter {name} changed"
            for name in _referenced(key, "Parameters")
            if name in defaults
        ),
        *(
            f"Execution.{name} is another one each time"
            for name in _referenced(key, "Execution")
            if name in _NEW_EACH_TIME
        ),
        *(
            f"step {name} runs again"
            for name, outcome in needed.items()
            if outcome in {Outcome.MISS, Outcome.OFF}
        ),
    ]
    if misses:
        return Forecast(step=step.name, outcome=Outcome.MISS, reasons=tuple(misses))
    unknown = [name for name, outcome in needed.items() if outcome is Outcome.DEPENDS]
    conditions = [f"if step {name} gives what it gave before" for name in unknown]
    if "ExpireAfter" in config:
        conditions.append(f"if it succeeded within {config['ExpireAfter']}")
    return Forecast(
        step=step.name,
        outcome=Outcome.DEPENDS if unknown else Outcome.HIT,
        reasons=tuple(conditions),
    )


def _own_reasons(earlier: Step, step: Step, key: Mapping[str, Json]) -> Iterable[str]:
    if earlier.type != step.type:
        yield f"it was a {earlier.type} step"
        return
    if not earlier.body.get("CacheConfig", {}).get("Enabled"):
        yield "its cache was off"
    earlier_key = key_attributes(earlier, earlier.body["Arguments"])
    code = code_changes(earlier_key, key, {})
    if code:
        yield "its code changed"
    for difference in differences(with_new_code(earlier_key, code), key):
        yield f"{difference.path} changed"


def _referenced(key: Mapping[str, Json], kind: str) -> list[str]:
    """Names of the parameters, variables or steps that an attribute of the key refers to."""
    segments = (reference.segments for reference in references(key))
    return list(dict.fromkeys(str(part[1]) for part in segments if part[0] == kind))


def _changed_defaults(old: Mapping[str, Json], new: Mapping[str, Json]) -> set[str]:
    """Parameters whose default is not what it was."""
    before, after = (
        {item["Name"]: canonical(item.get("DefaultValue")) for item in it.get("Parameters", [])}
        for it in (old, new)
    )
    return {name for name, default in after.items() if before.get(name) != default}
