"""Reminders in the staff site."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from bookings.admin.days import EventDays
from bookings.errors import BookingError
from bookings.models import BookingReminder
from bookings.selectors.search import bookings_found, bookings_named
from bookings.services.reminders import cancel_reminder
from core.actors import actor_for
from core.admin import dialogs
from core.admin.badges import status_badge
from core.admin.dialogs import ReasonForm
from core.admin.filters import DayFilter
from core.admin.search import Search
from core.clock import now
from core.errors import TransitionRefused
from core.search import as_uuid
from customers.models import Customer


@admin.register(BookingReminder)
class BookingReminderAdmin(EventDays):
    """Reminders, the farthest in the future first.

    The time and the message of a pending reminder can be changed. A reminder that was sent, has failed or was cancelled
    is a record: it can be neither edited nor deleted.
    """

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
    fieldsets = (
        (None, {"fields": ("booking", ("reminder_type", "scheduled_for"), "message")}),
        ("Delivery", {"fields": (("status", "sent_at"), "error_message")}),
    )
    readonly_fields = ("status", "sent_at", "error_message")
    actions_detail = ("cancel_reminder",)  # type: ignore[assignment]  # unfold declares it too narrowly

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The booking and the type of a reminder are chosen when it is created."""
        fields: tuple[str, ...] = super().get_readonly_fields(request, obj)
        return fields if obj is None else (*fields, "booking", "reminder_type")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As usual, but only pending reminders."""
        return bool(super().has_change_permission(request, obj)) and _is_pending(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As usual, but only pending reminders."""
        return bool(super().has_delete_permission(request, obj)) and _is_pending(obj)

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[UnfoldAction]:
        """Return the button that cancels a pending reminder."""
        key = as_uuid(str(object_id))
        pending = key is not None and BookingReminder.objects.filter(pk=key, status="pending").exists()
        offered: list[UnfoldAction] = super().get_actions_detail(request, object_id) if pending else []
        return offered

    @action(
        description="Cancel reminder",
        url_path="cancel",
        permissions=["change"],
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Cancel this reminder?",
            "description": "It will not be sent. To remind the customer after all, add another reminder.",
            "form_class": ReasonForm,
            "form_submit_text": "Cancel reminder",
        },
    )
    def cancel_reminder(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Cancel a pending reminder."""

        def change(key: UUID) -> BookingReminder:
            return cancel_reminder(reminder_id=key, actor=actor_for(request.user), at=now())

        refusals = (BookingError, TransitionRefused)
        return dialogs.change_status(self, request, form, object_id, change, refusals=refusals)

    @display(description="Customer", ordering="booking__customer__full_name")
    def customer(self, reminder: BookingReminder) -> str:
        """Return the name of the customer."""
        return reminder.booking.customer.full_name


def _is_pending(obj: Model | None) -> bool:
    return not isinstance(obj, BookingReminder) or obj.status == BookingReminder.Status.PENDING
