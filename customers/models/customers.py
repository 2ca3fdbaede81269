"""Customers: who books, and where they live."""

from __future__ import annotations

from django.db import models

from core.models import LegacyRow


class Customer(LegacyRow):
    """A person who books events. The email is unique as it is written."""

    email = models.EmailField(max_length=255)
    full_name = models.CharField(max_length=255)
    phone = models.CharField(max_length=20, null=True, blank=True)
    address_street = models.CharField("street", max_length=255, null=True, blank=True)
    address_city = models.CharField("city", max_length=100, null=True, blank=True)
    address_state = models.CharField("state", max_length=2, null=True, blank=True)
    address_zip = models.CharField("ZIP code", max_length=10, null=True, blank=True)
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
