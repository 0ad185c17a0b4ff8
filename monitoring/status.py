"""How a check ended. Standard library only: Lambda functions import this module too."""

from enum import StrEnum


class Status(StrEnum):
    """How a check ended; the first two are Model Monitor's words."""

    COMPLETED = "Completed"
    COMPLETED_WITH_VIOLATIONS = "CompletedWithViolations"
    INSUFFICIENT_DATA = "InsufficientData"
    """No violation was found, but for some feature too few values came to judge it."""

    @property
    def is_conclusive(self) -> bool:
        """Whether the data were judged, so that nobody has to look at them again."""
        return self is not Status.INSUFFICIENT_DATA
