"""Locations: the kitchens that crews start from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from decimal import Decimal
from typing import ClassVar

from django.db import models

from core.datetimes import site_zone
from core.models import LegacyRow, LimitedModel
from core.models.limits import Number
from core.zones import zone_of_address


class Location(LimitedModel, LegacyRow):
    """A kitchen with its reach: guests per service date, miles, and fees in dollars."""

    limits: ClassVar[Mapping[str, tuple[Number, Number]]] = {
        "capacity": (0, 100_000),
        "service_radius_miles": (Decimal(0), Decimal("999.99")),
        "base_travel_fee": (Decimal(0), Decimal("99999999.99")),
        "per_mile_fee": (Decimal(0), Decimal("99999999.99")),
    }

    name = models.CharField(max_length=255)
    address_street = models.CharField("street", max_length=255)
    address_city = models.CharField("city", max_length=100)
    address_state = models.CharField("state", max_length=2)
    address_zip = models.CharField("ZIP code", max_length=10)
    phone = models.CharField(max_length=20, null=True, blank=True)
    email = models.EmailField(max_length=255, null=True, blank=True)
    capacity = models.IntegerField(
        null=True, blank=True, default=100, db_default=100, help_text="Guests per service date."
    )
    service_radius_miles = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        default=Decimal("30.0"),
        db_default=Decimal("30.0"),
        help_text="Events farther away are not served.",
    )
    base_travel_fee = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        default=Decimal("0.0"),
        db_default=Decimal("0.0"),
    )
    per_mile_fee = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        default=Decimal("2.0"),
        db_default=Decimal("2.0"),
    )
    is_active = models.BooleanField("active", null=True, blank=True, default=True, db_default=True)

    class Meta:
        app_label = "bookings"
        db_table = "locations"
        indexes = (
            models.Index(fields=["is_active"], name="idx_locations_active"),
            models.Index(fields=["address_city", "address_state"], name="idx_locations_city_state"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def time_zone(self) -> tzinfo:
        """The time zone of the address; the one of the installation if the address does not tell."""
        return zone_of_address(self.address_zip, self.address_state) or site_zone()
