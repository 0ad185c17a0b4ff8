"""The sentence that says how many violations there are."""

import pytest

from steps.drift_message import num_violations, violations_parts


@pytest.mark.parametrize(
    ("data", "quality", "expected"), [(11, 6, 17), (0, 0, 0), ("3", "0", 3), ("3.0", "1.0", 4)]
)
def test_what_is_written_is_read(data: object, quality: object, expected: int) -> None:
    """Numbers and their texts are joined to a sentence, whose sum is read from a longer message."""
    parts = violations_parts({"data": data, "model quality": quality})
    sentence = "".join(map(str, parts))
    assert sentence == f"Violations: data {data}, model quality {quality}. "
    assert num_violations(f"{sentence}The worst: Violations: data 5. No more.") == expected


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Something else.",
        "Violations: . ",
        "Violations: data many. ",
        "Violations: data 1, . ",
        "The worst: Violations: data 1. ",
        "data 1. ",
    ],
)
def test_another_message_says_nothing(message: str) -> None:
    """Only a message that begins with the whole sentence counts."""
    assert num_violations(message) is None
