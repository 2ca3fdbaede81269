"""Recurring bookings in the staff site."""

from __future__ import annotations

from django.contrib import admin
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from bookings.admin.series_form import SeriesForm
from bookings.models import Location, RecurringBooking
from bookings.services.occurrences import upcoming
from core.admin.base import StaffAdmin
from core.admin.search import Search
from core.clock import now
from core.datetimes import day_of, site_zone
from core.search import as_uuid
from customers.models import Customer
from customers.selectors.search import customers_found, customers_named

PREVIEWED = 6


@admin.register(RecurringBooking)
class RecurringBookingAdmin(StaffAdmin):
    """Series of events, with the dates that come next."""

    form = SeriesForm
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
    readonly_fields = ("upcoming_dates", "created_bookings_count")
    fieldsets = (
        (None, {"fields": ("customer", ("recurrence_pattern", "is_active"))}),
        ("Dates", {"fields": (("start_date", "time"), ("end_date", "max_occurrences"), "upcoming_dates")}),
        ("Each booking", {"fields": ("location", ("guests_adult", "guests_child"), "special_requests")}),
        ("Address", {"fields": ("address_street", ("address_city", "address_state", "address_zip"))}),
        ("Created", {"fields": ("created_bookings_count",)}),
    )

    @admin.display(description="Upcoming dates")
    def upcoming_dates(self, series: RecurringBooking) -> str:
        """The next dates of the series as it is saved."""
        if not series.is_active:
            return "None: the series is not active."
        template = series.booking_template_json if isinstance(series.booking_template_json, dict) else {}
        key = as_uuid(str(template.get("location_id")))
        location = Location.objects.filter(pk=key).first() if key else None
        today = day_of(now(), location.time_zone if location else site_zone())
        days = upcoming(series, today=today, most=PREVIEWED + 1)
        if not days:
            return "None: the series has ended."
        at = f", {template['time']}" if template.get("time") else ""
        lines = format_html_join("", "<li>{}{}</li>", ((date_format(day, "D, M j, Y"), at) for day in days[:PREVIEWED]))
        more = mark_safe("<li>and more</li>") if len(days) > PREVIEWED else ""
        return format_html("<ul>{}{}</ul>", lines, more)
