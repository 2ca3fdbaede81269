"""The view ``booking_overview``: a booking beside its customer, for reading only."""

from __future__ import annotations

from datetime import tzinfo

from django.db import models

from bookings.models.bookings import Booking
from bookings.models.locations import Location
from core.datetimes import show, site_zone
from core.status import StatusField
from customers.models import Customer


class BookingOverview(models.Model):
    """One row per booking; the key is the booking's."""

    id = models.UUIDField(primary_key=True)
    customer = models.ForeignKey(Customer, models.DO_NOTHING, related_name="+")
    customer_name = models.CharField(max_length=255)
    customer_email = models.CharField(max_length=255)
    customer_phone = models.CharField(max_length=20, null=True)
    event_starts_at = models.DateTimeField()
    guests = models.IntegerField()
    status = StatusField(Booking.Status)
    total_amount = models.DecimalField(max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3)
    address_city = models.CharField("city", max_length=100, null=True)
    address_state = models.CharField("state", max_length=2, null=True)

    location = models.ForeignKey(Location, models.DO_NOTHING, null=True, related_name="+")

    class Meta:
        app_label = "bookings"
        managed = False
        db_table = "booking_overview"
        verbose_name = "booking at a glance"
        verbose_name_plural = "bookings at a glance"

    def __str__(self) -> str:
        return f"{self.customer_name}, {show(self.event_starts_at, self.time_zone)}"

    @property
    def time_zone(self) -> tzinfo:
        """The time zone of the location; the one of the installation for a booking without a location."""
        return site_zone() if self.location is None else self.location.time_zone
