"""Bookings in the staff site."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateTimeFilter

from bookings.models import Booking
from core.admin.badges import status_badge
from core.admin.base import StaffAdmin
from customers.selectors.search import customers_found


@admin.register(Booking)
class BookingAdmin(StaffAdmin):
    """Bookings, the farthest in the future first; found by their ID or by what one knows of the customer."""

    list_display = (
        "event_starts_at",
        "customer",
        "location",
        "guests",
        status_badge(),
        "total_amount",
        "currency",
    )
    list_select_related = ("customer", "location")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("event_starts_at", RangeDateTimeFilter),
        ("location", AutocompleteSelectFilter),
        ("customer", AutocompleteSelectFilter),
    )
    search_fields = ("customer__full_name", "customer__email", "customer__phone")
    search_help_text = "ID, or the customer's name, email or phone"
    ordering = ("-event_starts_at",)
    ordering_when_large = ("-event_starts_at",)
    autocomplete_fields = ("customer", "location", "recurrence")
    readonly_fields = ("id", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": (("customer", "location"), ("event_starts_at", "status"))}),
        ("Guests", {"fields": (("guests_adult", "guests_child"), "special_requests")}),
        ("Address", {"fields": ("address_street", ("address_city", "address_state", "address_zip"))}),
        ("Price", {"fields": (("total_amount", "currency"),)}),
        ("Record", {"fields": ("recurrence", "id", ("created_at", "updated_at")), "classes": ("collapse",)}),
    )

    def search_conditions(self, term: str) -> Q:
        """Take the term for what it says of the customer."""
        return customers_found(term)
