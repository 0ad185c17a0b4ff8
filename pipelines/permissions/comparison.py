"""Compares policies that are in force with what a role needs: what they lack, what is too much."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pipelines.definition import Json
from pipelines.permissions.evaluation import (
    Request,
    Verdict,
    decide,
    listed,
    statements_of,
    tests_of,
    title,
)
from pipelines.permissions.patterns import arn_covers, covers, is_pattern
from pipelines.permissions.policy import Statement


class Kind(StrEnum):
    """How a policy is not as it should be."""

    MISSING = "missing"
    OPEN = "cannot judge"
    WIDE = "too wide"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A permission that is missing, or that nobody needs."""

    kind: Kind
    action: str
    resource: str
    reason: str


def compare(
    wanted: Sequence[Statement], policies: Sequence[Mapping[str, Json]]
) -> list[Difference]:
    """What policies lack or have too much.

    Args:
        wanted: What a role needs.
        policies: What it has.
    """
    return [*_lacks(wanted, policies), *_surplus(wanted, policies)]


def _lacks(
    wanted: Sequence[Statement], policies: Sequence[Mapping[str, Json]]
) -> Iterator[Difference]:
    kinds = {Verdict.DENIED: Kind.MISSING, Verdict.OPEN: Kind.OPEN}
    for statement in wanted:
        context = {
            key: values for keys in statement.condition.values() for key, values in keys.items()
        }
        for action in statement.actions:
            for resource in statement.resources:
                request = Request(action=action, resource=resource, context=context)
                decision = decide(policies, request)
                if decision.verdict in kinds:
                    yield Difference(
                        kind=kinds[decision.verdict],
                        action=action,
                        resource=resource,
                        reason=f"{decision.reason}; needed for {statement.sid}",
                    )


def _surplus(
    wanted: Sequence[Statement], policies: Sequence[Mapping[str, Json]]
) -> Iterator[Difference]:
    for statement in statements_of(policies):
        if statement["Effect"] != "Allow":
            continue
        place = f"in {title(statement)}"
        if "NotAction" in statement or "NotResource" in statement:
            yield Difference(
                kind=Kind.WIDE,
                action=_named(statement, "Action"),
                resource=_named(statement, "Resource"),
                reason=f"name what is needed, {place}",
            )
            continue
        for action in listed(statement["Action"]):
            yield from _surplus_of_action(str(action), statement, wanted, place)


def _named(statement: Mapping[str, Json], member: str) -> str:
    """What a statement is about, in words."""
    if f"Not{member}" in statement:
        return f"all but {', '.join(map(str, listed(statement[f'Not{member}'])))}"
    return ", ".join(map(str, listed(statement[member])))


def _surplus_of_action(
    action: str, statement: Mapping[str, Json], wanted: Sequence[Statement], place: str
) -> Iterator[Difference]:
    resources = [str(item) for item in listed(statement["Resource"])]
    needing = {
        name: [item for item in wanted if name in item.actions]
        for name in sorted({name for item in wanted for name in item.actions})
        if covers(action.lower(), name.lower())
    }
    if not needing or is_pattern(action):
        needed = f"needed are only {', '.join(needing)}" if needing else "nothing of it is needed"
        yield Difference(
            kind=Kind.WIDE,
            action=action,
            resource=", ".join(resources),
            reason=f"{needed}, {place}",
        )
        return
    [(_, reasons)] = needing.items()
    for resource in resources:
        covering = [
            item
            for item in reasons
            if any(arn_covers(pattern, resource) for pattern in item.resources)
        ]
        if not covering:
            needed = ", ".join(pattern for item in reasons for pattern in item.resources)
            yield Difference(
                kind=Kind.WIDE,
                action=action,
                resource=resource,
                reason=f"needed is only {needed}, {place}",
            )
            continue
        lacking = [_unrestricted(item, statement) for item in covering]
        if all(lacking):
            yield Difference(
                kind=Kind.WIDE,
                action=action,
                resource=resource,
                reason=f"needed is only what has {lacking[0]}, {place}",
            )


def _unrestricted(needed: Statement, statement: Mapping[str, Json]) -> str:
    """A test of what is needed that a statement makes no tighter, in words; empty without one."""
    for operator, keys in needed.condition.items():
        for key, values in keys.items():
            given = [
                texts
                for other, name, texts in tests_of(statement)
                if name.lower() == key.lower() and not other.endswith("IfExists")
            ]
            is_as_tight = any(
                all(any(covers(value, text) for value in values) for text in texts)
                for texts in given
            )
            if not is_as_tight:
                return f"{operator} {key} {', '.join(values)}"
    return ""
