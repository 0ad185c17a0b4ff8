"""What a check found."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One mistake in a definition; as text, for example `/Steps/1/Type D016 Step 'Train' ...`."""

    rule: str
    """Id of the rule, for example `D010`."""
    pointer: str
    """JSON pointer (RFC 6901) into the definition; empty for the whole document."""
    message: str
    """What was found, what was expected, and the nearest name where there is one."""
    source: str
    """Page that documents the rule."""

    def __str__(self) -> str:
        return f"{self.pointer} {self.rule} {self.message}"
