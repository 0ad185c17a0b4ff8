"""Tests of pipelines.cost.frequency, against days counted by hand."""

from datetime import date

import pytest

from pipelines.cost.frequency import times_per_month
from steps.errors import DeclarationError

FIRST = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("rate(1 hour)", 730, id="hourly"),
        pytest.param("rate(5 days)", 730 / 120, id="every five days"),
        pytest.param("cron(0 * * * ? *)", 730, id="every hour of the calendar"),
        pytest.param("cron(0 3 ? * SUN *)", 52 / 12, id="Sundays"),
        pytest.param("cron(0/15 9,17 1 * ? *)", 4 * 2, id="eight times on the first of a month"),
        pytest.param("cron(0 0 L FEB ? *)", 1 / 12, id="the last of February"),
        pytest.param("cron(0 0 1 1 ? 2020)", 0, id="a year that is over"),
    ],
)
def test_executions_of_a_month(expression: str, expected: float) -> None:
    """The mean of the twelve months that follow."""
    assert times_per_month(expression, first=FIRST) == pytest.approx(expected)


def test_an_expression_that_cannot_be_read() -> None:
    """The message is the timetable's."""
    with pytest.raises(DeclarationError, match=r"The schedule 'daily' cannot be read: "):
        times_per_month("daily", first=FIRST)
