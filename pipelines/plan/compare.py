"""Compares a release with what is deployed, and says what an upsert would do."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipelines.definition import Json, load
from pipelines.plan.changes import (
    Change,
    named_changes,
    other_changes,
    parameter_changes,
    step_changes,
)
from pipelines.plan.code import CodeChange, Manifests
from pipelines.plan.deployed import Deployed
from pipelines.plan.difference import ABSENT, Difference, differences
from pipelines.plan.forecast import Forecast, forecasts
from pipelines.plan.text import Line, as_html, as_text, change_lines, difference_line
from pipelines.plan.verb import Verb
from pipelines.reconcile import PresentRule
from pipelines.release import Release
from pipelines.shown import Shown
from pipelines.trigger_requests import RuleRequests
from steps.lambda_function import Function

_JSON_TEXTS = ("EventPattern", "Input", "InputTemplate")
"""Members of triggers that hold JSON as text."""
_RULE_MEMBERS = ("Description", "EventPattern", "State")
_MAX_REASONS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan(Shown):
    """What an upsert would do, and what the step cache would do afterwards."""

    pipeline_name: str
    is_new: bool
    """Whether there is no such pipeline yet."""
    settings: tuple[Difference, ...]
    """Role, description and other members beside steps and parameters."""
    parameters: tuple[Change, ...]
    steps: tuple[Change, ...]
    tags: tuple[Change, ...]
    objects: tuple[str, ...]
    """URIs of the objects to write."""
    num_bytes: int
    """Their size."""
    functions: tuple[Function, ...]
    """Functions to publish."""
    triggers: tuple[Change, ...]
    """Schedules and rules."""
    forecasts: tuple[Forecast, ...]

    @property
    def changes_pipeline(self) -> bool:
        """Whether the pipeline is to be created or updated."""
        return self.is_new or bool(self.settings or self.parameters or self.steps)

    @property
    def has_changes(self) -> bool:
        """Whether an upsert would write anything."""
        others = (self.tags, self.objects, self.functions, self.triggers)
        return self.changes_pipeline or any(others)

    def render(self, *, has_colour: bool) -> str:
        """The plan as text for a person, line by line."""
        return as_text(self._lines(), has_colour=has_colour)

    def __str__(self) -> str:
        return self.render(has_colour=False)

    def _repr_html_(self) -> str:
        """What Jupyter shows."""
        return as_html(self._lines())

    def to_document(self) -> dict[str, Json]:
        """The plan for a program."""
        return {
            "PipelineName": self.pipeline_name,
            "HasChanges": self.has_changes,
            "IsNew": self.is_new,
            "Settings": [_difference_document(item) for item in self.settings],
            "Parameters": [_change_document(change) for change in self.parameters],
            "Steps": [_change_document(change) for change in self.steps],
            "Tags": [_change_document(change) for change in self.tags],
            "Objects": {"Uris": list(self.objects), "NumBytes": self.num_bytes},
            "Functions": [function.arn for function in self.functions],
            "Triggers": [_change_document(change) for change in self.triggers],
            "StepCache": [
                {"Step": item.step, "Outcome": item.outcome, "Reasons": list(item.reasons)}
                for item in self.forecasts
            ],
        }

    def _lines(self) -> Iterable[Line]:
        if not self.has_changes:
            yield Line(text=f"{self.pipeline_name}: no changes.")
            return
        yield Line(text=self.pipeline_name)
        if self.is_new:
            yield Line(text=f"pipeline {self.pipeline_name}", verb=Verb.ADDED)
        for difference in self.settings:
            yield difference_line(difference)
        for change in (*self.parameters, *self.steps, *self.tags):
            yield from change_lines(change)
        for function in self.functions:
            yield Line(text=f"function {function.name}  {function.alias}", verb=Verb.ADDED)
        for change in self.triggers:
            yield from change_lines(change)
        if self.objects:
            noun = "object" if len(self.objects) == 1 else "objects"
            size = f"{self.num_bytes / 1000:,.1f} kB"
            yield Line(text=f"{len(self.objects)} {noun} in S3  {size}", verb=Verb.ADDED)
        if self.forecasts and not self.is_new:
            yield Line(text="Step cache, for the same parameters:")
            width = max(len(item.step) for item in self.forecasts)
            for item in self.forecasts:
                reasons = _few(item.reasons)
                text = f"{item.step:<{width}}  {item.outcome:<7}  {reasons}".rstrip()
                yield Line(text=text, level=1)


def plan(release: Release, deployed: Deployed) -> Plan:
    """What an upsert of a release would do.

    Args:
        release: What there is to be.
        deployed: What there is.
    """
    is_new = deployed.definition is None
    old: Mapping[str, Json] = {"Steps": []} if deployed.definition is None else deployed.definition
    new = load(release.definition)
    manifests = {**deployed.manifests, **release.manifests}
    objects = [uri for uri in release.objects if uri in deployed.missing_objects]
    return Plan(
        pipeline_name=release.pipeline_name,
        is_new=is_new,
        settings=() if is_new else (*_settings(release, deployed), *other_changes(old, new)),
        parameters=parameter_changes(old, new),
        steps=step_changes(old, new, manifests),
        tags=named_changes(
            "tag",
            {key: value for key, value in deployed.tags.items() if key in release.tags},
            release.tags,
            summary=json.dumps,
        ),
        objects=tuple(objects),
        num_bytes=sum(len(release.objects[uri]) for uri in objects),
        functions=tuple(
            function for function in release.functions if function.arn not in deployed.functions
        ),
        triggers=(
            *_schedule_changes(release, deployed),
            *_rule_changes(release, deployed, manifests),
        ),
        forecasts=forecasts(deployed.definition, new),
    )


def _settings(release: Release, deployed: Deployed) -> Iterable[Difference]:
    """Members of the pipeline beside its definition."""
    before = {
        "MaxParallelExecutionSteps": deployed.max_parallel_steps,
        "PipelineDescription": deployed.description,
        "RoleArn": deployed.role_arn,
    }
    after = {
        "MaxParallelExecutionSteps": release.max_parallel_steps,
        "PipelineDescription": release.description,
        "RoleArn": release.role_arn,
    }
    return differences(before, after)


def _schedule_changes(release: Release, deployed: Deployed) -> tuple[Change, ...]:
    """Members that the service adds by itself are no change."""
    wanted = {request["Name"]: request for request in release.schedules}
    before = {
        name: {key: schedule[key] for key in wanted.get(name, schedule) if key in schedule}
        for name, schedule in deployed.schedules.items()
    }
    return named_changes(
        "schedule",
        {name: _with_parsed_texts(schedule) for name, schedule in before.items()},
        {name: _with_parsed_texts(schedule) for name, schedule in wanted.items()},
        summary=lambda schedule: str(schedule["ScheduleExpression"]),
    )


def _rule_changes(release: Release, deployed: Deployed, manifests: Manifests) -> tuple[Change, ...]:
    wanted = {requests.rule["Name"]: _wanted_rule(requests) for requests in release.rules}
    return named_changes(
        "rule",
        {name: _deployed_rule(rule) for name, rule in deployed.rules.items()},
        wanted,
        summary=lambda rule: str(rule["Description"]),
        manifests=manifests,
    )


def _wanted_rule(requests: RuleRequests) -> Json:
    target = requests.target
    rule = {key: requests.rule[key] for key in _RULE_MEMBERS}
    return _with_parsed_texts({**rule, "Targets": {target["Id"]: target}})


def _deployed_rule(found: PresentRule) -> Json:
    rule = {key: found.rule.get(key, "") for key in _RULE_MEMBERS}
    return _with_parsed_texts({**rule, "Targets": dict(found.targets)})


def _with_parsed_texts(value: Json, key: str = "") -> Json:
    """A value whose texts of JSON are parsed, so that what differs inside can be named."""
    if isinstance(value, Mapping):
        return {name: _with_parsed_texts(item, name) for name, item in value.items()}
    if key in _JSON_TEXTS:
        try:
            return json.loads(value)
        except (TypeError, json.JSONDecodeError):
            return value
    return value


def _few(reasons: tuple[str, ...]) -> str:
    more = len(reasons) - _MAX_REASONS
    shown = ", ".join(reasons[:_MAX_REASONS])
    return f"{shown} and {more} more" if more > 0 else shown


def _change_document(change: Change) -> dict[str, Json]:
    return {
        "Verb": change.verb,
        "Name": change.name,
        "Summary": change.summary,
        "Differences": [_difference_document(item) for item in change.differences],
        "Code": [_code_document(code) for code in change.code],
    }


def _difference_document(difference: Difference) -> dict[str, Json]:
    sides = {"Old": difference.old, "New": difference.new}
    given = {name: side for name, side in sides.items() if side is not ABSENT}
    return {"Path": difference.path, **given}


def _code_document(code: CodeChange) -> dict[str, Json]:
    files = None
    if code.files is not None:
        files = [{"Verb": file.verb, "Path": file.path} for file in code.files]
    return {
        "Name": code.name,
        "OldDigest": code.old_digest,
        "NewDigest": code.new_digest,
        "Files": files,
    }
