"""Loyalty points and their ledger in the staff site."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from core.admin.badges import status_badge
from core.admin.base import ReadOnlyAdmin
from core.admin.filters import DayFilter
from customers.selectors.search import customers_found
from payments.models import LoyaltyPoints, LoyaltyTransaction


@admin.register(LoyaltyPoints)
class LoyaltyPointsAdmin(ReadOnlyAdmin):
    """The running figures, most points first."""

    list_display = ("customer", "points", "points_earned", "points_redeemed", status_badge("tier"), "last_earned_at")
    list_select_related = ("customer",)
    list_filter = (("tier", ChoicesDropdownFilter), ("customer", AutocompleteSelectFilter))
    search_fields = ("customer__full_name", "customer__email", "customer__phone")
    ordering = ("-points",)

    def search_conditions(self, term: str) -> Q:
        """Take the term for what it says of the customer."""
        return customers_found(term)


@admin.register(LoyaltyTransaction)
class LoyaltyTransactionAdmin(ReadOnlyAdmin):
    """The ledger, newest line first."""

    list_display = ("created_at", "customer", "points_change", "reason", "booking")
    list_select_related = ("customer", "booking")
    list_filter = (("created_at", DayFilter), ("customer", AutocompleteSelectFilter))
    search_fields = ("customer__full_name", "customer__email", "customer__phone")
    ordering = ("-created_at",)

    def search_conditions(self, term: str) -> Q:
        """Take the term for what it says of the customer."""
        return customers_found(term)
