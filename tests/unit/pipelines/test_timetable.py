"""Tests of pipelines.timetable, against the examples of the service's documentation."""

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.timetable import parse_expression
from steps.errors import DeclarationError


def following(expression: str, moment: str, count: int) -> list[str]:
    """The first times after a moment, as `Sat 2026-11-21 10:00`."""
    timetable = parse_expression(expression)
    due: list[str] = []
    last: datetime | None = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    while len(due) < count and last is not None:
        last = timetable.next_after(last)
        if last is not None:
            due.append(f"{last:%a %Y-%m-%d %H:%M}")
    return due


@pytest.mark.parametrize(
    ("expression", "moment", "expected"),
    [
        pytest.param(
            "cron(0 10 * * ? *)",
            "2026-11-21 10:00",
            ["Sun 2026-11-22 10:00", "Mon 2026-11-23 10:00"],
            id="10:00 every day",
        ),
        pytest.param(
            "cron(15 12 * * ? *)", "2026-11-21 10:00", ["Sat 2026-11-21 12:15"], id="12:15 a day"
        ),
        pytest.param(
            "cron(0 18 ? * MON-FRI *)",
            "2026-11-20 17:59",
            ["Fri 2026-11-20 18:00", "Mon 2026-11-23 18:00"],
            id="18:00 Monday to Friday",
        ),
        pytest.param(
            "cron(0 8 1 * ? *)",
            "2026-11-21 10:00",
            ["Tue 2026-12-01 08:00", "Fri 2027-01-01 08:00"],
            id="first of the month",
        ),
        pytest.param(
            "cron(0/15 * * * ? *)",
            "2026-11-21 23:44",
            ["Sat 2026-11-21 23:45", "Sun 2026-11-22 00:00"],
            id="every 15 minutes",
        ),
        pytest.param(
            "cron(0/10 * ? * MON-FRI *)",
            "2026-11-20 23:45",
            ["Fri 2026-11-20 23:50", "Mon 2026-11-23 00:00"],
            id="every 10 minutes, Monday to Friday",
        ),
        pytest.param(
            "cron(0/5 8-17 ? * MON-FRI *)",
            "2026-11-20 17:52",
            ["Fri 2026-11-20 17:55", "Mon 2026-11-23 08:00"],
            id="every 5 minutes of working hours",
        ),
        pytest.param(
            "cron(0/30 20-2 ? * MON-FRI *)",
            "2026-11-23 02:00",
            ["Mon 2026-11-23 02:30", "Mon 2026-11-23 20:00"],
            id="hours past midnight",
        ),
        pytest.param(
            "cron(5,35 14 * * ? *)",
            "2026-11-21 14:05",
            ["Sat 2026-11-21 14:35", "Sun 2026-11-22 14:05"],
            id="two minutes of an hour",
        ),
        pytest.param(
            "cron(15 10 ? * 6L 2019-2022)",
            "2022-11-25 10:15",
            ["Fri 2022-12-30 10:15"],
            id="last Friday of each month until 2022",
        ),
        pytest.param(
            "cron(0 9 ? * 3#2 *)",
            "2026-11-21 10:00",
            ["Tue 2026-12-08 09:00", "Tue 2027-01-12 09:00"],
            id="second Tuesday",
        ),
        pytest.param(
            "cron(1/10 0 * * ? *)",
            "2026-11-21 00:45",
            ["Sat 2026-11-21 00:51", "Sun 2026-11-22 00:01"],
            id="every tenth minute from the first",
        ),
        pytest.param(
            "cron(0 0 L * ? *)",
            "2028-02-01 00:00",
            ["Tue 2028-02-29 00:00", "Fri 2028-03-31 00:00"],
            id="last day of the month",
        ),
        pytest.param(
            "cron(0 0 ? * L *)", "2026-11-21 00:00", ["Sat 2026-11-28 00:00"], id="end of the week"
        ),
        pytest.param(
            "cron(0 0 3W * ? *)",
            "2026-10-01 00:00",
            ["Fri 2026-10-02 00:00", "Tue 2026-11-03 00:00", "Thu 2026-12-03 00:00"],
            id="weekday nearest to the third",
        ),
        pytest.param(
            "cron(0 0 1W AUG,NOV ? *)",
            "2026-08-01 00:00",
            ["Mon 2026-08-03 00:00", "Mon 2026-11-02 00:00"],
            id="nearest weekday in the same month, forwards",
        ),
        pytest.param(
            "cron(0 0 31W 4,5,10 ? *)",
            "2026-04-01 00:00",
            ["Fri 2026-05-29 00:00", "Fri 2026-10-30 00:00"],
            id="nearest weekday in the same month, backwards",
        ),
        pytest.param(
            "cron(0 0 ? * sat-mon *)",
            "2026-11-20 00:00",
            ["Sat 2026-11-21 00:00", "Sun 2026-11-22 00:00", "Mon 2026-11-23 00:00"],
            id="days past the end of the week",
        ),
        pytest.param("cron(0 0 1 1 ? 2026)", "2026-01-01 00:00", [], id="never again"),
        pytest.param("cron(0 0 30 2 ? *)", "2026-01-01 00:00", [], id="never at all"),
        pytest.param(
            "rate(1 minute)", "2026-11-21 10:00", ["Sat 2026-11-21 10:01"], id="every minute"
        ),
        pytest.param(
            "rate(5 hours)", "2026-11-21 22:30", ["Sun 2026-11-22 03:30"], id="every five hours"
        ),
        pytest.param("rate(7 days)", "2026-11-21 10:00", ["Sat 2026-11-28 10:00"], id="every week"),
    ],
)
def test_when_a_schedule_is_due(expression: str, moment: str, expected: list[str]) -> None:
    """A schedule is due at the times that its expression means, after a moment and not at it."""
    assert following(expression, moment, max(len(expected), 1)) == expected


def test_every_hour_of_a_year() -> None:
    """An hourly schedule leaves out no hour and names none twice."""
    timetable = parse_expression("cron(0 * * * ? *)")
    moment: datetime | None = datetime(2027, 12, 31, 23, 30, tzinfo=UTC)
    for number in range(366 * 24):
        assert moment is not None
        moment = timetable.next_after(moment)
        assert moment == datetime(2028, 1, 1, tzinfo=UTC) + timedelta(hours=number)


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("rate(1 hours)", "the unit after 1 is 'hours', expected minute, hour, day."),
        ("rate(5 hour)", "the unit after 5 is 'hour', expected minutes, hours, days."),
        ("rate(0 minutes)", "the value is '0', expected a whole number of 1 or more."),
        (
            "cron(0 * * ? *)",
            "it has 5 fields, expected six: minutes hours day-of-month month day-of-week year.",
        ),
        (
            "cron(0 9 * * MON *)",
            "exactly one of day-of-month and day-of-week must be '?'.",
        ),
        (
            "cron(0 9 ? * ? *)",
            "exactly one of day-of-month and day-of-week must be '?'.",
        ),
        (
            "cron(60 * * * ? *)",
            "minutes is '60', expected numbers of 0 to 59, with the wildcards of that field.",
        ),
        (
            "cron(0 0 ? * 3#1,6#3 *)",
            "day-of-week is '3#1,6#3', expected numbers of 1 to 7 or SUN to SAT, with the "
            "wildcards of that field.",
        ),
        ("cron(0 0 ? * 2/2 *)", "day-of-week is '2/2', and takes no '/'."),
        ("cron(0/0 0 * * ? *)", "minutes is '0/0', expected a number of 1 or more after '/'."),
        (
            "every hour",
            "expected rate(...) or cron(...), for example rate(1 hour) or cron(0 3 ? * SUN *).",
        ),
    ],
)
def test_what_is_no_expression_is_refused(expression: str, problem: str) -> None:
    """The message names the expression, the part that is wrong, and what was expected."""
    with pytest.raises(DeclarationError) as caught:
        parse_expression(expression)
    assert str(caught.value) == f"The schedule '{expression}' cannot be read: {problem}"
