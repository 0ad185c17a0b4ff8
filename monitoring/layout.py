r"""Reads lines of captured records that differ in nothing but their values, without a JSON parser.

The records of an endpoint look alike: the same keys in the same order, the same spaces. A layout
is the text of one such line with its values left open, as a regular expression. What matches it
as a whole is JSON of the same structure, because only a number with a point may stand where the
line had one, and only a text without quotes and control characters where it had a text:

    ..."data":"{\"brightness\": (0.41), \"predicted_label\": \"(cat)\"}","encoding":"JSON"...

Anything else is left to the JSON parser.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

MAX_LAYOUT_BYTES = 16 * 1024
"""Length of the longest lines that are worth a layout."""

# Quantifiers that give nothing back. No leading zero, and no more than a double can hold.
_NUMBER = rb"-?+(?:0|[1-9][0-9]{0,15}+)\.[0-9]++(?:e-[0-9]++)?+"
# Printable ASCII without quotes and backslashes; in the answer, which is JSON within JSON, also
# what stands for any other character, unless that is half of one.
_PLAIN = rb"[ !#-\[\]-~]"
_TEXT = _PLAIN + rb"*+(?:\\\\u(?!d[89a-f])[0-9a-f]{4}" + _PLAIN + rb"*+)*+"
_VALUE = re.compile(
    rb'(?P<start>\\"(?P<field>[\w .-]+)\\":[ ]?+)'
    rb"(?:(?P<number>" + _NUMBER + rb')|\\"' + _TEXT + rb'\\")'
    rb'|(?P<entry>"(?P<key>eventId|inferenceId|inferenceTime|customAttributes)":[ ]?+\[?+)'
    rb'"' + _PLAIN + rb'+"'
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Layout:
    """The text of a line with its values left open."""

    pattern: re.Pattern[bytes]
    """Matches a whole line; each of its groups is a value."""
    metadata: Mapping[str, int]
    """Keys of the event's metadata, and which group is the value of each, from 0."""
    numbers: Mapping[str, int]
    """Fields of the answer that are numbers, likewise."""
    texts: Mapping[str, int]
    """Fields of the answer that are texts, likewise; see `unescape`."""

    @classmethod
    def of(cls, line: bytes) -> Self | None:
        """The layout of a line; None where two of its values have the same name.

        Whoever takes it must first hold what it reads in this line against what the JSON parser
        reads: a value may stand elsewhere than in the answer.
        """
        parts: list[bytes] = []
        metadata: dict[str, int] = {}
        numbers: dict[str, int] = {}
        texts: dict[str, int] = {}
        group = end = 0
        for group, match in enumerate(_VALUE.finditer(line), start=1):
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
            pattern=re.compile(b"".join(parts)), metadata=metadata, numbers=numbers, texts=texts
        )


@lru_cache(maxsize=1024)  # Labels repeat.
def unescape(text: str) -> str:
    """A text of the answer as it is meant, from how it stands in the line."""
    meant: str = json.loads('"' + text.replace("\\\\", "\\") + '"')
    return meant
