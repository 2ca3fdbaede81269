"""Bookings in the staff site."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from bookings.admin.booking_form import BookingForm
from bookings.admin.days import EventDays
from bookings.admin.status_actions import StatusActions
from bookings.models import Booking
from bookings.selectors.search import bookings_showing
from core.admin.badges import status_badge
from core.admin.display import money_column
from core.admin.filters import DayFilter
from core.admin.lists import Tab
from core.admin.search import Search
from core.datetimes import BEFORE_TODAY, FROM_TODAY, TODAY
from customers.models import Customer
from customers.selectors.search import customers_found


def _today(page: EventDays, request: HttpRequest) -> Q:
    return ~Q(status=Booking.Status.CANCELLED) & page.days_condition("event_starts_at", TODAY, request)


def _upcoming(page: EventDays, request: HttpRequest) -> Q:
    return ~Q(status=Booking.Status.CANCELLED) & page.days_condition("event_starts_at", FROM_TODAY, request)


def _past(page: EventDays, request: HttpRequest) -> Q:
    return ~Q(status=Booking.Status.CANCELLED) & page.days_condition("event_starts_at", BEFORE_TODAY, request)


def _cancelled(page: EventDays, request: HttpRequest) -> Q:
    return Q(status=Booking.Status.CANCELLED)


def _needs_action(page: EventDays, request: HttpRequest) -> Q:
    """Requests that nobody confirmed, and past events that nobody completed."""
    past = page.days_condition("event_starts_at", BEFORE_TODAY, request)
    return Q(status=Booking.Status.PENDING) | (Q(status=Booking.Status.CONFIRMED) & past)


@admin.register(Booking)
class BookingAdmin(StatusActions, EventDays):
    """Bookings, opening at today's and the coming events; found by ID, or by the customer's name, email or phone."""

    form = BookingForm
    list_display = (
        "event_starts_at",
        "customer",
        "location",
        "guests",
        status_badge(),
        "total",
    )
    list_select_related = ("customer", "location")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("event_starts_at", DayFilter),
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
    list_tabs = (
        Tab("upcoming", "Upcoming", _upcoming, ("event_starts_at",)),
        Tab("today", "Today", _today, ("event_starts_at",)),
        Tab("action", "Needs action", _needs_action, ("event_starts_at",)),
        Tab("past", "Past", _past, ("-event_starts_at",)),
        Tab("cancelled", "Cancelled", _cancelled, ("-event_starts_at",)),
    )
    autocomplete_fields = ("customer", "location", "recurrence")
    required_relations = ("location",)
    readonly_fields = ("status",)
    fieldsets = (
        (None, {"fields": (("customer", "location"), ("event_starts_at", "status"))}),
        ("Guests", {"fields": (("guests_adult", "guests_child"), "special_requests")}),
        ("Address", {"fields": ("address_street", ("address_city", "address_state", "address_zip"))}),
        ("Price", {"fields": (("total_amount", "currency"),)}),
        ("Series", {"fields": ("recurrence",), "classes": ("collapse",)}),
    )

    def row_label(self, row: Booking) -> str:
        """Return the customer, the event and its place."""
        return " · ".join(filter(None, (row.customer.full_name, str(row), row.address_city)))
