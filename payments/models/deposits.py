"""Deposits: the part of a booking's price that is paid beforehand."""

from __future__ import annotations

from django.db import models
from django.db.models import JSONField, Value

from bookings.models import Booking
from core.models import LegacyRow
from core.money import format_money
from core.status import Colours, StatusChoices, StatusField


class Deposit(LegacyRow):
    """A deposit of ``amount`` in ``currency``: pending until it is confirmed, failed or cancelled."""

    class Status(StatusChoices):
        PENDING = "pending"
        CONFIRMED = "confirmed"
        FAILED = "failed"
        REFUNDED = "refunded"
        CANCELLED = "cancelled"

        @classmethod
        def colours(cls) -> Colours:
            """Return the colours of the badges."""
            return {
                cls.PENDING: "warning",
                cls.CONFIRMED: "success",
                cls.FAILED: "danger",
                cls.REFUNDED: "info",
                cls.CANCELLED: "danger",
            }

    booking = models.ForeignKey(Booking, models.DB_CASCADE, db_index=False, related_name="deposits")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3, null=True, blank=True, default="USD", db_default="USD")
    status = StatusField(Status, default=Status.PENDING, db_default=Status.PENDING, enforced=False)
    stripe_payment_intent_id = models.CharField("Stripe intent", max_length=255, null=True, blank=True)
    stripe_payment_method_id = models.CharField("Stripe method", max_length=255, null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    refunded_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    failure_reason = models.TextField(null=True, blank=True)
    metadata_json = models.JSONField("metadata", null=True, blank=True, default=dict, db_default=Value({}, JSONField()))

    class Meta:
        app_label = "payments"
        db_table = "deposits"
        indexes = (
            models.Index(fields=["booking"], name="idx_deposits_booking"),
            models.Index(fields=["status"], name="idx_deposits_status"),
            models.Index(fields=["stripe_payment_intent_id"], name="idx_deposits_stripe_intent"),
            models.Index(fields=["created_at", "id"], name="idx_deposits_listed"),
        )

    def __str__(self) -> str:
        return (
            f"{format_money(self.amount or 0, (self.currency or 'USD').upper())} ({self.get_status_display().lower()})"
        )
