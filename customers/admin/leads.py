"""Leads in the staff site."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter

from core.admin.base import StaffAdmin
from customers.models import Lead


@admin.register(Lead)
class LeadAdmin(StaffAdmin):
    """Enquiries and how far they got, newest first."""

    list_display = (
        "full_name",
        "status",
        "email",
        "phone",
        "event_date",
        "guests",
        "source",
        "customer",
        "created_at",
    )
    list_select_related = ("customer",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("event_date", RangeDateFilter),
        ("customer", AutocompleteSelectFilter),
    )
    search_fields = ("full_name", "email", "phone")
    ordering = ("-created_at",)
    autocomplete_fields = ("customer",)
    related_to = ("customer",)
    palette_icon = "contact_mail"
    readonly_fields = ("id", "created_at", "updated_at")
