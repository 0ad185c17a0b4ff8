"""Compares two definitions: which steps, parameters and settings come, go and change.

Steps and parameters are told apart by their names, wherever they stand in the document; a step
that moves to another branch of a condition changes.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines.definition import Json, Step, steps
from pipelines.plan.code import CodeChange, Manifests, code_changes, with_new_code
from pipelines.plan.difference import Difference, differences
from pipelines.plan.verb import Verb

_LISTS = ("Parameters", "Steps")


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing that is not as it was."""

    verb: Verb
    kind: str
    """For example `step`."""
    name: str
    summary: str = ""
    """What it is, of a thing that comes or goes."""
    differences: tuple[Difference, ...] = ()
    """Where it changed, but for digests of code."""
    code: tuple[CodeChange, ...] = ()
    """Code that it names, and that changed."""


def step_changes(
    old: Mapping[str, Json], new: Mapping[str, Json], manifests: Manifests
) -> tuple[Change, ...]:
    """Steps that differ.

    Args:
        old: A definition.
        new: Another one.
        manifests: Files of the bundles that they name.
    """
    before, after = (
        {step.name: _comparable(step) for step in steps(definition)} for definition in (old, new)
    )
    return named_changes(
        "step", before, after, summary=lambda step: step["Type"], manifests=manifests
    )


def _comparable(step: Step) -> dict[str, Json]:
    """A step's body less the steps in its branches, and with the branch that holds it."""
    if step.branch is None:
        return dict(step.own)
    condition, is_true = step.branch
    return {**step.own, "Branch": f"{condition}, {'IfSteps' if is_true else 'ElseSteps'}"}


def parameter_changes(old: Mapping[str, Json], new: Mapping[str, Json]) -> tuple[Change, ...]:
    """Pipeline parameters that differ."""
    before, after = (
        {parameter["Name"]: parameter for parameter in definition.get("Parameters", [])}
        for definition in (old, new)
    )
    return named_changes("parameter", before, after, summary=_parameter_summary)


def _parameter_summary(parameter: Mapping[str, Json]) -> str:
    if "DefaultValue" not in parameter:
        return f"{parameter['Type']}, without a default"
    return f"{parameter['Type']}, default {json.dumps(parameter['DefaultValue'])}"


def other_changes(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[Difference]:
    """Differences of two definitions beside their steps and parameters."""
    before, after = (
        {key: value for key, value in definition.items() if key not in _LISTS}
        for definition in (old, new)
    )
    return differences(before, after)


def named_changes(
    kind: str,
    old: Mapping[str, Json],
    new: Mapping[str, Json],
    *,
    summary: Callable[[Json], str],
    manifests: Manifests | None = None,
) -> tuple[Change, ...]:
    """Things that differ, by their names: those of the new side first.

    Args:
        kind: What they are.
        old: Things by name.
        new: Things by name.
        summary: Says what a thing is that comes or goes.
        manifests: Files of the bundles that they name.
    """
    changes = []
    for name, value in new.items():
        if name not in old:
            added = Change(verb=Verb.ADDED, kind=kind, name=name, summary=summary(value))
            changes.append(added)
            continue
        code = code_changes(old[name], value, manifests or {})
        found = tuple(differences(with_new_code(old[name], code), value))
        if found or code:
            changes.append(
                Change(verb=Verb.CHANGED, kind=kind, name=name, differences=found, code=code)
            )
    return (
        *changes,
        *(
            Change(verb=Verb.REMOVED, kind=kind, name=name, summary=summary(value))
            for name, value in old.items()
            if name not in new
        ),
    )
