"""Recurring bookings in the staff site."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from bookings.models import RecurringBooking
from core.admin.base import StaffAdmin
from core.admin.search import Search
from customers.models import Customer
from customers.selectors.search import customers_found, customers_named


@admin.register(RecurringBooking)
class RecurringBookingAdmin(StaffAdmin):
    """Series of events."""

    list_display = (
        "customer",
        "recurrence_pattern",
        "start_date",
        "end_date",
        "max_occurrences",
        "created_bookings_count",
        "is_active",
    )
    list_select_related = ("customer",)
    list_filter = (
        "is_active",
        ("recurrence_pattern", ChoicesDropdownFilter),
        ("customer", AutocompleteSelectFilter),
    )
    search_fields = ("customer__full_name", "customer__email", "customer__phone")
    searches = (Search(customers_found, through=(Customer,), otherwise=customers_named),)
    related_to = ("customer",)
    ordering = ("-start_date",)
    autocomplete_fields = ("customer",)
    readonly_fields = ("id", "created_bookings_count", "created_at", "updated_at")
