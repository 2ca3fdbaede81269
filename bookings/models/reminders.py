"""Reminders that a booking sends to its customer."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from bookings.models.bookings import Booking
from core.models import LegacyRow


class BookingReminder(LegacyRow):
    """One message about one booking, due at ``scheduled_for``."""

    class Type(models.TextChoices):
        EMAIL = "email", "Email"
        SMS = "sms", "SMS"
        BOTH = "both", "Email and SMS"

    class Status(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        FAILED = "failed"
        CANCELLED = "cancelled"

    booking = models.ForeignKey(Booking, models.DB_CASCADE, db_index=False, related_name="reminders")
    reminder_type = models.CharField("type", max_length=50, choices=Type)
    scheduled_for = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=50, choices=Status, default=Status.PENDING, db_default=Status.PENDING)
    message = models.TextField(null=True, blank=True)
    error_message = models.TextField(null=True, blank=True)

    class Meta:
        app_label = "bookings"
        db_table = "booking_reminders"
        indexes = (
            models.Index(fields=["booking"], name="idx_reminders_booking"),
            models.Index(fields=["status"], name="idx_reminders_status"),
            models.Index(fields=["scheduled_for"], name="idx_reminders_scheduled", condition=Q(status="pending")),
        )

    def __str__(self) -> str:
        return f"{self.get_reminder_type_display()} at {self.scheduled_for:%Y-%m-%d %H:%M}"
