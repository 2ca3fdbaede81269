"""Event times are shown and read in the time zone of their location."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.datetimes import (
    THIS_WEEK,
    TODAY,
    TOMORROW,
    NonexistentTime,
    Period,
    day_starts,
    from_wall_clock,
    show,
    to_wall_clock,
)
from core.zones import zone_of_address

PACIFIC, EASTERN = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("at", "zone", "text"),
    [
        (datetime(2026, 7, 5, 2, 30, tzinfo=UTC), PACIFIC, "Sat, Jul 4, 2026, 19:30 PDT"),
        (datetime(2026, 12, 5, 3, 30, tzinfo=UTC), PACIFIC, "Fri, Dec 4, 2026, 19:30 PST"),
        (datetime(2026, 7, 5, 2, 30, tzinfo=UTC), UTC, "Sun, Jul 5, 2026, 02:30 UTC"),
        (datetime(2026, 7, 5, 2, 30, tzinfo=UTC), ZoneInfo("America/Sao_Paulo"), "Sat, Jul 4, 2026, 23:30 UTC-03"),
    ],
)
def test_a_time_is_shown_with_its_zone(at: datetime, zone: ZoneInfo, text: str) -> None:
    assert show(at, zone) == text


def test_wall_clock_times_survive_a_round_trip_around_the_clock_change() -> None:
    for hours in range(72):
        at = datetime(2026, 10, 31, tzinfo=UTC) + timedelta(hours=hours)
        shown = to_wall_clock(at, PACIFIC)
        assert from_wall_clock(shown, PACIFIC) == at
        back = from_wall_clock(shown.replace(fold=0), PACIFIC)  # as a form reads it
        repeated = at == datetime(2026, 11, 1, 9, tzinfo=UTC)  # 01:00 PST, an hour after 01:00 PDT
        assert back == at - timedelta(hours=repeated)


def test_a_time_that_the_clocks_skip_is_an_error() -> None:
    with pytest.raises(NonexistentTime, match="2026-03-08 02:30 does not exist in America/Los_Angeles"):
        from_wall_clock(datetime(2026, 3, 8, 2, 30), PACIFIC)


def test_days_begin_at_midnight_of_the_place() -> None:
    assert day_starts(date(2026, 7, 4), PACIFIC) == datetime(2026, 7, 4, 7, tzinfo=UTC)
    assert day_starts(date(2026, 7, 4), EASTERN) == datetime(2026, 7, 4, 4, tzinfo=UTC)
    # On the day of the clock change in Santiago, midnight does not exist: the day begins at 01:00.
    assert day_starts(date(2026, 9, 6), ZoneInfo("America/Santiago")) == datetime(2026, 9, 6, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (TODAY, date(2026, 7, 4), date(2026, 7, 4)),
        (TOMORROW, date(2026, 7, 5), date(2026, 7, 5)),
        (THIS_WEEK, date(2026, 6, 29), date(2026, 7, 5)),
        (Period(date(2026, 1, 1), None), date(2026, 1, 1), None),
    ],
)
def test_periods_are_relative_to_the_day_of_the_place(period: Period, first: date, last: date | None) -> None:
    at = datetime(2026, 7, 5, 5, 30, tzinfo=UTC)  # 22:30 on July 4 in Los Angeles, July 5 in New York
    start, end = period.bounds(PACIFIC, at)
    assert start == day_starts(first, PACIFIC)
    assert end == (None if last is None else day_starts(last + timedelta(days=1), PACIFIC))
    if period is TODAY:
        assert period.bounds(EASTERN, at)[0] == day_starts(date(2026, 7, 5), EASTERN)


@pytest.mark.parametrize(
    ("zip_code", "state", "name"),
    [
        ("95811", "CA", "America/Los_Angeles"),
        ("95811-1234", None, "America/Los_Angeles"),
        ("32501", "FL", "America/Chicago"),  # Pensacola, in the western part of Florida
        ("33101", "FL", "America/New_York"),
        ("x", "fl", "America/New_York"),
        (None, "TN", "America/Chicago"),
        ("00000", "", None),
        ("", "ZZ", None),
        (None, None, None),
    ],
)
def test_an_address_has_a_time_zone(zip_code: str | None, state: str | None, name: str | None) -> None:
    zone = zone_of_address(zip_code, state)
    assert (zone and str(zone)) == name


@pytest.mark.parametrize("zone", [UTC, PACIFIC, ZoneInfo("Asia/Kolkata"), ZoneInfo("Pacific/Auckland")])
def test_the_first_and_the_last_day_of_the_calendar_have_bounds(zone: ZoneInfo) -> None:
    at = datetime(2026, 7, 4, tzinfo=UTC)
    start, end = Period(date.min, date.max).bounds(zone, at)
    assert start is not None
    assert start < at
    assert end is None
    assert day_starts(date.max, zone) > at


@pytest.mark.parametrize(
    ("naive", "zone"), [(datetime(1, 1, 1), ZoneInfo("Asia/Kolkata")), (datetime(9999, 12, 31, 23, 59), PACIFIC)]
)
def test_a_time_outside_of_the_calendar_does_not_exist(naive: datetime, zone: ZoneInfo) -> None:
    with pytest.raises(NonexistentTime, match="outside of the calendar"):
        from_wall_clock(naive, zone)
