"""The view ``booking_overview`` in the staff site."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from bookings.admin.days import EventDays
from bookings.models import BookingOverview
from bookings.selectors.search import contacts_showing
from core.admin.base import ReadOnlyAdmin
from core.admin.filters import DayFilter
from core.admin.search import Search
from customers.models import Customer
from customers.selectors.search import customers_found


@admin.register(BookingOverview)
class BookingOverviewAdmin(ReadOnlyAdmin, EventDays):
    """Bookings with the customer's contact, for reading.

    The view is made for reports. The page stays out of the menu, because the list of bookings shows the same.
    """

    list_display = ("event_starts_at", "customer_name", "customer_phone", "guests", "status", "address_city")
    list_filter = (("status", ChoicesDropdownFilter), ("event_starts_at", DayFilter))
    search_fields = ("customer_name", "customer_email", "customer_phone")
    searches = (Search(customers_found, through=(Customer,), otherwise=contacts_showing),)
    ordering = ("-event_starts_at",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Keep the page out of the menu and the index."""
        return False
