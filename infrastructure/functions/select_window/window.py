"""The window of time that a check looks at."""

import re
from dataclasses import dataclass
from datetime import datetime

from monitoring.window_record import utc_time

# Quotes inside of a captured body are escaped, so that no answer can pass for the record's time.
_TIME = re.compile(rb'"inferenceTime"\s*:\s*"([^"\\]+)"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """The records from `start` up to, and without, `end`: whole seconds of UTC."""

    start: datetime
    end: datetime

    @property
    def is_empty(self) -> bool:
        """Whether no record can be in it."""
        return self.start >= self.end

    def holds_hour(self, hour: datetime) -> bool:
        """Whether the whole hour is in the window."""
        return self.start <= hour and hour.replace(minute=59, second=59) < self.end

    def holds(self, line: bytes, hour: datetime) -> bool:
        """Whether a record of an hour is in the window: by its time, else by the hour's start."""
        match = _TIME.search(line)
        try:
            time = hour if match is None else utc_time(match[1].decode())
        except ValueError:
            time = hour
        return self.start <= time < self.end

    def __str__(self) -> str:
        """The times for people."""
        return f"from {time_text(self.start)} to {time_text(self.end)}"


def time_text(time: datetime) -> str:
    """A time of UTC to the second, ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
