"""Days of events: each is a day on the calendar of its location."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any

from django.db.models import Q

from bookings.models import Location
from core.datetimes import Period, in_period, site_zone


def on_days(
    period: Period,
    *,
    at: datetime,
    locations: Iterable[Location],
    field: str = "event_starts_at",
    location: str = "location",
) -> Q:
    """Return the condition for rows whose ``field`` lies in a period of days of the row's location.

    ``location`` is the path to the location. Rows without one are taken to be in the installation's time zone.
    """
    zones: dict[tzinfo, list[Any]] = {}
    for one in locations:
        zones.setdefault(one.time_zone, []).append(one.pk)
    if not set(zones) - {site_zone()}:
        return in_period(field, period, zone=site_zone(), at=at)
    condition = Q(**{f"{location}__isnull": True}) & in_period(field, period, zone=site_zone(), at=at)
    for zone, keys in zones.items():
        condition |= Q(**{f"{location}__in": keys}) & in_period(field, period, zone=zone, at=at)
    return _outer_bounds(field, period, {*zones, site_zone()}, at) & condition


def _outer_bounds(field: str, period: Period, zones: Iterable[tzinfo], at: datetime) -> Q:
    """Return the range that holds the period in every zone: one range of an index on ``field``."""
    bounds = [period.bounds(zone, at) for zone in zones]
    starts, ends = [start for start, _ in bounds if start], [end for _, end in bounds if end]
    condition = Q()
    if len(starts) == len(bounds):
        condition &= Q(**{f"{field}__gte": min(starts)})
    if len(ends) == len(bounds):
        condition &= Q(**{f"{field}__lt": max(ends)})
    return condition
