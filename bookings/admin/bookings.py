"""Bookings in the staff site."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from bookings.models import Booking
from bookings.selectors.search import bookings_showing
from core.admin.base import StaffAdmin
from core.admin.display import money_column
from core.admin.search import Search
from customers.models import Customer
from customers.selectors.search import customers_found

STATUS_COLOURS = {
    "pending": "warning",
    "confirmed": "info",
    "completed": "success",
    "cancelled": "danger",
    "no_show": "danger",
}


@admin.register(Booking)
class BookingAdmin(StaffAdmin):
    """Bookings, the farthest in the future first; found by their ID or by what one knows of the customer."""

    list_display = (
        "event_starts_at",
        "customer",
        "location",
        "guests",
        "status_label",
        "total",
    )
    list_select_related = ("customer", "location")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("event_starts_at", RangeDateTimeFilter),
        ("location", AutocompleteSelectFilter),
        ("customer", AutocompleteSelectFilter),
    )
    search_fields = ("customer__full_name", "customer__email", "customer__phone")
    searches = (Search(customers_found, through=(Customer,), otherwise=bookings_showing),)
    related_to = ("customer", "location", "recurrence")
    palette_icon = "event"
    total = staticmethod(money_column("total_amount", description="Total"))
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

    def row_label(self, row: Booking) -> str:
        """Return the customer, the event and its place."""
        return " · ".join(filter(None, (row.customer.full_name, str(row), row.address_city)))

    @display(description="Status", ordering="status", label=STATUS_COLOURS)
    def status_label(self, booking: Booking) -> tuple[str, str]:
        """The status with its colour."""
        return booking.status, booking.get_status_display()
