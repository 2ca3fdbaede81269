"""The dates of a series: weekly, biweekly and monthly, each computed from the start."""

from __future__ import annotations

from datetime import date
from itertools import islice

import pytest

from bookings.services.occurrences import occurrences


def days(pattern: str, start: date, number: int, **limits: int | date) -> list[date]:
    return list(islice(occurrences(pattern, start, **limits), number))  # type: ignore[arg-type]  # date or int by name


def test_weekly_and_biweekly() -> None:
    assert days("weekly", date(2027, 12, 24), 3) == [date(2027, 12, 24), date(2027, 12, 31), date(2028, 1, 7)]
    assert days("biweekly", date(2027, 12, 24), 3) == [date(2027, 12, 24), date(2028, 1, 7), date(2028, 1, 21)]


def test_a_month_that_is_too_short_uses_its_last_day_and_the_31st_returns() -> None:
    assert days("monthly", date(2027, 12, 31), 6) == [
        date(2027, 12, 31),
        date(2028, 1, 31),
        date(2028, 2, 29),
        date(2028, 3, 31),
        date(2028, 4, 30),
        date(2028, 5, 31),
    ]
    assert days("monthly", date(2027, 1, 30), 3) == [date(2027, 1, 30), date(2027, 2, 28), date(2027, 3, 30)]
    assert days("monthly", date(2028, 2, 29), 14)[12] == date(2029, 2, 28)


def test_a_series_ends_on_its_last_date_or_after_its_number_of_dates() -> None:
    start = date(2027, 5, 3)
    assert days("weekly", start, 9, end=date(2027, 5, 17)) == [start, date(2027, 5, 10), date(2027, 5, 17)]
    assert days("weekly", start, 9, end=date(2027, 5, 16)) == [start, date(2027, 5, 10)]
    assert days("weekly", start, 9, max_occurrences=2) == [start, date(2027, 5, 10)]
    assert days("weekly", start, 9, end=date(2027, 5, 2)) == []


def test_the_calendar_ends() -> None:
    assert days("monthly", date(9999, 11, 30), 9) == [date(9999, 11, 30), date(9999, 12, 30)]


def test_an_unknown_pattern_is_an_error() -> None:
    with pytest.raises(ValueError, match="daily"):
        days("daily", date(2027, 5, 3), 1)
