"""The view ``booking_overview`` in the staff site."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from bookings.admin.days import EventDays
from bookings.models import BookingOverview
from core.admin.base import ReadOnlyAdmin
from core.admin.filters import DayFilter
from customers.selectors.search import customers_found


@admin.register(BookingOverview)
class BookingOverviewAdmin(ReadOnlyAdmin, EventDays):
    """Bookings with the customer's contact, for reading."""

    list_display = ("event_starts_at", "customer_name", "customer_phone", "guests", "status", "address_city")
    list_filter = (("status", ChoicesDropdownFilter), ("event_starts_at", DayFilter))
    search_fields = ("customer_name", "customer_email", "customer_phone")
    ordering = ("-event_starts_at",)

    def search_conditions(self, term: str) -> Q:
        """Take the term for what it says of the customer."""
        return customers_found(term)
