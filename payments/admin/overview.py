"""The view ``customer_overview`` in the staff site."""

from __future__ import annotations

from datetime import datetime

from django.contrib import admin
from unfold.decorators import display

from bookings.models import Location
from core.admin.base import ReadOnlyAdmin
from core.admin.display import money
from core.admin.search import Search
from core.datetimes import show
from payments.models import CustomerOverview
from payments.selectors.search import customer_figures_found


@admin.register(CustomerOverview)
class CustomerOverviewAdmin(ReadOnlyAdmin):
    """Customers with their figures. Only name and email sort: the figures are added up per row."""

    list_display = ("full_name", "email", "bookings_count", "completed_count", "next_event", "paid")
    fields = (
        "full_name",
        "email",
        "phone",
        ("bookings_count", "completed_count"),
        ("next_event", "last_event"),
        "paid",
    )
    readonly_fields = ("next_event", "last_event", "paid")
    sortable_by = ("full_name", "email")
    search_fields = ("full_name", "email", "phone")
    searches = (Search(customer_figures_found),)
    ordering = ("email",)

    @display(description="Next event")
    def next_event(self, row: CustomerOverview) -> str:
        """Return the time of the next event at its location."""
        return _show_at(row.next_event_at, row.next_event_location)

    @display(description="Last event")
    def last_event(self, row: CustomerOverview) -> str:
        """Return the time of the last completed event at its location."""
        return _show_at(row.last_event_at, row.last_event_location)

    @display(description="Paid", formatting="price")
    def paid(self, row: CustomerOverview) -> str:
        """Return what the customer paid, unless it is in several currencies."""
        return money(row.paid_amount, row.paid_currency) if row.paid_currency else "several currencies"


def _show_at(at: datetime | None, location: Location | None) -> str:
    """Return the time of an event in the time zone of its location."""
    return show(at, location.time_zone if location else None)
