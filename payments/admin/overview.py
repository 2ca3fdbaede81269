"""The view ``customer_overview`` in the staff site."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q

from core.admin.base import ReadOnlyAdmin
from customers.models import Customer
from customers.selectors.search import customers_like
from payments.models import CustomerOverview


@admin.register(CustomerOverview)
class CustomerOverviewAdmin(ReadOnlyAdmin):
    """Customers with their figures. Only name and email sort: the figures are added up per row."""

    list_display = ("full_name", "email", "bookings_count", "completed_count", "next_event_at", "paid_amount")
    sortable_by = ("full_name", "email")
    search_fields = ("full_name", "email", "phone")
    ordering = ("email",)

    def search_conditions(self, term: str) -> Q:
        """Take the term for what it looks like."""
        return Q(pk__in=Customer.objects.filter(customers_like(term)).values("pk"))
