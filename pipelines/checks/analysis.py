"""A definition with what several rules need to know about it, worked out once."""

from collections.abc import Iterable
from functools import cached_property

from pipelines.checks.document import Document, depends_on, expressions
from pipelines.checks.properties import Dead, DeadEnd, missing_step, resolve
from pipelines.checks.reports import Unread, Unreadable, read
from pipelines.checks.shapes import Breach, Violation, violations
from pipelines.wording import more_places


class Analysis(Document):
    """What rules look at. Before the gates have passed, only `definition` is safe to use.

    Every mistake is listed once, however many places in the document show it.
    """

    def dead_ends(self, why: Dead) -> list[tuple[str, str]]:
        """Pointer and message of the references that lead nowhere for one reason."""
        return each_once(
            (pointer, end.key, end.message) for pointer, end in self._dead_ends if end.why == why
        )

    def unreadable(self, why: Unread) -> list[tuple[str, str]]:
        """Pointer and message of the JSON paths without a value for one reason."""
        return each_once(
            (pointer, end.key, end.message) for pointer, end in self._unreadable if end.why == why
        )

    def violations(self, breach: Breach) -> list[tuple[str, str]]:
        """Pointer and message of the arguments that do not fit the service's request in one way."""
        return [(v.pointer, v.message) for v in self._violations if v.breach == breach]

    @cached_property
    def _dead_ends(self) -> list[tuple[str, DeadEnd]]:
        found = [(use.reference.pointer, resolve(self, use)) for use in self.uses]
        found += [
            (pointer, missing_step(self, f"Step '{step.name}'", name))
            for step in self.steps
            for pointer, name in depends_on(step)
            if name not in self.steps_by_name
        ]
        return [(pointer, end) for pointer, end in found if isinstance(end, DeadEnd)]

    @cached_property
    def _unreadable(self) -> list[tuple[str, Unreadable]]:
        found = (
            (item.pointer, read(self, f"Step '{step.name}'", item.value))
            for step in self.steps
            for item in expressions(step.own, step.pointer)
            if "Std:JsonGet" in item.value
        )
        return [(pointer, result) for pointer, result in found if isinstance(result, Unreadable)]

    @cached_property
    def _violations(self) -> list[Violation]:
        return violations(self)


def each_once(found: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Of problems with the same key the first one, with the number of the others.

    Args:
        found: Pointer, key and message of each.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for pointer, key, message in found:
        groups.setdefault(key, []).append((pointer, message))
    return [(group[0][0], group[0][1] + more_places(len(group) - 1)) for group in groups.values()]
