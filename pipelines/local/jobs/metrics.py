"""Finds metrics in a log with the regular expressions of a request's MetricDefinitions."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path


class MetricScraper:
    """Reads a growing log; each call goes on where the last one ended."""

    def __init__(self, definitions: Sequence[Mapping[str, str]], log_path: Path) -> None:
        """Look for the metrics of `definitions`, objects with Name and Regex."""
        self._patterns = {item["Name"]: re.compile(item["Regex"]) for item in definitions}
        self._log_path = log_path
        self._position = 0
        self.values: dict[str, list[float]] = {name: [] for name in self._patterns}
        """Every finite number found so far, by metric, in the order of the log."""

    def read(self, *, is_complete: bool = False) -> None:
        """Take in what was appended since the last call.

        Args:
            is_complete: Whether the log has ended, so that a last line without an end counts.
        """
        if not self._log_path.is_file():
            return
        with self._log_path.open("rb") as file:
            file.seek(self._position)
            data = file.read()
        if not is_complete:
            data = data[: data.rfind(b"\n") + 1]
        self._position += len(data)
        for line in data.decode("utf-8", errors="replace").splitlines():
            for name, pattern in self._patterns.items():
                match = pattern.search(line)
                value = None if match is None else _number(match)
                if value is not None:
                    self.values[name].append(value)


def _number(match: re.Match[str]) -> float | None:
    """The first group of a match; None if there is none or it is no finite number."""
    try:
        value = float(match[1])
    except (IndexError, TypeError, ValueError):  # No group, one that took no part, or no number.
        return None
    return value if math.isfinite(value) else None
