"""The guests that a location has on a day, and the number that it can still take."""

from __future__ import annotations

from datetime import date, tzinfo
from uuid import UUID

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from bookings.models import Booking, Location
from core.clock import now
from core.datetimes import Period, in_period


def guests_on(location_id: UUID, day: date, zone: tzinfo, *, without: UUID | None = None) -> int:
    """Return the number of guests that a location has on ``day``, a calendar day in ``zone``.

    Cancelled bookings do not count, nor does the booking ``without``. A NULL number of children is none.
    """
    that_day = in_period("event_starts_at", Period(day, day), zone=zone, at=now())
    counted = Booking.objects.filter(that_day, location_id=location_id).exclude(status__in=Booking.takes_no_place)
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
