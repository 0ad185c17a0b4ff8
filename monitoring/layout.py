r"""Reads lines of captured records that differ in nothing but their values, without a JSON parser.

The records of an endpoint look alike: the same keys in the same order, the same spaces. A layout
is the text of one such line with its values left open, as a regular expression. What matches it
as a whole is JSON of the same structure, because only a number with a point may stand where the
line had one, and only a text without quotes and control characters where it had a text:

    ..."data":"{\"brightness\": (0.41), \"predicted_label\": \"(cat)\"}","encoding":"JSON"...

What the endpoint was asked comes before any value, and nobody reads it here, so it is passed over
as fast as bytes can be compared, and only held to be a text of JSON:

    {"captureData":{"endpointInput":{..."data":"/9j/4AAQSkZJRgABAQAAAQABAAD...","encoding":...

Anything else is left to the JSON parser.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

MAX_LAYOUT_BYTES = 16 * 1024
"""Length of the longest lines that are worth a layout, without what was asked."""

# Quantifiers that give nothing back. No leading zero, and no more than a double can hold.
_NUMBER = rb"-?+(?:0|[1-9][0-9]{0,15}+)\.[0-9]++(?:e-[0-9]++)?+"
# Printable ASCII without quotes and backslashes; in the answer, which is JSON within JSON, also
# what stands for any other character, unless that is half of one.
_PLAIN = rb"[ !#-\[\]-~]"
_TEXT = _PLAIN + rb"*+(?:\\\\u(?!d[89a-f])[0-9a-f]{4}" + _PLAIN + rb"*+)*+"
_INPUT = re.compile(rb'[^"\\]*+"captureData":[ ]?+\{"endpointInput":[ ]?+\{[^{}]*?"data":[ ]?+"')
# What is beyond ASCII might be no UTF-8.
_REST_OF_TEXT = re.compile(rb'(?:[ !#-\[\]-~]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+(?=")')
_FIRST_PRINTABLE = ord(" ")
_LONG = 512
"""From this length on, looking at a text as an array takes less time than a regular expression."""

_VALUE = re.compile(
    rb'(?P<start>\\"(?P<field>[\w .-]+)\\":[ ]?+)'
    rb"(?:(?P<number>" + _NUMBER + rb')|\\"' + _TEXT + rb'\\")'
    rb'|(?P<entry>"(?P<key>eventId|inferenceId|inferenceTime|customAttributes)":[ ]?+\[?+)'
    rb'"' + _PLAIN + rb'+"'
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Layout:
    """The text of a line with its values left open."""

    head: bytes
    """The line up to what the endpoint was asked; empty if that was not captured."""
    pattern: re.Pattern[bytes]
    """Matches the rest of the line; each of its groups is a value."""
    metadata: Mapping[str, int]
    """Keys of the event's metadata, and which group is the value of each, from 0."""
    numbers: Mapping[str, int]
    """Fields of the answer that are numbers, likewise."""
    texts: Mapping[str, int]
    """Fields of the answer that are texts, likewise; see `unescape`."""

    @classmethod
    def of(cls, line: bytes) -> Self | None:
        """The layout of a line; None if it is too long or unusual, or two values have one name.

        Whoever takes it must first hold what it reads in this line against what the JSON parser
        reads: a value may stand elsewhere than in the answer.
        """
        asked = _INPUT.match(line)
        head = asked[0] if asked else b""
        start = _start_of_rest(line, head) if head else 0
        if start is None or len(line) - start > MAX_LAYOUT_BYTES:
            return None
        if line.find(b'"endpointInput"', start) >= 0:  # Elsewhere than expected.
            return None
        parts: list[bytes] = []
        metadata: dict[str, int] = {}
        numbers: dict[str, int] = {}
        texts: dict[str, int] = {}
        group, end = 0, start
        for group, match in enumerate(_VALUE.finditer(line, start), start=1):
            parts.append(re.escape(line[end : match.start()]))
            end = match.end()
            if match["entry"]:
                metadata[match["key"].decode()] = group - 1
                parts += [re.escape(match["entry"]), b'"(', _PLAIN, b'++)"']
            elif match["number"]:
                numbers[match["field"].decode()] = group - 1
                parts += [re.escape(match["start"]), b"(", _NUMBER, b")"]
            else:
                texts[match["field"].decode()] = group - 1
                parts += [re.escape(match["start"]), rb'\\"(', _TEXT, rb')\\"']
        if len({*numbers, *texts}) + len(metadata) != group:
            return None
        parts.append(re.escape(line[end:]))
        return cls(
            head=head,
            pattern=re.compile(b"".join(parts)),
            metadata=metadata,
            numbers=numbers,
            texts=texts,
        )

    def values(self, line: bytes) -> tuple[bytes, ...] | None:
        """The values of a line; None if it has another layout."""
        start = _start_of_rest(line, self.head) if self.head else 0
        match = None if start is None else self.pattern.fullmatch(line, start)
        return match and match.groups()


def _start_of_rest(line: bytes, head: bytes) -> int | None:
    """Where a line goes on after what was asked; None if it does not begin like that."""
    if not line.startswith(head):
        return None
    start = len(head)
    end = line.find(b'"', start)
    if end - start < _LONG or line.find(b"\\", start, end) >= 0:
        match = _REST_OF_TEXT.match(line, start)
        return match and match.end()
    # As signed numbers, bytes beyond ASCII are the smallest.
    smallest = np.minimum.reduce(np.frombuffer(line, np.int8, end - start, start))
    return end if smallest >= _FIRST_PRINTABLE else None


@lru_cache(maxsize=1024)  # Labels repeat.
def unescape(text: str) -> str:
    """A text of the answer as it is meant, from how it stands in the line."""
    meant: str = json.loads('"' + text.replace("\\\\", "\\") + '"')
    return meant
