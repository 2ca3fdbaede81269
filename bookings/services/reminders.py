"""Cancelling reminders."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from bookings.errors import ReminderNotFound
from bookings.models import BookingReminder
from core.actors import Actor
from core.errors import TransitionRefused


@transaction.atomic
def cancel_reminder(*, reminder_id: UUID, actor: Actor, at: datetime) -> BookingReminder:
    """Cancel a pending reminder.

    Raises ``PermissionRefused``, ``ReminderNotFound``, or ``TransitionRefused`` for a reminder that is not pending.
    """
    actor.require("bookings.change_bookingreminder")
    locked = BookingReminder.objects.select_for_update(of=("self",), no_key=True)
    reminder = locked.filter(pk=reminder_id).first()
    if reminder is None:
        raise ReminderNotFound("The reminder does not exist. Somebody may have deleted it.")
    if reminder.status != BookingReminder.Status.PENDING:
        label = reminder.get_status_display().lower()
        raise TransitionRefused(
            f"The reminder cannot be cancelled, because it is {label}",
            rule="booking_reminders_transition",
            table="booking_reminders",
            column="status",
            hint="Only a pending reminder can be cancelled.",
        )
    reminder.status = BookingReminder.Status.CANCELLED
    reminder.save(update_fields=["status", "updated_at"])
    return reminder
