"""Customers in the staff site."""

from __future__ import annotations

from django.contrib import admin

from core.admin.base import StaffAdmin
from core.admin.filters import DayFilter
from core.admin.search import Search
from customers.models import Customer
from customers.selectors.search import customers_like


@admin.register(Customer)
class CustomerAdmin(StaffAdmin):
    """Customers, to be found by name, email, phone or ID."""

    list_display = ("full_name", "email", "phone", "address_city", "address_state", "created_at")
    list_filter = (("created_at", DayFilter),)
    search_fields = ("full_name", "email", "phone")
    searches = (Search(customers_like),)
    palette_icon = "person"
    search_help_text = "Name, beginning of the email, digits of the phone, or ID"
    ordering = ("full_name",)
    fieldsets = (
        (None, {"fields": ("full_name", ("email", "phone"))}),
        ("Address", {"fields": ("address_street", ("address_city", "address_state", "address_zip"))}),
        ("Notes", {"fields": ("notes",)}),
    )

    def row_label(self, row: Customer) -> str:
        """Return the name with what tells namesakes apart: email, phone and city."""
        return " · ".join(filter(None, (row.full_name, row.email, row.phone, row.address_city)))
