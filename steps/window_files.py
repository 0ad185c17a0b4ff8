"""What both checks of a window write, file by file: CheckDrift and CheckModelQuality.

Standard library only: the declarations and the scripts import it.
"""

from enum import StrEnum


class Output(StrEnum):
    """Outputs of the job; each one's folder is `/opt/ml/processing/output/<name>`."""

    VIOLATIONS = "violations"
    """`statistics.json` of the window, `constraints.json` of the baseline, and the files below."""
    WINDOW = "window"
    """The record of this window for later ones."""


VIOLATIONS_FILE = "constraint_violations.json"
CHECK_FILE = "check.json"
"""The property file that the pipeline reads; the contract of each check has its schema."""
DAMAGE_FILE = "damage.json"
"""What could not be read, and where first."""
METRICS_FILE = "cloudwatch_metrics.jsonl"
PAGE_FILE = "report.html"

NO_VIOLATIONS = "no violations"
"""What the result calls the worst violations where there is none."""
