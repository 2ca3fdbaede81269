"""Payments: what a customer paid for a booking."""

from __future__ import annotations

from django.db import models

from bookings.models import Booking
from core.models import LegacyRow
from core.money import format_money
from core.status import Colours, StatusChoices, StatusField


class Payment(LegacyRow):
    """A payment of ``amount`` in ``currency`` for one booking."""

    class Method(models.TextChoices):
        CARD = "card"
        CASH = "cash"
        ZELLE = "zelle"
        VENMO = "venmo"

    class Status(StatusChoices):
        PENDING = "pending"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        REFUNDED = "refunded"

        @classmethod
        def colours(cls) -> Colours:
            """Return the colours of the badges."""
            return {
                cls.PENDING: "warning",
                cls.SUCCEEDED: "success",
                cls.FAILED: "danger",
                cls.REFUNDED: "info",
            }

    booking = models.ForeignKey(Booking, models.DB_CASCADE, db_index=False, related_name="payments")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3, null=True, blank=True, default="USD", db_default="USD")
    method = models.CharField(max_length=50, choices=Method)
    status = StatusField(Status, default=Status.PENDING, db_default=Status.PENDING, enforced=False)
    stripe_payment_intent_id = models.CharField("Stripe intent", max_length=255, null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "payments"
        db_table = "payments"
        indexes = (
            models.Index(fields=["booking"], name="idx_payments_booking"),
            models.Index(fields=["status"], name="idx_payments_status"),
            models.Index(fields=["created_at", "id"], name="idx_payments_listed"),
        )

    def __str__(self) -> str:
        return (
            f"{format_money(self.amount or 0, (self.currency or 'USD').upper())} ({self.get_status_display().lower()})"
        )
