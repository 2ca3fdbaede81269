"""Social media accounts, threads and messages in the staff site."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from core.admin.base import ReadOnlyAdmin, StaffAdmin
from core.admin.filters import DayFilter
from customers.admin.status_button import StatusButton, status_button
from customers.models import SocialAccount, SocialMessage, SocialThread


@admin.register(SocialAccount)
class SocialAccountAdmin(StaffAdmin):
    """Our own accounts."""

    list_display = ("handle", "platform", "external_id", "is_active")
    list_filter = ("is_active",)
    search_fields = ("handle", "platform", "external_id")
    ordering = ("platform", "handle")


@admin.register(SocialThread)
class SocialThreadAdmin(StatusButton):
    """Conversations, those with the latest change first."""

    change_status = status_button(SocialThread)
    list_display = ("external_id", "account", "customer", "status", "updated_at")
    list_select_related = ("account", "customer")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("account", AutocompleteSelectFilter),
        ("customer", AutocompleteSelectFilter),
    )
    search_fields = ("external_id", "customer__full_name")
    related_to = ("customer", "account")
    ordering = ("-updated_at",)
    autocomplete_fields = ("account", "customer")


@admin.register(SocialMessage)
class SocialMessageAdmin(ReadOnlyAdmin):
    """The messages of all threads. They are records that nobody edits."""

    list_display = ("sent_at", "direction", "thread", "body")
    list_select_related = ("thread",)
    list_filter = (("direction", ChoicesDropdownFilter), ("sent_at", DayFilter))
    search_fields = ("body", "external_id")
    related_to = ("thread", "thread__customer")
    ordering = ("-sent_at",)
