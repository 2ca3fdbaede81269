"""Changing the status of a booking."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from bookings.errors import BookingNotFound, DayFull
from bookings.models import Booking
from bookings.selectors.capacity import guests_left
from bookings.services.locks import lock_capacity
from core.actors import Actor
from core.datetimes import day_of
from core.errors import TransitionRefused


@transaction.atomic
def change_status(*, booking_id: UUID, to: str, actor: Actor, at: datetime) -> Booking:
    """Change the status of a booking to ``to``, which ``Booking.Status.transitions`` must allow.

    The row is locked first, so of two people who change the status at once, the second is refused or decides on the new
    status. Raises ``PermissionRefused``, ``BookingNotFound``, ``TransitionRefused``, or ``DayFull`` if a cancelled booking
    no longer fits.
    """
    actor.require("bookings.change_booking")
    booking = Booking.objects.select_for_update(of=("self",), no_key=True).filter(pk=booking_id).first()
    if booking is None:
        raise BookingNotFound("The booking does not exist. Somebody may have deleted it.")
    if to not in Booking.Status.allowed_transitions(booking.status):
        raise _refusal(booking, to)
    if booking.status in Booking.takes_no_place and to not in Booking.takes_no_place:
        _require_room(booking)
    booking.status = to
    booking.save(update_fields=["status", "updated_at"])
    return booking


def _refusal(booking: Booking, to: str) -> TransitionRefused:
    labels = {value: str(label).lower() for value, label in Booking.Status.choices}
    current, wanted = labels.get(booking.status, booking.status), labels.get(to, to)
    possible = " or ".join(labels[one] for one in Booking.Status.allowed_transitions(booking.status))
    message = f"The booking cannot become {wanted}, because it is {current}"
    if booking.status == to:
        message = f"The booking is already {wanted}"
    return TransitionRefused(
        message,
        rule="bookings_transition",
        table="bookings",
        column="status",
        hint=f"From {current}, it can become {possible or 'nothing else'}.",
    )


def _require_room(booking: Booking) -> None:
    if booking.location is None:
        return
    lock_capacity(booking.location)
    day = day_of(booking.event_starts_at, booking.location.time_zone)
    left = guests_left(booking.location, day, without=booking.pk)
    if left is not None and booking.guests > left:
        raise DayFull(
            f"{booking.location} has room for {max(left, 0)} more guests on {day}, and the booking has {booking.guests}. "
            "To reinstate it, first move it to another day or reduce the number of guests."
        )
