"""Stripe's events in the staff site."""

from __future__ import annotations

from django.contrib import admin
from unfold.decorators import display

from core.admin.base import ReadOnlyAdmin
from core.admin.filters import DayFilter
from payments.models import StripeEvent


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    """The events that Stripe reported, newest first, and whether they were handled."""

    list_display = ("received_at", "type", "event_id", "is_processed", "error")
    list_filter = (("received_at", DayFilter), ("processed_at", DayFilter))
    search_fields = ("=event_id", "type__startswith")
    ordering = ("-received_at",)

    @display(description="Processed", boolean=True)
    def is_processed(self, event: StripeEvent) -> bool:
        """Whether the event was handled."""
        return event.processed_at is not None
