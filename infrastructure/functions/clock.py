"""Tells functions the time; whoever calls one may pass another clock."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place where functions read the clock
