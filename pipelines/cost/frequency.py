"""Decides how often a schedule starts an execution in a month."""

from datetime import date, timedelta

from pipelines.timetable import Rate, parse_expression

DAYS_PER_YEAR = 365
MONTHS_PER_YEAR = 12
HOURS_PER_MONTH = 24 * DAYS_PER_YEAR / MONTHS_PER_YEAR
"""730 hours."""


def times_per_month(expression: str, *, first: date) -> float:
    """How often a schedule is due, as a mean over a year.

    Args:
        expression: An expression of EventBridge Scheduler.
        first: The first day of the year that counts.

    Raises:
        DeclarationError: The expression cannot be read.
    """
    timetable = parse_expression(expression)
    if isinstance(timetable, Rate):
        return timedelta(hours=HOURS_PER_MONTH) / timetable.period
    days = (first + timedelta(days=number) for number in range(DAYS_PER_YEAR))
    num_days = sum(
        day.year in timetable.years and day.month in timetable.months and timetable.is_day(day)
        for day in days
    )
    return num_days * len(timetable.times) / MONTHS_PER_YEAR
