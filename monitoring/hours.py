"""The hour of a file that lies in a folder per hour, `yyyy/mm/dd/hh`, UTC."""

from datetime import UTC, datetime
from pathlib import Path

HOUR_FORM = "%Y/%m/%d/%H"
"""How an hour's folder is named below that of captured records or labels."""

_NUM_PARTS = 4


def hour_of(path: Path) -> datetime | None:
    """When the hour begins whose folder a file lies in; None where it lies in none."""
    folder = "/".join(path.parts[-1 - _NUM_PARTS : -1])
    try:
        return datetime.strptime(folder, HOUR_FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
