"""Which texts a pattern of a policy covers: `*` stands for any text, `?` for any one character.

What is compared with a pattern may be a pattern itself, and stands for all texts that it covers.
"""

import re
from functools import cache

ANYTHING = "*"
WILDCARDS = frozenset("*?")


def is_pattern(text: str) -> bool:
    """Whether a text has wildcards."""
    return not WILDCARDS.isdisjoint(text)


def covers(pattern: str, other: str) -> bool:
    """Whether a pattern covers all that another one covers.

    It answers no for some pairs that differ only in how wildcards are written, such as `*?` and
    `?*`, and never yes where that is wrong.
    """
    return _expression(pattern, ".*").fullmatch(other) is not None


def arn_covers(pattern: str, other: str) -> bool:
    """Whether a pattern of an ARN covers all that another one covers.

    A `*` crosses a colon only where it ends a segment.

    Source: AWS IAM User Guide, "IAM JSON policy elements: Resource",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    return _expression(pattern, r"(?:[^:*]|\*(?!:|$))*").fullmatch(other) is not None


@cache
def _expression(pattern: str, inner_star: str) -> re.Pattern[str]:
    parts = []
    for index, character in enumerate(pattern):
        if character == "*":
            ends_segment = pattern[index + 1 : index + 2] in {"", ":"}
            parts.append(".*" if ends_segment else inner_star)
        else:
            parts.append("[^*]" if character == "?" else re.escape(character))
    return re.compile("".join(parts), re.DOTALL)


def overlaps(first: str, second: str) -> bool:
    """Whether there is a text that both patterns cover."""
    row = _leading_stars(second, {0})
    for character in first:
        if character == "*":
            # It covers nothing, or what some more of the other pattern covers.
            row = set(range(min(row), len(second) + 1))
            continue
        following = {
            index + (second[index] != "*")
            for index in row
            if index < len(second)
            and (second[index] in WILDCARDS or character in {"?", second[index]})
        }
        row = _leading_stars(second, following)
        if not row:
            return False
    return len(second) in row


def _leading_stars(pattern: str, positions: set[int]) -> set[int]:
    """Positions in a pattern, and those that are reached where its stars cover nothing."""
    reached = set(positions)
    for position in positions:
        index = position
        while index < len(pattern) and pattern[index] == "*":
            index += 1
            reached.add(index)
    return reached
