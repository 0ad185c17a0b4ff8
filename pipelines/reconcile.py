"""Makes the schedules and rules of an account those that are declared, and no others.

What is right is left alone: an update lets a schedule with a rate begin anew. Host code; whoever
calls it passes the service clients in.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipelines.trigger_requests import RuleRequests, TriggerRequests


class TriggerError(Exception):
    """The account lacks what triggers need, or refused one; the message has the service's words."""


class Verb(StrEnum):
    """What was done."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was before."""

    verb: Verb
    kind: str
    """`schedule` or `rule`."""
    name: str

    def __str__(self) -> str:
        return f"{self.verb} {self.kind} {self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class PresentRule:
    """A rule of an account."""

    rule: Mapping[str, Any]
    """As ListRules answers."""
    targets: Mapping[str, Mapping[str, Any]]
    """Its targets by their ids, as ListTargetsByRule answers."""


def reconcile_triggers(wanted: TriggerRequests, *, scheduler: Any, events: Any) -> list[Change]:
    """Create, update and delete schedules and rules until they are as declared.

    It can be repeated after whatever it raised.

    Args:
        wanted: What there is to be; without schedules and rules, all of the project's are deleted.
        scheduler: An EventBridge Scheduler client.
        events: An EventBridge client.

    Returns:
        What was changed.

    Raises:
        TriggerError: The group of the schedules does not exist, or a target was refused.
    """
    return [*_reconcile_schedules(wanted, scheduler), *_reconcile_rules(wanted, events)]


def delete_triggers(wanted: TriggerRequests, *, scheduler: Any, events: Any) -> list[Change]:
    """Delete schedules and rules that are not declared, and leave all others as they are.

    It can be repeated after whatever it raised. With the group of the schedules, which may be gone
    before the pipelines are, they are gone.

    Args:
        wanted: What is to stay.
        scheduler: An EventBridge Scheduler client.
        events: An EventBridge client.

    Returns:
        What was deleted.

    Raises:
        TriggerError: The removal of a target was refused.
    """
    return [
        *_delete_schedules(wanted, _schedules(wanted, scheduler) or (), scheduler),
        *_delete_rules(wanted, present_rules(wanted, events), events),
    ]


def present_schedules(wanted: TriggerRequests, scheduler: Any) -> dict[str, Mapping[str, Any]]:
    """The project's schedules by name, as GetSchedule answers.

    Raises:
        TriggerError: There are to be schedules, and their group does not exist.
    """
    found = _schedules(wanted, scheduler)
    if found is None and wanted.schedules:
        raise TriggerError(
            f"The schedule group '{wanted.group}' does not exist; deploy the template that "
            "'pipelines stack' prints, or name another with SITE_SCHEDULE_GROUP."
        )
    return found or {}


def _schedules(wanted: TriggerRequests, scheduler: Any) -> dict[str, Mapping[str, Any]] | None:
    """The project's schedules by name; None without their group."""
    pages = scheduler.get_paginator("list_schedules").paginate(
        GroupName=wanted.group, NamePrefix=wanted.prefix
    )
    try:
        names = [item["Name"] for page in pages for item in page["Schedules"]]
    except scheduler.exceptions.ResourceNotFoundException:
        return None
    found = {name: scheduler.get_schedule(GroupName=wanted.group, Name=name) for name in names}
    for schedule in found.values():
        schedule.pop("ResponseMetadata", None)  # it is about the answer
    return found


def present_rules(wanted: TriggerRequests, events: Any) -> dict[str, PresentRule]:
    """The project's rules by name."""
    pages = events.get_paginator("list_rules").paginate(NamePrefix=wanted.prefix)
    return {
        rule["Name"]: PresentRule(rule=rule, targets=_targets(rule["Name"], events))
        for page in pages
        for rule in page["Rules"]
        # Whatever the service takes a prefix for: nothing else is ours to delete.
        if rule["Name"].startswith(wanted.prefix)
    }


def present_targets(rules: Mapping[str, PresentRule]) -> list[Mapping[str, Any]]:
    """The targets of all rules."""
    return [target for rule in rules.values() for target in rule.targets.values()]


def _reconcile_schedules(wanted: TriggerRequests, scheduler: Any) -> list[Change]:
    declared = {request["Name"]: request for request in wanted.schedules}
    found = present_schedules(wanted, scheduler)
    changes = []
    for name, request in declared.items():
        if name not in found:
            scheduler.create_schedule(**request)
            changes.append(Change(Verb.CREATED, "schedule", name))
        elif any(found[name].get(member) != value for member, value in request.items()):
            scheduler.update_schedule(**request)
            changes.append(Change(Verb.UPDATED, "schedule", name))
    return [*changes, *_delete_schedules(wanted, found, scheduler)]


def _delete_schedules(
    wanted: TriggerRequests, found: Iterable[str], scheduler: Any
) -> Iterator[Change]:
    for name in sorted(set(found) - {request["Name"] for request in wanted.schedules}):
        scheduler.delete_schedule(GroupName=wanted.group, Name=name)
        yield Change(Verb.DELETED, "schedule", name)


def _reconcile_rules(wanted: TriggerRequests, events: Any) -> list[Change]:
    found = present_rules(wanted, events)
    declared = {requests.rule["Name"]: requests for requests in wanted.rules}
    changes = []
    for name, requests in declared.items():
        present = found.get(name)
        if present is None:
            verb = Verb.CREATED
        elif _is_as_declared(requests, present):
            continue
        else:
            verb = Verb.UPDATED
        events.put_rule(**requests.rule)
        _put_target(name, requests.target, events)
        others = (present.targets.keys() if present else set()) - {requests.target["Id"]}
        _remove_targets(name, sorted(others), events)
        changes.append(Change(verb, "rule", name))
    return [*changes, *_delete_rules(wanted, found, events)]


def _delete_rules(
    wanted: TriggerRequests, found: Mapping[str, PresentRule], events: Any
) -> Iterator[Change]:
    for name in sorted(found.keys() - {requests.rule["Name"] for requests in wanted.rules}):
        _remove_targets(name, sorted(found[name].targets), events)
        events.delete_rule(Name=name)
        yield Change(Verb.DELETED, "rule", name)


def _targets(rule: str, events: Any) -> dict[str, Mapping[str, Any]]:
    pages = events.get_paginator("list_targets_by_rule").paginate(Rule=rule)
    return {target["Id"]: target for page in pages for target in page["Targets"]}


def _is_as_declared(requests: RuleRequests, present: PresentRule) -> bool:
    pattern = requests.rule["EventPattern"]
    return (
        json.loads(present.rule.get("EventPattern", "{}")) == json.loads(pattern)
        and all(present.rule.get(key) == requests.rule[key] for key in ("Description", "State"))
        and present.targets == {requests.target["Id"]: requests.target}
    )


def _put_target(rule: str, target: Mapping[str, Any], events: Any) -> None:
    answer = events.put_targets(Rule=rule, Targets=[target])
    _check_entries(rule, answer)


def _remove_targets(rule: str, ids: list[str], events: Any) -> None:
    if ids:
        _check_entries(rule, events.remove_targets(Rule=rule, Ids=ids))


def _check_entries(rule: str, answer: Mapping[str, Any]) -> None:
    """Refusals of single targets are in the answer, and raise nothing."""
    if answer["FailedEntryCount"]:
        entry = answer["FailedEntries"][0]
        raise TriggerError(
            f"Target '{entry['TargetId']}' of rule '{rule}' was refused: {entry['ErrorCode']}: "
            f"{entry['ErrorMessage']}"
        )
