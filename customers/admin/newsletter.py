"""Newsletter subscribers in the staff site."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from core.admin.base import StaffAdmin
from core.admin.filters import DayFilter
from customers.models import NewsletterSubscriber


@admin.register(NewsletterSubscriber)
class NewsletterSubscriberAdmin(StaffAdmin):
    """Subscribers; the consent itself is given by the person, so its time cannot be edited."""

    list_display = ("email", "status", "confirmed_at", "source", "created_at")
    list_filter = (("status", ChoicesDropdownFilter), ("confirmed_at", DayFilter))
    search_fields = ("email",)
    ordering = ("-created_at",)
    readonly_fields = ("id", "confirmed_at", "created_at", "updated_at")
