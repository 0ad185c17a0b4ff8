"""What the step DriftDetected says first: how many violations each check of a window found.

The function that starts a retraining reads it back: the step follows every failure of the one
before it, and in some of them nothing has drifted. Standard library only.
"""

import re
from collections.abc import Mapping
from typing import TypeVar

_LEAD = "Violations: "
_COUNT = re.compile(r"[a-z ]+ (\d+)(?:\.0+)?")
"""A number of a property file may come with a fraction of zero: nothing documents its form."""

CountT = TypeVar("CountT")


def violations_parts(counts: Mapping[str, CountT]) -> list[CountT | str]:
    """The sentence as parts to be joined, with a space at its end.

    Args:
        counts: How many violations each check found, by what it looked at, in lower-case words; a
            count may be an expression of the pipeline.
    """
    parts: list[CountT | str] = []
    for name, count in counts.items():
        parts += [f"{', ' if parts else _LEAD}{name} ", count]
    return [*parts, ". "]


def num_violations(message: str) -> int | None:
    """Violations of all checks, as a message says; None where it does not begin with the sentence.

    Only the beginning counts: what follows has texts of the records.
    """
    sentence, _, _ = message.partition(". ")
    counts = [_COUNT.fullmatch(part) for part in sentence.removeprefix(_LEAD).split(", ")]
    if not sentence.startswith(_LEAD) or not all(counts):
        return None
    return sum(int(count[1]) for count in counts if count)
