"""Decides how far the windows of an execution may reach."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from infrastructure.functions.select_window.window import Window, time_text
from monitoring.window_record import utc_time

NOW = "now"
UNJUDGED = "unjudged"

MAX_NUMBER = 100_000
"""Hours or minutes: eleven years at most, which no calendar is too short for."""

_EARLIEST = datetime(2017, 1, 1, tzinfo=UTC)
"""Before SageMaker, and so before any record."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Windows:
    """What each check looks at."""

    drift: Window
    quality: Window

    @classmethod
    def longest(cls, event: Mapping[str, Any], now: datetime) -> Self:
        """The windows that an event asks for, before what was judged is left out.

        Args:
            event: The event of the function.
            now: The time; no window ends later.

        Raises:
            ValueError: A time, a length or a delay is no such value.
        """
        length = timedelta(hours=_whole_number(event, "WindowHours", at_least=1))
        capture_delay = timedelta(minutes=_whole_number(event, "CaptureDelayMinutes"))
        label_delay = timedelta(hours=_whole_number(event, "LabelDelayHours"))
        end = min(_time(event, "WindowEnd", NOW) or now, now).replace(microsecond=0)
        end -= capture_delay
        start = _time(event, "WindowStart", UNJUDGED)
        if start is not None and start >= end:
            raise ValueError(
                f"WindowStart is '{event['WindowStart']}'; expected a time before the window's "
                f"end, {time_text(end)}."
            )
        drift, quality = (
            Window(start=start or each - length, end=each) for each in (end, end - label_delay)
        )
        return cls(drift=drift, quality=quality)

    @property
    def some(self) -> tuple[Window, ...]:
        """Those that are not empty, each once."""
        every = dict.fromkeys((self.drift, self.quality))
        return tuple(window for window in every if not window.is_empty)

    def __str__(self) -> str:
        """The times of those that are not empty, for people."""
        leads = {self.quality: "with labels ", self.drift: ""}  # The same window needs no lead.
        return ", ".join(f"{leads[window]}{window}" for window in self.some)


def _whole_number(event: Mapping[str, Any], name: str, *, at_least: int = 0) -> int:
    number = int(event[name])
    if not at_least <= number <= MAX_NUMBER:
        raise ValueError(f"{name} is {number}; expected {at_least} to {MAX_NUMBER}.")
    return number


def _time(event: Mapping[str, Any], name: str, word: str) -> datetime | None:
    """A time to the second; None for the word that stands for one."""
    text = event[name]
    if text == word:
        return None
    expected = f"expected '{word}' or a time with its zone, for example 2026-11-21T09:00:00Z."
    try:
        time = utc_time(text).replace(microsecond=0)
    except ValueError as error:
        raise ValueError(f"{name} is '{text}'; {expected}") from error
    if time < _EARLIEST:
        raise ValueError(f"{name} is '{text}', which is before {time_text(_EARLIEST)}; {expected}")
    return time
