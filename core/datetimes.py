"""Event times, shown and read in the time zone of their location, with the zone.

``show`` is the only formatter of a date and time; ``to_wall_clock`` and ``from_wall_clock`` are what forms use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import MINYEAR, UTC, date, datetime, time, timedelta, tzinfo

from django.db.models import Q
from django.utils import timezone

EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class NonexistentTime(ValueError):
    """The clocks never show this time: they are set forward then, or the calendar ends before it."""


def site_zone() -> tzinfo:
    """Return the time zone of the installation, the setting ``TIME_ZONE``; it applies where no location is known."""
    return timezone.get_default_timezone()


def show(at: datetime | None, zone: tzinfo | None = None, *, empty: str = "-") -> str:
    """Return a time as people read it: ``Sat, Jul 4, 2026, 19:30 PDT``.

    ``zone`` is the time zone of the event's location, by default the one of the installation.
    """
    if at is None:
        return empty
    local = in_zone(at, zone or site_zone())
    return f"{local:%a, %b} {local.day}, {local.year}, {local:%H:%M} {zone_name(local)}"


def in_zone(at: datetime, zone: tzinfo) -> datetime:
    """Return a moment in ``zone``; in UTC if the zone's calendar begins after it or ends before it."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at.astimezone(UTC)


def zone_name(local: datetime) -> str:
    """Return the abbreviation of an aware time's zone, such as ``PDT``; ``UTC-03`` where the zone has no letters."""
    name = local.tzname() or "UTC"
    return name if name[:1].isalpha() else f"UTC{name}"


def to_wall_clock(at: datetime, zone: tzinfo) -> datetime:
    """Return what the clocks of ``zone`` show at ``at``, as a naive time."""
    return in_zone(at, zone).replace(tzinfo=None)


def from_wall_clock(naive: datetime, zone: tzinfo) -> datetime:
    """Return the moment at which the clocks of ``zone`` show ``naive``.

    Of a time that occurs twice, when daylight saving time ends, this is the first unless ``fold`` says otherwise.
    Raises ``NonexistentTime`` for a time that does not occur.
    """
    at = naive.replace(tzinfo=zone)
    try:
        exists = at.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == naive
    except OverflowError:
        raise NonexistentTime(
            "The date is outside of the calendar. Enter a date from 0001-01-02 to 9999-12-30."
        ) from None
    if not exists:
        raise NonexistentTime(f"{naive:%Y-%m-%d %H:%M} does not exist in {zone}: the clocks are set forward then.")
    return at.astimezone(UTC)


def day_starts(day: date, zone: tzinfo) -> datetime:
    """Return the first moment of a day in ``zone``, in UTC."""
    midnight = datetime.combine(day, time.min, zone)
    try:
        # Where the clocks are set forward at midnight, the day begins at the first time that exists.
        return midnight.astimezone(UTC)
    except OverflowError:  # the first or the last day of the calendar, which begins or ends on another day in UTC
        return EARLIEST if day.year == MINYEAR else LATEST


def day_of(at: datetime, zone: tzinfo) -> date:
    """Return the calendar day of a moment in ``zone``."""
    return in_zone(at, zone).date()


def week_of(day: date) -> tuple[date, date]:
    """Return the Monday and the Sunday of the week of ``day``."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Period:
    """Days on the calendar of a place, from ``first`` to ``last``; None leaves that side open.

    ``relative`` computes both from the place's own today, so that "today" is the day of the location.
    """

    first: date | None = None
    last: date | None = None
    relative: Callable[[date], tuple[date | None, date | None]] | None = None

    def days(self, today: date) -> tuple[date | None, date | None]:
        """Return the first and the last day where today is ``today``."""
        return (self.first, self.last) if self.relative is None else self.relative(today)

    def bounds(self, zone: tzinfo, at: datetime) -> tuple[datetime | None, datetime | None]:
        """Return when the period starts and ends in ``zone``; the end is not part of it."""
        first, last = self.days(day_of(at, zone))
        start = None if first is None else day_starts(first, zone)
        return start, None if last in (None, date.max) else day_starts(last + timedelta(days=1), zone)


TODAY = Period(relative=lambda today: (today, today))
TOMORROW = Period(relative=lambda today: (today + timedelta(days=1),) * 2)
THIS_WEEK = Period(relative=week_of)
FROM_TODAY = Period(relative=lambda today: (today, None))
BEFORE_TODAY = Period(relative=lambda today: (None, today - timedelta(days=1)))


def in_period(field: str, period: Period, *, zone: tzinfo, at: datetime) -> Q:
    """Return the condition for rows whose ``field`` lies in a period of days in ``zone``."""
    start, end = period.bounds(zone, at)
    condition = Q()
    if start is not None:
        condition &= Q(**{f"{field}__gte": start})
    if end is not None:
        condition &= Q(**{f"{field}__lt": end})
    return condition
