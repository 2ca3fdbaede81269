"""Reminders in the staff site."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from bookings.admin.days import EventDays
from bookings.models import BookingReminder
from bookings.selectors.search import bookings_found, bookings_named
from core.admin.badges import status_badge
from core.admin.filters import DayFilter
from core.admin.search import Search
from customers.models import Customer


@admin.register(BookingReminder)
class BookingReminderAdmin(EventDays):
    """Reminders, the farthest in the future first. What was sent is a record and cannot be edited."""

    list_display = ("scheduled_for", "customer", "booking", "reminder_type", status_badge(), "sent_at")
    list_select_related = ("booking__customer",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("reminder_type", ChoicesDropdownFilter),
        ("scheduled_for", DayFilter),
    )
    search_fields = ("booking__customer__full_name", "booking__customer__email")
    searches = (Search(bookings_found, through=(Customer,), otherwise=bookings_named),)
    related_to = ("booking", "booking__customer")
    search_help_text = "ID of the booking, or the customer's name, email or phone"
    ordering = ("-scheduled_for",)
    location_path = "booking__location"
    autocomplete_fields = ("booking",)
    readonly_fields = ("id", "sent_at", "error_message", "created_at", "updated_at")

    @display(description="Customer", ordering="booking__customer__full_name")
    def customer(self, reminder: BookingReminder) -> str:
        """Who is reminded."""
        return reminder.booking.customer.full_name
