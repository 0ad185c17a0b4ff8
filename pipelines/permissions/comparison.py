"""Compares policies that are in force with what a role needs: what they lack, what is too much."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from pipelines.definition import Json
from pipelines.permissions.compact import compact
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
    """Permissions that are missing, or that nobody needs: each action on each resource."""

    kind: Kind
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str

    def to_document(self) -> dict[str, Json]:
        """The difference as JSON."""
        return {
            "Actions": list(self.actions),
            "Kind": str(self.kind),
            "Reason": self.reason,
            "Resources": list(self.resources),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Single:
    """One action on one resource."""

    kind: Kind
    action: str
    resource: str
    reason: str


def compare(
    wanted: Sequence[Statement], policies: Sequence[Mapping[str, Json]]
) -> list[Difference]:
    """What policies lack or have too much: first what is missing, in the order of the statements.

    Actions that lack the same resources for the same reason are one difference.

    Args:
        wanted: What a role needs.
        policies: What it has.
    """
    found = _together([*_lacks(wanted, policies), *_surplus(wanted, policies)])
    return sorted(found, key=lambda item: list(Kind).index(item.kind))


def _together(singles: Iterable[_Single]) -> Iterator[Difference]:
    by_reason: dict[tuple[Kind, str], dict[str, list[str]]] = {}
    for item in singles:
        by_action = by_reason.setdefault((item.kind, item.reason), {})
        by_action.setdefault(item.action, []).append(item.resource)
    for (kind, reason), found in by_reason.items():
        by_resources: dict[tuple[str, ...], list[str]] = {}
        for action, resources in found.items():
            by_resources.setdefault(tuple(dict.fromkeys(resources)), []).append(action)
        for names, actions in by_resources.items():
            yield Difference(kind=kind, actions=tuple(actions), resources=names, reason=reason)


def _lacks(
    wanted: Sequence[Statement], policies: Sequence[Mapping[str, Json]]
) -> Iterator[_Single]:
    kinds = {Verdict.DENIED: Kind.MISSING, Verdict.OPEN: Kind.OPEN}
    for statement in wanted:
        contexts = list(_contexts(statement))
        for action, resource in product(statement.actions, statement.resources):
            lacking: dict[tuple[Kind, str], list[Mapping[str, str]]] = {}
            for context in contexts:
                known = {key: [value] for key, value in context.items()}
                request = Request(action=action, resource=resource, context=known)
                decision = decide(policies, request)
                if decision.verdict in kinds:
                    case = (kinds[decision.verdict], decision.reason)
                    lacking.setdefault(case, []).append(context)
            for (kind, reason), found in lacking.items():
                yield _Single(
                    kind=kind,
                    action=action,
                    resource=resource,
                    reason=f"{reason}; needed for {statement.sid}{_among(found, contexts)}",
                )


def _contexts(statement: Statement) -> Iterator[Mapping[str, str]]:
    """What is known of the requests that are needed: a value of each condition key.

    A request has one of the values, so that what is in force may allow each in another statement.
    """
    keys = {key: values for keys in statement.condition.values() for key, values in keys.items()}
    for values in product(*keys.values()):
        yield dict(zip(keys, values, strict=True))


def _among(found: Sequence[Mapping[str, str]], contexts: Sequence[Mapping[str, str]]) -> str:
    """Which of the requests it is, in words; empty where it is all of them."""
    words = []
    for key in contexts[0]:
        values = dict.fromkeys(context[key] for context in found)
        if len(values) < len({context[key] for context in contexts}):
            words.append(f"{key} {', '.join(values)}")
    return f" with {'; '.join(words)}" if words else ""


def _surplus(
    wanted: Sequence[Statement], policies: Sequence[Mapping[str, Json]]
) -> Iterator[_Single]:
    for statement in statements_of(policies):
        if statement["Effect"] != "Allow":
            continue
        place = f"in {title(statement)}"
        if "NotAction" in statement or "NotResource" in statement:
            for action in _named(statement, "Action"):
                for resource in _named(statement, "Resource"):
                    yield _Single(
                        kind=Kind.WIDE,
                        action=action,
                        resource=resource,
                        reason=f"name what is needed, {place}",
                    )
            continue
        for action in listed(statement["Action"]):
            yield from _surplus_of_action(str(action), statement, wanted, place)


def _named(statement: Mapping[str, Json], member: str) -> list[str]:
    """What a statement is about, in words."""
    if f"Not{member}" in statement:
        return [f"all but {compact(map(str, listed(statement[f'Not{member}'])))}"]
    return list(map(str, listed(statement[member])))


def _surplus_of_action(
    action: str, statement: Mapping[str, Json], wanted: Sequence[Statement], place: str
) -> Iterator[_Single]:
    resources = [str(item) for item in listed(statement["Resource"])]
    needing = {
        name: [item for item in wanted if name in item.actions]
        for name in sorted({name for item in wanted for name in item.actions})
        if covers(action.lower(), name.lower())
    }
    if not needing or is_pattern(action):
        needed = f"needed are only {compact(needing)}" if needing else "nothing of it is needed"
        for resource in resources:
            yield _Single(
                kind=Kind.WIDE, action=action, resource=resource, reason=f"{needed}, {place}"
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
            needed = compact(pattern for item in reasons for pattern in item.resources)
            yield _Single(
                kind=Kind.WIDE,
                action=action,
                resource=resource,
                reason=f"needed is only {needed}, {place}",
            )
            continue
        lacking = [_unrestricted(item, statement) for item in covering]
        if all(lacking):
            yield _Single(
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
