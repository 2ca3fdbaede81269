"""Customers: who books, and where they live."""

from __future__ import annotations

from django.db import models

from core.models import Address, LegacyRow


class Customer(Address, LegacyRow):
    """A person who books events. The email is unique as it is written."""

    email = models.EmailField(max_length=255)
    full_name = models.CharField(max_length=255)
    phone = models.CharField(max_length=20, null=True, blank=True)
    notes = models.TextField(null=True, blank=True)

    class Meta:
        app_label = "customers"
        db_table = "customers"
        indexes = (
            models.Index(fields=["phone"], name="idx_customers_phone"),
            models.Index(fields=["full_name", "id"], name="idx_customers_listed"),
        )
        constraints = (models.UniqueConstraint(fields=["email"], name="customers_email_key"),)

    def __str__(self) -> str:
        return self.full_name
