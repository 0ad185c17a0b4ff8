"""The hour of a file that lies in a folder per hour, `yyyy/mm/dd/hh`, UTC."""

from datetime import UTC, datetime
from pathlib import Path

_NUM_PARTS = 4


def hour_of(path: Path) -> datetime | None:
    """When the hour begins whose folder a file lies in; None where it lies in none."""
    folder = "/".join(path.parts[-1 - _NUM_PARTS : -1])
    try:
        return datetime.strptime(folder, "%Y/%m/%d/%H").replace(tzinfo=UTC)
    except ValueError:
        return None
