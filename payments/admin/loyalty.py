"""Loyalty points and their ledger in the staff site."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from core.admin.badges import status_badge
from core.admin.base import ReadOnlyAdmin
from core.admin.filters import DayFilter
from core.admin.search import Search
from customers.models import Customer
from customers.selectors.search import customers_found, customers_named
from payments.models import LoyaltyPoints, LoyaltyTransaction


@admin.register(LoyaltyPoints)
class LoyaltyPointsAdmin(ReadOnlyAdmin):
    """The running figures, most points first."""

    list_display = ("customer", "points", "points_earned", "points_redeemed", status_badge("tier"), "last_earned_at")
    list_select_related = ("customer",)
    list_filter = (("tier", ChoicesDropdownFilter), ("customer", AutocompleteSelectFilter))
    search_fields = ("customer__full_name", "customer__email", "customer__phone")
    searches = (Search(customers_found, through=(Customer,), otherwise=customers_named),)
    related_to = ("customer",)
    ordering = ("-points",)


@admin.register(LoyaltyTransaction)
class LoyaltyTransactionAdmin(ReadOnlyAdmin):
    """The ledger, newest line first."""

    list_display = ("created_at", "customer", "points_change", "reason", "booking")
    list_select_related = ("customer", "booking")
    list_filter = (("created_at", DayFilter), ("customer", AutocompleteSelectFilter))
    search_fields = ("customer__full_name", "customer__email", "customer__phone")
    searches = (Search(customers_found, through=(Customer,), otherwise=customers_named),)
    related_to = ("customer", "booking")
    ordering = ("-created_at",)
