"""The dates of a series of bookings, computed from its start."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count, islice

from dateutil.relativedelta import relativedelta

from bookings.models import RecurringBooking

_STEPS = {
    RecurringBooking.Pattern.WEEKLY: relativedelta(weeks=1),
    RecurringBooking.Pattern.BIWEEKLY: relativedelta(weeks=2),
    RecurringBooking.Pattern.MONTHLY: relativedelta(months=1),
}


def occurrences(
    pattern: str, start: date, *, end: date | None = None, max_occurrences: int | None = None
) -> Iterator[date]:
    """Yield the dates of a series in order; without an end and a maximum, the iterator ends with the calendar.

    Each date is computed from ``start`` rather than from the date before it: a monthly series that starts on the 31st
    takes place on the last day of a shorter month, and on the 31st again afterwards. ``end`` is included. Raises
    ``ValueError`` for an unknown pattern.
    """
    step = _STEPS[RecurringBooking.Pattern(pattern)]
    for number in islice(count(), max_occurrences):
        try:
            day = start + step * number
        except (OverflowError, ValueError):  # after the year 9999
            return
        if end is not None and day > end:
            return
        yield day


def upcoming(series: RecurringBooking, *, today: date, most: int) -> list[date]:
    """Return the first ``most`` dates of a series from ``today`` on."""
    every = occurrences(
        series.recurrence_pattern, series.start_date, end=series.end_date, max_occurrences=series.max_occurrences
    )
    return list(islice((day for day in every if day >= today), most))
