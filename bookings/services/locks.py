"""Row locks, taken in one order: the booking, then its location."""

from __future__ import annotations

from bookings.models import Location


def lock_capacity(location: Location) -> None:
    """Lock a location until the transaction ends, so that two people do not take the same last places of a day."""
    Location.objects.select_for_update(no_key=True).filter(pk=location.pk).first()
