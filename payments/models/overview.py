"""The view ``customer_overview``: a customer with bookings and money added up, for reading only."""

from __future__ import annotations

from django.db import models


class CustomerOverview(models.Model):
    """One row per customer; the key is the customer's. ``paid_amount`` counts payments that succeeded."""

    id = models.UUIDField(primary_key=True)
    full_name = models.CharField(max_length=255)
    email = models.CharField(max_length=255)
    phone = models.CharField(max_length=20, null=True)
    bookings_count = models.IntegerField("bookings")
    completed_count = models.IntegerField("completed")
    next_event_at = models.DateTimeField("next event", null=True)
    last_event_at = models.DateTimeField("last event", null=True)
    paid_amount = models.DecimalField("paid", max_digits=12, decimal_places=2)

    class Meta:
        app_label = "payments"
        managed = False
        db_table = "customer_overview"
        verbose_name = "customer at a glance"
        verbose_name_plural = "customers at a glance"

    def __str__(self) -> str:
        return self.full_name
