"""Brings together what a check says of each feature, the worst first."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitoring.data_check import CheckResult
from monitoring.data_quality import CheckType, Violation
from steps.window_files import NO_VIOLATIONS

MAX_WORST = 3
"""Features that are named where there is room for a line only."""

MAX_NAME_CHARACTERS = 60
"""Features may have any name; the message of a failure has room for some."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What was found of one feature."""

    name: str
    distance: float | None
    """From the baseline; None where the distributions were not compared."""
    threshold: float
    """Largest distance that is no drift; 0 where the distributions were not compared."""
    violations: tuple[Violation, ...]
    is_undecided: bool
    """Whether there were too few values to tell."""

    @property
    def excess(self) -> float:
        """The distance in thresholds; 0 where the distributions were not compared."""
        if not self.distance:
            return 0.0
        return self.distance / self.threshold if self.threshold else math.inf

    @property
    def is_drifted(self) -> bool:
        """Whether the distribution is another one."""
        checks = {violation["constraint_check_type"] for violation in self.violations}
        return CheckType.BASELINE_DRIFT in checks

    @property
    def status(self) -> str:
        """What was violated, in Model Monitor's words, or what there is to say instead."""
        checks = dict.fromkeys(item["constraint_check_type"] for item in self.violations)
        return ", ".join(checks) or ("insufficient data" if self.is_undecided else "fine")


def findings(result: CheckResult, names: Iterable[str]) -> list[Finding]:
    """A finding for every feature, the violated ones first, and of these the furthest.

    Args:
        result: What the check found.
        names: Features of the baseline.
    """
    violations: dict[str, list[Violation]] = {}
    for violation in result.violations:
        violations.setdefault(violation["feature_name"], []).append(violation)
    found = [
        Finding(
            name=name,
            distance=result.distances.get(name),
            threshold=result.thresholds.get(name, 0.0),
            violations=tuple(violations.get(name, ())),
            is_undecided=name in result.undecided,
        )
        for name in sorted({*names, *result.distances, *result.undecided, *violations})
    ]
    return sorted(found, key=lambda item: (not item.violations, not item.is_drifted, -item.excess))


def worst_text(found: Sequence[Finding]) -> str:
    """The worst features in words, with distance and threshold."""
    violated = [finding for finding in found if finding.violations]
    if not violated:
        return NO_VIOLATIONS
    words = [
        f"{_shown(finding.name)} {finding.distance:.3g} from the baseline (threshold "
        f"{finding.threshold:.3g})"
        if finding.is_drifted
        else f"{_shown(finding.name)} {finding.status}"
        for finding in violated[:MAX_WORST]
    ]
    rest = len(violated) - len(words)
    return ", ".join(words) + (f" and {rest} more" if rest else "")


def _shown(name: str) -> str:
    """The beginning of a name, on one line and without what a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in name[:MAX_NAME_CHARACTERS])
