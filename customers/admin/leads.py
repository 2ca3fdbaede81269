"""Leads in the staff site."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from core.admin.filters import DayFilter
from customers.admin.status_button import StatusButton, status_button
from customers.models import Lead


@admin.register(Lead)
class LeadAdmin(StatusButton):
    """Enquiries and how far they got, newest first."""

    change_status = status_button(Lead)
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
        ("event_date", DayFilter),
        ("customer", AutocompleteSelectFilter),
    )
    search_fields = ("full_name", "email", "phone")
    ordering = ("-created_at",)
    autocomplete_fields = ("customer",)
    related_to = ("customer",)
    palette_icon = "contact_mail"
