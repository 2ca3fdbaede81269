"""Bookings: one event at a customer's home."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from decimal import Decimal
from typing import ClassVar

from django.db import models

from bookings.models.locations import Location
from bookings.models.recurrences import RecurringBooking
from core.datetimes import show, site_zone
from core.models import Address, LegacyRow, LimitedModel
from core.models.limits import Number
from core.status import Colours, StatusChoices, StatusField, Transitions
from customers.models import Customer

MAX_GUESTS = 1_000
MAX_AMOUNT = Decimal("99999999.99")


class Booking(LimitedModel, Address, LegacyRow):
    """An event. Legacy rows have no location; a booking of a series points at it."""

    class Status(StatusChoices):
        PENDING = "pending"
        CONFIRMED = "confirmed"
        COMPLETED = "completed"
        CANCELLED = "cancelled"
        NO_SHOW = "no_show", "No-show"

        @classmethod
        def colours(cls) -> Colours:
            """Return the colours of the badges."""
            return {
                cls.PENDING: "warning",
                cls.CONFIRMED: "info",
                cls.COMPLETED: "success",
                cls.CANCELLED: "danger",
                cls.NO_SHOW: "danger",
            }

        @classmethod
        def transitions(cls) -> Transitions:
            """Return the statuses that may follow each status."""
            return {
                cls.PENDING: (cls.CONFIRMED, cls.CANCELLED),
                cls.CONFIRMED: (cls.COMPLETED, cls.NO_SHOW, cls.CANCELLED),
                cls.COMPLETED: (cls.NO_SHOW,),
                cls.NO_SHOW: (cls.COMPLETED,),
                cls.CANCELLED: (cls.PENDING,),
            }

    takes_no_place: ClassVar[tuple[str, ...]] = (Status.CANCELLED,)
    limits: ClassVar[Mapping[str, tuple[Number, Number]]] = {
        "guests_adult": (0, MAX_GUESTS),
        "guests_child": (0, MAX_GUESTS),
        "total_amount": (Decimal(0), MAX_AMOUNT),
    }

    customer = models.ForeignKey(Customer, models.DB_CASCADE, db_index=False, related_name="bookings")
    event_starts_at = models.DateTimeField()
    guests_adult = models.IntegerField("adults")
    guests_child = models.IntegerField("children", null=True, blank=True, default=0, db_default=0)
    status = StatusField(Status, default=Status.PENDING, db_default=Status.PENDING, enforced=False)
    total_amount = models.DecimalField(
        "total", max_digits=10, decimal_places=2, default=Decimal(0), db_default=Decimal(0)
    )
    currency = models.CharField(max_length=3, null=True, blank=True, default="USD", db_default="USD")
    special_requests = models.TextField(null=True, blank=True)
    location = models.ForeignKey(
        Location, models.DB_SET_NULL, null=True, blank=True, db_index=False, related_name="bookings"
    )
    recurrence = models.ForeignKey(
        RecurringBooking, models.DB_SET_NULL, null=True, blank=True, db_index=False, related_name="bookings"
    )

    class Meta:
        app_label = "bookings"
        db_table = "bookings"
        indexes = (
            models.Index(fields=["customer"], name="idx_bookings_customer"),
            models.Index(fields=["status"], name="idx_bookings_status"),
            models.Index(fields=["event_starts_at"], name="idx_bookings_event_starts_at"),
            models.Index(fields=["location"], name="idx_bookings_location"),
            models.Index(fields=["recurrence"], name="idx_bookings_recurrence"),
        )

    def __str__(self) -> str:
        guests = f"{self.guests} guest{'' if self.guests == 1 else 's'}"
        return f"{show(self.event_starts_at, self.time_zone)}, {guests}"

    @property
    def time_zone(self) -> tzinfo:
        """The time zone of the location; the one of the installation for a booking without a location."""
        return site_zone() if self.location is None else self.location.time_zone

    @property
    def guests(self) -> int:
        """Adults and children."""
        return self.guests_adult + (self.guests_child or 0)

    def broken_rules(self) -> Iterator[tuple[str, str]]:
        """Also refuse a booking without guests, and one with more than ``MAX_GUESTS`` together."""
        yield from super().broken_rules()
        adults: int | None = self.guests_adult
        if adults is not None and not 1 <= self.guests <= MAX_GUESTS:
            yield "guests_adult", f"A booking has from 1 to {MAX_GUESTS:,} guests, adults and children together."
