"""What a rule is: an id, a title, a source, and the function that finds what breaks it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pipelines.checks.analysis import Analysis
from pipelines.checks.finding import Finding


class Problem(NamedTuple):
    """A place in the document and what is wrong there."""

    pointer: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One thing that is checked."""

    id: str
    title: str
    """What must hold, as a sentence without its full stop."""
    source: str
    """Page that documents it."""
    is_gate: bool
    """Whether the rules after this one make no sense where it is broken."""
    find: Callable[[Analysis], Iterable[Problem]]

    def findings(self, analysis: Analysis) -> Iterator[Finding]:
        """Everything in a definition that breaks the rule."""
        for pointer, message in self.find(analysis):
            yield Finding(rule=self.id, pointer=pointer, message=message, source=self.source)


def rule(
    rule_id: str, title: str, source: str, *, is_gate: bool = False
) -> Callable[[Callable[[Analysis], Iterable[Problem]]], Rule]:
    """Make a rule of a function that yields problems."""

    def decorate(find: Callable[[Analysis], Iterable[Problem]]) -> Rule:
        return Rule(id=rule_id, title=title, source=source, is_gate=is_gate, find=find)

    return decorate
