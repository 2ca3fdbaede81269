"""Customers in the staff site."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q

from core.admin.base import StaffAdmin
from core.admin.filters import DayFilter
from customers.models import Customer
from customers.selectors.search import customers_like


@admin.register(Customer)
class CustomerAdmin(StaffAdmin):
    """Customers, to be found by name, email, phone or ID."""

    list_display = ("full_name", "email", "phone", "address_city", "address_state", "created_at")
    list_filter = (("created_at", DayFilter),)
    search_fields = ("full_name", "email", "phone")
    search_help_text = "Name, beginning of the email, digits of the phone, or ID"
    ordering = ("full_name",)
    fieldsets = (
        (None, {"fields": ("full_name", ("email", "phone"))}),
        ("Address", {"fields": ("address_street", ("address_city", "address_state", "address_zip"))}),
        ("Notes", {"fields": ("notes",)}),
    )

    def search_conditions(self, term: str) -> Q:
        """Take the term for what it looks like."""
        return customers_like(term)
