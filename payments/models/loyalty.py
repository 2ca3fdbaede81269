"""Loyalty: the running figures of a customer, and the ledger that they are the sum of."""

from __future__ import annotations

from django.db import models

from bookings.models import Booking
from core.models import LegacyCreatedRow, LegacyRow
from core.status import Colours, StatusChoices, StatusField
from customers.models import Customer


class LoyaltyPoints(LegacyRow):
    """The points of one customer: ``points`` is what was earned less what was redeemed."""

    class Tier(StatusChoices):
        BRONZE = "bronze"
        SILVER = "silver"
        GOLD = "gold"
        PLATINUM = "platinum"

        @classmethod
        def colours(cls) -> Colours:
            """Return the colours of the badges."""
            return {
                cls.BRONZE: "warning",
                cls.SILVER: "info",
                cls.GOLD: "success",
                cls.PLATINUM: "primary",
            }

    customer = models.ForeignKey(Customer, models.DB_CASCADE, db_index=False, related_name="loyalty_points")
    points = models.IntegerField(default=0, db_default=0)
    points_earned = models.IntegerField("earned", null=True, blank=True, default=0, db_default=0)
    points_redeemed = models.IntegerField("redeemed", null=True, blank=True, default=0, db_default=0)
    tier = StatusField(Tier, null=True, blank=True, default=Tier.BRONZE, db_default=Tier.BRONZE, enforced=False)
    last_earned_at = models.DateTimeField(null=True, blank=True)
    last_redeemed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "payments"
        db_table = "loyalty_points"
        verbose_name = verbose_name_plural = "loyalty points"
        indexes = (
            models.Index(fields=["customer"], name="idx_loyalty_customer"),
            models.Index(fields=["tier"], name="idx_loyalty_tier"),
            models.Index(fields=["points", "id"], name="idx_loyalty_listed"),
        )

    def __str__(self) -> str:
        return f"{self.points} points ({self.tier})"


class LoyaltyTransaction(LegacyCreatedRow):
    """One line of the ledger: positive points were earned, negative ones redeemed."""

    customer = models.ForeignKey(Customer, models.DB_CASCADE, db_index=False, related_name="loyalty_transactions")
    loyalty_points = models.ForeignKey(LoyaltyPoints, models.DB_CASCADE, db_index=False, related_name="transactions")
    points_change = models.IntegerField("points")
    reason = models.CharField(max_length=255)
    booking = models.ForeignKey(
        Booking,
        models.DB_SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="loyalty_transactions",
    )

    class Meta:
        app_label = "payments"
        db_table = "loyalty_transactions"
        indexes = (
            models.Index(fields=["customer"], name="idx_loyalty_trans_customer"),
            models.Index(fields=["booking"], name="idx_loyalty_trans_booking"),
            models.Index(fields=["created_at", "id"], name="idx_loyalty_trans_listed"),
        )

    def __str__(self) -> str:
        return f"{self.points_change:+} ({self.reason})"
