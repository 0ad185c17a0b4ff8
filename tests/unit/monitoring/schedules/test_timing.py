"""Tests of monitoring.schedules.timing."""

from datetime import timedelta

import pytest

from monitoring.schedules.timing import Timing, Window, daily, every, hourly, once

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("timing", "expression", "period"),
    [
        pytest.param(hourly(), "cron(0 * ? * * *)", timedelta(hours=1), id="hourly"),
        pytest.param(daily(), "cron(0 0 ? * * *)", DAY, id="daily at midnight"),
        pytest.param(daily(12), "cron(0 12 ? * * *)", DAY, id="daily at noon"),
        pytest.param(
            every(12, start_hour=17), "cron(0 17/12 ? * * *)", DAY / 2, id="every 12 hours"
        ),
        pytest.param(every(2), "cron(0 0/2 ? * * *)", timedelta(hours=2), id="every 2 hours"),
        pytest.param(once(Window(start="-PT5H", end="-PT0H")), "NOW", None, id="now"),
    ],
)
def test_expressions_are_those_of_the_documentation(
    timing: Timing, expression: str, period: timedelta | None
) -> None:
    """The expressions are the documentation's own examples."""
    assert (timing.expression, timing.period) == (expression, period)


def test_hours_agree_with_the_sdk() -> None:
    """The SDK's generator writes the same expressions."""
    from sagemaker.core.model_monitor import CronExpressionGenerator as Sdk

    assert hourly().expression == Sdk.hourly()
    assert daily(7).expression == Sdk.daily(7)
    assert every(6, start_hour=3).expression == Sdk.daily_every_x_hours(6, 3)
    assert once(Window(start="-PT1H", end="-PT0H")).expression == Sdk.now()


def test_a_day_has_24_hours() -> None:
    """An hour that no day has is refused, and a period that the service does not know."""
    with pytest.raises(ValueError, match=r"^A day has no hour 24; expected 0 to 23\.$"):
        daily(24)
    with pytest.raises(ValueError, match=r"^A day has no hour -1; expected 0 to 23\.$"):
        every(2, start_hour=-1)
    for hours in (0, 25):
        message = f"^A schedule cannot run every {hours} hours; expected 1 to 24\\.$"
        with pytest.raises(ValueError, match=message):
            every(hours)


@pytest.mark.parametrize(
    ("start", "end", "duration"),
    [
        ("-P8D", "-P1D", timedelta(days=7)),
        ("-PT7H", "-PT0H", timedelta(hours=7)),
        ("-P1DT2H30M", "-PT30M", timedelta(hours=26)),
        ("-P1D", "-P8D", timedelta(days=-7)),
    ],
)
def test_a_window_is_as_long_as_its_offsets_are_apart(
    start: str, end: str, duration: timedelta
) -> None:
    """Days, hours and minutes of ISO 8601 durations count."""
    assert Window(start=start, end=end).duration() == duration


@pytest.mark.parametrize(
    "offset",
    [
        "",
        "P1D",
        "-P",
        "-PT",
        "-P1DT",
        "-P1H",
        "-PT1D",
        "-P7",
        "-P-1D",
        "-P1.5D",
        "-P999999999999D",
        "-P\u0661D",
    ],
)
def test_what_is_no_offset_makes_no_window(offset: str) -> None:
    """An offset is negative and has a number and its unit, days before the T and hours after it."""
    assert Window(start=offset, end="-PT0H").duration() is None
    assert Window(start="-P1D", end=offset).duration() is None
