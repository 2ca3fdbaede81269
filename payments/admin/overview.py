"""The view ``customer_overview`` in the staff site."""

from __future__ import annotations

from django.contrib import admin
from unfold.decorators import display

from core.admin.base import ReadOnlyAdmin
from core.admin.display import money
from core.admin.search import Search
from payments.models import CustomerOverview
from payments.selectors.search import customer_figures_found


@admin.register(CustomerOverview)
class CustomerOverviewAdmin(ReadOnlyAdmin):
    """Customers with their figures. Only name and email sort: the figures are added up per row."""

    list_display = ("full_name", "email", "bookings_count", "completed_count", "next_event_at", "paid")
    sortable_by = ("full_name", "email")
    search_fields = ("full_name", "email", "phone")
    searches = (Search(customer_figures_found),)
    ordering = ("email",)

    @display(description="Paid", formatting="price")
    def paid(self, row: CustomerOverview) -> str:
        """Return what the customer paid, unless it is in several currencies."""
        return money(row.paid_amount, row.paid_currency) if row.paid_currency else "several currencies"
