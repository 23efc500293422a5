"""Moments that others send: within the calendar, whatever zone they are written in."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC, the zone of one that names none; `ValueError` beyond the calendar."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        msg = "should be a moment that lies within the years 1 to 9999 in UTC"
        raise ValueError(msg) from None


def has_utc(moment: datetime) -> datetime:
    """Return a moment as it is; `ValueError` where it has none in UTC."""
    in_utc(moment)
    return moment


MomentInUtc = Annotated[datetime, AfterValidator(in_utc)]
MomentAsGiven = Annotated[datetime, AfterValidator(has_utc)]
