"""What a look at an account finds: of each thing, whether it is right, wrong, or cannot be seen."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipelines.account.errors import AccountError, explained


class Verdict(StrEnum):
    """How a look ended."""

    OK = "ok"
    PROBLEM = "problem"
    UNKNOWN = "could not tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing."""

    verdict: Verdict
    subject: str
    """What was looked at, for example `Bucket`."""
    text: str
    """What is there; where something is wrong, also what to do next."""

    def to_document(self) -> dict[str, str]:
        """The finding as JSON."""
        return {"Subject": self.subject, "Text": self.text, "Verdict": str(self.verdict)}


@dataclass(frozen=True, slots=True)
class Look:
    """A look at one thing; it only reads."""

    subject: str
    service: str
    """The service to ask, for example `s3`."""
    find: Callable[[Any], Iterable[Finding]]
    """Asks with a client of that service."""

    def findings(self, client: Callable[[str], Any]) -> list[Finding]:
        """What it finds; what the service refuses to show could not be told.

        Args:
            client: Gives a client of a service.
        """
        try:
            with explained():
                return list(self.find(client(self.service)))
        except AccountError as error:
            return [Finding(Verdict.UNKNOWN, self.subject, str(error))]
