"""How many guests a location has on a day, and how many more it can take."""

from __future__ import annotations

from datetime import date, timedelta, tzinfo
from uuid import UUID

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from bookings.models import Booking, Location
from core.datetimes import day_starts


def guests_on(location_id: UUID, day: date, zone: tzinfo, *, without: UUID | None = None) -> int:
    """Return the number of guests that a location has on ``day``, a calendar day in ``zone``.

    Cancelled bookings do not count, nor does the booking ``without``. A NULL number of children is none.
    """
    counted = Booking.objects.filter(
        location_id=location_id,
        event_starts_at__gte=day_starts(day, zone),
        event_starts_at__lt=day_starts(day + timedelta(days=1), zone),
    ).exclude(status__in=Booking.takes_no_place)
    if without is not None:
        counted = counted.exclude(pk=without)
    total = counted.aggregate(guests=Sum(F("guests_adult") + Coalesce(F("guests_child"), 0)))["guests"]
    return int(total or 0)


def guests_left(location: Location, day: date, *, without: UUID | None = None) -> int | None:
    """Return how many more guests the location can take on a day of its own calendar.

    None means any number: the location has no capacity. The result is negative on a day that is overbooked.
    """
    if location.capacity is None:
        return None
    return location.capacity - guests_on(location.pk, day, location.time_zone, without=without)
