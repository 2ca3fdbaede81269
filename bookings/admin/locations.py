"""Locations in the staff site."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from bookings.models import Location
from core.admin.base import StaffAdmin


@admin.register(Location)
class LocationAdmin(StaffAdmin):
    """The kitchens."""

    list_display = ("name", "address_city", "address_state", "capacity", "service_radius_miles", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "address_city")
    palette_icon = "storefront"
    kept_while_linked: ClassVar[dict[str, str]] = {
        "bookings": "To take the location out of service, clear its switch Active instead; its bookings keep it.",
    }
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": ("name", ("phone", "email"), "is_active")}),
        ("Address", {"fields": ("address_street", ("address_city", "address_state", "address_zip"))}),
        ("Service", {"fields": (("capacity", "service_radius_miles"), ("base_travel_fee", "per_mile_fee"))}),
    )
