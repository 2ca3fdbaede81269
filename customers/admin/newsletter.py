"""Newsletter subscribers in the staff site."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from core.admin.filters import DayFilter
from customers.admin.status_button import StatusButton, status_button
from customers.models import NewsletterSubscriber


@admin.register(NewsletterSubscriber)
class NewsletterSubscriberAdmin(StatusButton):
    """Subscribers; the consent itself is given by the person, so its time cannot be edited."""

    change_status = status_button(NewsletterSubscriber)
    list_display = ("email", "status", "confirmed_at", "source", "created_at")
    list_filter = (("status", ChoicesDropdownFilter), ("confirmed_at", DayFilter))
    search_fields = ("email",)
    ordering = ("-created_at",)
    readonly_fields = ("confirmed_at",)
