"""Decides whether a policy allows a request, as far as the policy alone tells.

The policy's statements are read as IAM reads them: what one denies is denied, else what one allows
is allowed, and the rest is denied. A request may be a pattern: it is allowed when all that it
stands for is, and denied when any of it is. What a policy makes depend on something else than the
request says, such as an address or a tag, is left open.

Source: AWS IAM User Guide, "Policy evaluation logic",
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pipelines.definition import Json
from pipelines.permissions.patterns import ANYTHING, arn_covers, covers, overlaps


class Verdict(StrEnum):
    """What a policy says of a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """An action on a resource."""

    action: str
    resource: str
    """An ARN, a pattern of it, or `*` for an action that is not about one."""
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What is known besides: values by condition key."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and why."""

    verdict: Verdict
    reason: str


def decide(policies: Iterable[Mapping[str, Json]], request: Request) -> Decision:
    """What policies say together of a request.

    Args:
        policies: Policy documents of one role or person.
        request: What is to be done.
    """
    statements = list(statements_of(policies))
    is_open = ""
    for statement in statements:
        if statement["Effect"] == "Deny":
            applies = _denies(statement, request)
            if applies:
                return Decision(Verdict.DENIED, f"denied by {title(statement)}")
            if applies is None:
                is_open = f"{title(statement)} denies it under a condition"
    answers = [(_allows(item, request), item) for item in statements if item["Effect"] == "Allow"]
    allowing = next((item for applies, item in answers if applies), None)
    if allowing is not None:
        if is_open:
            return Decision(Verdict.OPEN, is_open)
        return Decision(Verdict.ALLOWED, f"allowed by {title(allowing)}")
    conditional = next((item for applies, item in answers if applies is None), None)
    if conditional is not None:
        return Decision(Verdict.OPEN, f"{title(conditional)} allows it under a condition")
    return Decision(Verdict.DENIED, "allowed by no statement")


def statements_of(policies: Iterable[Mapping[str, Json]]) -> Iterator[Mapping[str, Json]]:
    """The statements of policies; a single one may stand without a list around it."""
    for policy in policies:
        yield from listed(policy["Statement"])


def statements_about(policy: Mapping[str, Json], service: str) -> Iterator[Mapping[str, Json]]:
    """The statements of a resource's policy that are about a service.

    Args:
        policy: Policy of a role, a queue or another resource: its statements name principals.
        service: For example `events.amazonaws.com`.

    Source: AWS IAM User Guide, "AWS JSON policy elements: Principal",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    for statement in statements_of([policy]):
        if "NotPrincipal" in statement:
            is_about = not _names_service(statement["NotPrincipal"], service)
        else:
            is_about = _names_service(statement["Principal"], service)
        if is_about:
            yield statement


def _names_service(principal: Json, service: str) -> bool:
    if not isinstance(principal, dict):
        return ANYTHING in listed(principal)
    services = listed(principal.get("Service", []))
    return service in services or ANYTHING in (*services, *listed(principal.get("AWS", [])))


def listed(value: Json) -> list[Json]:
    """A value that a policy may write with a list around it or without."""
    return list(value) if isinstance(value, list) else [value]


def title(statement: Mapping[str, Json]) -> str:
    """A statement's name for a message."""
    return f"statement '{statement['Sid']}'" if "Sid" in statement else "a statement without Sid"


def names_action(statement: Mapping[str, Json], action: str) -> bool:
    """Whether a statement is about an action."""
    if "NotAction" in statement:
        return not _lists_action(statement["NotAction"], action)
    return _lists_action(statement["Action"], action)


def _lists_action(patterns: Json, action: str) -> bool:
    # Case does not count in the names of actions.
    return any(covers(str(item).lower(), action.lower()) for item in listed(patterns))


def _allows(statement: Mapping[str, Json], request: Request) -> bool | None:
    """Whether it allows the whole request; None where that depends on what is not known."""
    if not names_action(statement, request.action):
        return False
    if "NotResource" in statement:
        patterns = listed(statement["NotResource"])
        if _has_variable(patterns):
            return None
        is_about = not any(overlaps(pattern, request.resource) for pattern in patterns)
    else:
        patterns = listed(statement["Resource"])
        is_about = any(arn_covers(pattern, request.resource) for pattern in patterns)
        if not is_about and _has_variable(patterns):
            return None
    if not is_about:
        return False
    return _all(_holds(*test, request, is_whole=True) for test in tests_of(statement))


def _denies(statement: Mapping[str, Json], request: Request) -> bool | None:
    """Whether it denies any part of the request; None where that depends on what is not known."""
    if not names_action(statement, request.action):
        return False
    if "NotResource" in statement:
        patterns = listed(statement["NotResource"])
        is_about = not any(arn_covers(pattern, request.resource) for pattern in patterns)
    else:
        patterns = listed(statement["Resource"])
        is_about = any(overlaps(pattern, request.resource) for pattern in patterns)
    if _has_variable(patterns):
        return None
    if not is_about:
        return False
    return _all(_holds(*test, request, is_whole=False) for test in tests_of(statement))


def _has_variable(patterns: Sequence[str]) -> bool:
    return any("${" in pattern for pattern in patterns)


def tests_of(statement: Mapping[str, Json]) -> Iterator[tuple[str, str, list[str]]]:
    """Operator, key and values of each test in a statement's condition; all of them must hold."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key, [str(value) for value in listed(values)]


_OPERATORS = frozenset({"ArnEquals", "ArnLike", "Bool", "StringEquals", "StringLike"})
_IF_EXISTS = "IfExists"
_ANY_VALUE = "ForAnyValue:"


def _holds(
    operator: str, key: str, values: Sequence[str], request: Request, *, is_whole: bool
) -> bool | None:
    """Whether a test holds for the whole request, or for any part of it.

    Source: AWS IAM User Guide, "IAM JSON policy elements: Condition operators",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    name = operator.removesuffix(_IF_EXISTS).removeprefix(_ANY_VALUE)
    known = {name.lower(): value for name, value in request.context.items()}.get(key.lower())
    if known is None or name not in _OPERATORS or _has_variable(values):
        return None
    answers = [
        any(_matches(name, value, item, is_whole=is_whole) for value in values) for item in known
    ]
    is_any = operator.startswith(_ANY_VALUE) or not is_whole
    return any(answers) if is_any else all(answers)


def _matches(operator: str, value: str, item: str, *, is_whole: bool) -> bool:
    if operator == "Bool":
        return value.lower() == item.lower()
    if operator == "StringEquals":
        return value == item if is_whole else covers(item, value)
    if not is_whole:
        return overlaps(value, item)
    return (arn_covers if operator.startswith("Arn") else covers)(value, item)


def _all(answers: Iterable[bool | None]) -> bool | None:
    found = list(answers)
    if False in found:
        return False
    return None if None in found else True
