"""Writes changes as lines: for a terminal, for a notebook, and values short enough to read."""

import html
import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

from pipelines.definition import Json, is_expression
from pipelines.plan.changes import Change
from pipelines.plan.code import CodeChange
from pipelines.plan.difference import ABSENT, Difference, Value
from pipelines.plan.verb import Verb
from pipelines.shown import preformatted

_MARKS = {Verb.ADDED: "+", Verb.CHANGED: "~", Verb.REMOVED: "-"}
_ANSI = {Verb.ADDED: "\x1b[32m", Verb.CHANGED: "\x1b[33m", Verb.REMOVED: "\x1b[31m"}
_ANSI_END = "\x1b[0m"
_HTML = {Verb.ADDED: "#2e8b57", Verb.CHANGED: "#b7791f", Verb.REMOVED: "#c0392b"}
"""Legible on white and on black."""
_INDENT = "    "
_MAX_CHARACTERS = 60
_CONTEXT_CHARACTERS = 12
_NUM_DIGITS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a plan."""

    text: str
    verb: Verb | None = None
    level: int = 0


def as_text(lines: Iterable[Line], *, has_colour: bool) -> str:
    """Lines for a terminal or a file, each with its end."""
    return "".join(f"{_terminal(line, has_colour=has_colour)}\n" for line in lines)


def as_html(lines: Iterable[Line]) -> str:
    """Lines as one HTML element, without scripts or references."""
    return preformatted("<br>".join(map(_element, lines)))


def _terminal(line: Line, *, has_colour: bool) -> str:
    if line.verb is None:
        return f"{_INDENT * line.level}{line.text}"
    mark = _MARKS[line.verb]
    if has_colour:
        mark = f"{_ANSI[line.verb]}{mark}{_ANSI_END}"
    return f"{_INDENT * line.level}{mark} {line.text}"


def _element(line: Line) -> str:
    text = html.escape(_terminal(line, has_colour=False))
    return text if line.verb is None else f'<span style="color:{_HTML[line.verb]}">{text}</span>'


def change_lines(change: Change) -> Iterable[Line]:
    """A change with what changed in it."""
    title = f"{change.kind} {change.name}"
    inline = [shown(item) for item in change.differences if not item.path]
    summary = change.summary or " ".join(inline)
    yield Line(text=f"{title}  {summary}" if summary else title, verb=change.verb)
    for difference in change.differences:
        if difference.path:
            yield difference_line(difference, level=1)
    for code in change.code:
        yield from _code_lines(code)


def difference_line(difference: Difference, *, level: int = 0) -> Line:
    """A difference with its path."""
    verb = Verb.CHANGED
    if difference.old is ABSENT:
        verb = Verb.ADDED
    elif difference.new is ABSENT:
        verb = Verb.REMOVED
    return Line(text=f"{difference.path}  {shown(difference)}", verb=verb, level=level)


def _code_lines(code: CodeChange) -> Iterable[Line]:
    digests = f"{code.old_digest[:_NUM_DIGITS]} -> {code.new_digest[:_NUM_DIGITS]}"
    if code.files is None:
        note = ", files unknown: the deployed bundle has no manifest"
    else:
        note = "" if code.files else ", same files, another configuration"
    yield Line(text=f"code {code.name}  {digests}{note}", verb=Verb.CHANGED, level=1)
    for file in code.files or ():
        yield Line(text=file.path, verb=file.verb, level=2)


def shown(difference: Difference) -> str:
    """Both sides, or the one there is, cut where they are long and alike."""
    sides = [_text(side) for side in (difference.old, difference.new) if side is not ABSENT]
    if max(map(len, sides)) > _MAX_CHARACTERS:
        alike = _num_alike(*sides) if len(sides) > 1 else 0
        start = max(0, alike - _CONTEXT_CHARACTERS)
        sides = [_cut(side, start) for side in sides]
    return " -> ".join(sides)


def _num_alike(text: str, other: str) -> int:
    pairs = zip(text, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _cut(text: str, start: int) -> str:
    end = start + _MAX_CHARACTERS
    return f"{'...' if start else ''}{text[start:end]}{'...' if len(text) > end else ''}"


def _text(value: Value) -> str:
    """A JSON value, with expressions as a person would write them."""
    return _expression(value) if is_expression(value) else json.dumps(value, sort_keys=True)


def _expression(value: Json) -> str:
    kind, content = next(iter(value.items()))
    if kind == "Get":
        return f"{{{content}}}"
    if kind == "Std:Join" and isinstance(content, dict):
        parts = (
            _expression(part) if is_expression(part) else str(part)
            for part in content.get("Values", [])
        )
        return f'"{str(content.get("On", "")).join(parts)}"'
    return json.dumps(value, sort_keys=True)
