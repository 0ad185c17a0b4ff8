"""Fails where a check of a window found violations, so that a Fail step follows.

A condition cannot decide it: the service takes no condition inside the branch of another one, and
the checks are in the branch of the windows that have records.

Event: `Checks`, by what was checked: `NumViolations`, a number or its text; `Status`; and `Worst`,
the worst violations in words.
Answer: `Message`.
"""

from collections.abc import Mapping
from typing import Any


class DriftError(Exception):
    """A check found violations."""


def respond(event: Mapping[str, Any]) -> dict[str, str]:
    """Answer the event.

    Args:
        event: The event, as described above.

    Raises:
        DriftError: A check found violations.
    """
    checks = event["Checks"]
    words = [
        f"{name}: {check['Worst']}"
        for name, check in checks.items()
        # What the service makes of a number in a property file is not documented.
        if float(check["NumViolations"]) > 0
    ]
    if words:
        raise DriftError("; ".join(words))
    statuses = ", ".join(f"{name} {check['Status']}" for name, check in checks.items())
    return {"Message": f"no violations: {statuses}"}


def handler(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """Entry point on AWS Lambda."""
    return respond(event)
