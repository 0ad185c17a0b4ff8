"""When monitoring jobs run, and which part of the past they look at.

Source: Amazon SageMaker AI Developer Guide, "The cron expression for monitoring schedule",
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-schedule-expression.html
"""

import re
from dataclasses import dataclass
from datetime import timedelta

HOURS_PER_DAY = 24

_NUMBER = r"(\d{1,6})"
_OFFSET = re.compile(
    rf"-P(?=.*\d)(?:{_NUMBER}D)?(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?)?", flags=re.ASCII
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A part of the past: offsets to the time of a run, such as `-P8D` to `-P1D`."""

    start: str
    """Days, hours and minutes before the run: `-P<n>D` or `-PT<n>H<n>M`."""
    end: str
    """The same; `-PT0H` is the time of the run."""

    def duration(self) -> timedelta | None:
        """How long it is, negative if it ends before it starts; None if an offset is malformed."""
        start, end = _parse(self.start), _parse(self.end)
        return None if start is None or end is None else start - end


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """When a schedule starts executions: use `hourly`, `daily`, `every` or `once`."""

    expression: str
    """What the service is told."""
    period: timedelta | None
    """Time from one execution to the next; None where there is only one."""
    window: Window | None = None
    """What the one execution looks at; each of several looks at the period before it."""


def hourly() -> Timing:
    """Every hour, on the hour; the service takes up to 20 minutes longer."""
    return Timing(expression="cron(0 * ? * * *)", period=timedelta(hours=1))


def daily(hour: int = 0) -> Timing:
    """Every day.

    Args:
        hour: Hour of the day, UTC.

    Raises:
        ValueError: There is no such hour.
    """
    return Timing(expression=f"cron(0 {_hour(hour)} ? * * *)", period=timedelta(days=1))


def every(hours: int, *, start_hour: int = 0) -> Timing:
    """Every `hours` hours.

    Args:
        hours: 1 to 24.
        start_hour: Hour of the day, UTC, of the first execution.

    Raises:
        ValueError: The service knows no such period, or there is no such hour.
    """
    if not 1 <= hours <= HOURS_PER_DAY:
        raise ValueError(f"A schedule cannot run every {hours} hours; expected 1 to 24.")
    return Timing(
        expression=f"cron(0 {_hour(start_hour)}/{hours} ? * * *)", period=timedelta(hours=hours)
    )


def once(window: Window) -> Timing:
    """Now, and not again.

    Args:
        window: What the execution looks at: at most 24 hours.
    """
    return Timing(expression="NOW", period=None, window=window)


def _hour(hour: int) -> int:
    if not 0 <= hour < HOURS_PER_DAY:
        raise ValueError(f"A day has no hour {hour}; expected 0 to 23.")
    return hour


def _parse(offset: str) -> timedelta | None:
    match = _OFFSET.fullmatch(offset)
    if match is None:
        return None
    days, hours, minutes = (int(number or 0) for number in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)
