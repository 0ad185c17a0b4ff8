"""What a check found: the rule, the place in the document, and a sentence or two about it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One mistake in a definition."""

    rule: str
    """Id of the rule, for example `D010`."""
    pointer: str
    """JSON pointer (RFC 6901) into the definition; empty for the whole document."""
    message: str
    """What was found, what was expected, and the nearest name where there is one."""
    source: str
    """Where the rule is documented."""

    def line(self, pipeline: str) -> str:
        """The finding as one line, for example `training:/Steps/1/Name D002 ...`."""
        return f"{pipeline}:{self.pointer} {self.rule} {self.message}"
