"""Payment methods that a customer has on file. Card numbers are never kept, only the provider's reference."""

from __future__ import annotations

from django.db import models

from core.models import LegacyRow
from customers.models import Customer


class PaymentMethod(LegacyRow):
    """A card or bank account of a customer at the payment provider."""

    class Type(models.TextChoices):
        CARD = "card"
        BANK_ACCOUNT = "bank_account"

    customer = models.ForeignKey(Customer, models.DB_CASCADE, db_index=False, related_name="payment_methods")
    type = models.CharField(max_length=50, choices=Type)
    stripe_payment_method_id = models.CharField("Stripe method", max_length=255, null=True, blank=True)
    card_brand = models.CharField(max_length=50, null=True, blank=True)
    card_last4 = models.CharField("last four digits", max_length=4, null=True, blank=True)
    is_default = models.BooleanField("default", null=True, blank=True, default=False, db_default=False)

    class Meta:
        app_label = "payments"
        db_table = "payment_methods"
        indexes = (
            models.Index(fields=["customer"], name="idx_payment_methods_customer"),
            models.Index(fields=["created_at", "id"], name="idx_payment_methods_listed"),
        )

    def __str__(self) -> str:
        return f"{self.card_brand or self.type} {self.card_last4 or ''}".strip()
