"""The verdict on a window."""

from collections.abc import Mapping
from typing import Any

import pytest

from infrastructure.functions.judge_window.handler import DriftError, respond

NONE: Mapping[str, Any] = {
    "NumViolations": 0,
    "Status": "Completed",
    "Worst": "no violations",
}


@pytest.mark.parametrize("number", [0, "0", 0.0, "0.0"])
def test_a_window_without_violations_passes(number: object) -> None:
    """The message says how each check ended: too few records are no pass."""
    few = {"NumViolations": number, "Status": "InsufficientData", "Worst": "no violations"}
    assert respond({"Checks": {"data": NONE, "model quality": few}}) == {
        "Message": "no violations: data Completed, model quality InsufficientData"
    }


@pytest.mark.parametrize("number", [1, "1", 1.0, "2.0"])
def test_violations_fail(number: object) -> None:
    """One is enough, whatever the number's type; the error names the worst of each such check."""
    bad = {
        "NumViolations": number,
        "Status": "CompletedWithViolations",
        "Worst": "accuracy 0.5",
    }
    with pytest.raises(DriftError) as caught:
        respond({"Checks": {"data": NONE, "model quality": bad}})
    assert str(caught.value) == "model quality: accuracy 0.5"
