"""The view ``customer_overview``: a customer with bookings and money added up, for reading only."""

from __future__ import annotations

from django.db import models

from bookings.models import Location


class CustomerOverview(models.Model):
    """One row per customer; the key is the customer's.

    ``paid_amount`` adds up confirmed deposits and payments that succeeded. It is NULL, as is ``paid_currency``, if they
    are in several currencies.
    """

    id = models.UUIDField(primary_key=True)
    full_name = models.CharField(max_length=255)
    email = models.CharField(max_length=255)
    phone = models.CharField(max_length=20, null=True)
    bookings_count = models.IntegerField("bookings")
    completed_count = models.IntegerField("completed")
    next_event_at = models.DateTimeField("next event", null=True)
    last_event_at = models.DateTimeField("last event", null=True)
    paid_amount = models.DecimalField("paid", max_digits=12, decimal_places=2, null=True)
    paid_currency = models.CharField(max_length=3, null=True)
    next_event_location = models.ForeignKey(Location, models.DO_NOTHING, null=True, related_name="+")
    last_event_location = models.ForeignKey(Location, models.DO_NOTHING, null=True, related_name="+")

    class Meta:
        app_label = "payments"
        managed = False
        db_table = "customer_overview"
        verbose_name = verbose_name_plural = "customer figures"

    def __str__(self) -> str:
        return self.full_name
