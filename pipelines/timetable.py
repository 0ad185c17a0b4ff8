"""Decides when a schedule is due: the recurring expressions of EventBridge Scheduler, in UTC.

`rate(value unit)` repeats a period; `cron(minutes hours day-of-month month day-of-week year)` names
minutes of the calendar.

Source: Amazon EventBridge Scheduler User Guide, "Schedule types",
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

from steps.errors import DeclarationError

_ANY = "?"
_ALL = "*"
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_YEARS = range(1970, 2200)
_DAYS_PER_WEEK = 7

_IsDay: TypeAlias = Callable[[date], bool]


class _FieldError(Exception):
    """A part of an expression is not of the documented form; the message says which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """Again and again after the same period."""

    period: timedelta

    def next_after(self, moment: datetime) -> datetime:
        """The time that follows one at which the schedule was due."""
        return moment + self.period


@dataclass(frozen=True, kw_only=True, slots=True)
class Cron:
    """At minutes of the calendar."""

    times: tuple[tuple[int, int], ...]
    """Hours and minutes of a day, ascending."""
    is_day: _IsDay
    """Whether it is due on a day of a month and year that are named."""
    months: frozenset[int]
    years: frozenset[int]

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after a moment; None if there is no other."""
        for day in self._days(moment.date()):
            for hour, minute in self.times:
                due = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                if due > moment:
                    return due
        return None

    def _days(self, first: date) -> Iterator[date]:
        for year in sorted(self.years):
            for month in sorted(self.months):
                if (year, month) < (first.year, first.month):
                    continue
                for number in range(1, _last_day(year, month) + 1):
                    day = date(year, month, number)
                    if day >= first and self.is_day(day):
                        yield day


Timetable: TypeAlias = Rate | Cron


def parse_expression(expression: str) -> Timetable:
    """Read the expression of a schedule.

    Raises:
        DeclarationError: It is not of the documented form.
    """
    try:
        if match := re.fullmatch(r"rate\((\S+) (\S+)\)", expression):
            return _rate(match[1], match[2])
        if match := re.fullmatch(r"cron\((.*)\)", expression):
            return _cron(match[1].split())
    except _FieldError as error:
        raise DeclarationError(f"The schedule '{expression}' cannot be read: {error}.") from error
    raise DeclarationError(
        f"The schedule '{expression}' cannot be read: expected rate(...) or cron(...), for example "
        "rate(1 hour) or cron(0 3 ? * SUN *)."
    )


def _rate(value: str, unit: str) -> Rate:
    if re.fullmatch(r"[1-9]\d{0,4}", value, flags=re.ASCII) is None:
        raise _FieldError(f"the value is '{value}', expected a whole number of 1 or more")
    number = int(value)
    units = {"minute": 1, "hour": 60, "day": 24 * 60}
    names = {name if number == 1 else f"{name}s": minutes for name, minutes in units.items()}
    if unit not in names:
        raise _FieldError(f"the unit after {number} is '{unit}', expected {', '.join(names)}")
    return Rate(period=timedelta(minutes=number * names[unit]))


def _cron(fields: list[str]) -> Cron:
    names = ("minutes", "hours", "day-of-month", "month", "day-of-week", "year")
    if len(fields) != len(names):
        raise _FieldError(f"it has {len(fields)} fields, expected six: {' '.join(names)}")
    minutes, hours, day_of_month, month, day_of_week, year = fields
    if (day_of_month == _ANY) == (day_of_week == _ANY):
        raise _FieldError("exactly one of day-of-month and day-of-week must be '?'")
    is_day = _is_day_of_month(day_of_month) if day_of_week == _ANY else _is_day_of_week(day_of_week)
    minute_numbers = sorted(_numbers("minutes", minutes, range(60)))
    return Cron(
        times=tuple(
            (hour, minute)
            for hour in sorted(_numbers("hours", hours, range(24)))
            for minute in minute_numbers
        ),
        is_day=is_day,
        months=_numbers("month", month, range(1, 13), words=_MONTHS),
        years=_numbers("year", year, _YEARS),
    )


def _is_day_of_month(text: str) -> _IsDay:
    if text == "L":
        return lambda day: day.day == _last_day(day.year, day.month)
    if match := re.fullmatch(r"(\d{1,2})W", text, flags=re.ASCII):
        (number,) = _numbers("day-of-month", match[1], range(1, 32))
        return lambda day: day == _nearest_workday(day.year, day.month, number)
    numbers = _numbers("day-of-month", text, range(1, 32))
    return lambda day: day.day in numbers


def _is_day_of_week(text: str) -> _IsDay:
    """Days of the week count from 1, Sunday."""

    def weekday(day: date) -> int:
        return day.isoweekday() % _DAYS_PER_WEEK + 1

    def number(name: str) -> int:
        (found,) = _numbers("day-of-week", name, range(1, 8), words=_WEEKDAYS)
        return found

    if text == "L":
        return lambda day: weekday(day) == _DAYS_PER_WEEK
    if match := re.fullmatch(r"(\w+)L", text, flags=re.ASCII):
        last = number(match[1])
        return lambda day: (
            weekday(day) == last and day.day + _DAYS_PER_WEEK > _last_day(day.year, day.month)
        )
    if match := re.fullmatch(r"(\w+)#([1-5])", text, flags=re.ASCII):
        nth, count = number(match[1]), int(match[2])
        return lambda day: weekday(day) == nth and (day.day - 1) // _DAYS_PER_WEEK == count - 1
    if "/" in text:
        raise _FieldError(f"day-of-week is '{text}', and takes no '/'")
    numbers = _numbers("day-of-week", text, range(1, 8), words=_WEEKDAYS)
    return lambda day: weekday(day) in numbers


def _numbers(
    field: str, text: str, allowed: range, *, words: tuple[str, ...] = ()
) -> frozenset[int]:
    """The numbers that a list of values, ranges and increments names."""

    def number(name: str) -> int:
        if name.upper() in words:
            return allowed[words.index(name.upper())]
        value = int(name) if re.fullmatch(r"\d{1,4}", name, flags=re.ASCII) else -1
        if value not in allowed:
            also = f" or {words[0]} to {words[-1]}" if words else ""
            raise _FieldError(
                f"{field} is '{text}', expected numbers of {allowed[0]} to {allowed[-1]}{also}, "
                "with the wildcards of that field"
            )
        return value

    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == _ALL:
            values = list(allowed)
        elif dash:
            start, end = number(first), number(last)
            # As 20-2 among the hours, which goes on past midnight.
            after = range(start, end + 1) if start <= end else range(start, allowed.stop)
            values = [*after, *(range(allowed.start, end + 1) if start > end else ())]
        else:
            start = number(first)
            values = list(range(start, allowed.stop)) if slash else [start]
        if slash and re.fullmatch(r"[1-9]\d{0,3}", step, flags=re.ASCII) is None:
            raise _FieldError(f"{field} is '{text}', expected a number of 1 or more after '/'")
        found.update(values[:: int(step)] if slash else values)
    return frozenset(found)


def _last_day(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _nearest_workday(year: int, month: int, number: int) -> date | None:
    """The weekday nearest to a day, in its month; None where the month has no such day."""
    last = _last_day(year, month)
    if number > last:
        return None
    day = date(year, month, number)
    if day.isoweekday() == 6:  # noqa: PLR2004 - Saturday
        return day + timedelta(days=-1 if number > 1 else 2)
    if day.isoweekday() == _DAYS_PER_WEEK:
        return day + timedelta(days=1 if number < last else -2)
    return day
