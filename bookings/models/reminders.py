"""Reminders that a booking sends to its customer."""

from __future__ import annotations

from datetime import tzinfo

from django.db import models
from django.db.models import Q

from bookings.models.bookings import Booking
from core.datetimes import show
from core.models import LegacyRow
from core.status import Colours, StatusChoices, StatusField


class BookingReminder(LegacyRow):
    """One message about one booking, due at ``scheduled_for``."""

    class Type(models.TextChoices):
        EMAIL = "email", "Email"
        SMS = "sms", "SMS"
        BOTH = "both", "Email and SMS"

    class Status(StatusChoices):
        PENDING = "pending"
        SENT = "sent"
        FAILED = "failed"
        CANCELLED = "cancelled"

        @classmethod
        def colours(cls) -> Colours:
            """Return the colours of the badges."""
            return {
                cls.PENDING: "warning",
                cls.SENT: "success",
                cls.FAILED: "danger",
                cls.CANCELLED: "info",
            }

    booking = models.ForeignKey(Booking, models.DB_CASCADE, db_index=False, related_name="reminders")
    reminder_type = models.CharField("type", max_length=50, choices=Type)
    scheduled_for = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    status = StatusField(Status, default=Status.PENDING, db_default=Status.PENDING, enforced=False)
    message = models.TextField(null=True, blank=True)
    error_message = models.TextField(null=True, blank=True)

    class Meta:
        app_label = "bookings"
        db_table = "booking_reminders"
        indexes = (
            models.Index(fields=["booking"], name="idx_reminders_booking"),
            models.Index(fields=["status"], name="idx_reminders_status"),
            models.Index(fields=["scheduled_for"], name="idx_reminders_scheduled", condition=Q(status="pending")),
            models.Index(fields=["scheduled_for", "id"], name="idx_reminders_listed"),
        )

    def __str__(self) -> str:
        return f"{self.get_reminder_type_display()}, {show(self.scheduled_for, self.time_zone)}"

    @property
    def time_zone(self) -> tzinfo:
        """The time zone of the booking."""
        return self.booking.time_zone
