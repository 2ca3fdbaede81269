"""Payment methods in the staff site."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from core.admin.base import ReadOnlyAdmin
from customers.selectors.search import customers_found
from payments.models import PaymentMethod


@admin.register(PaymentMethod)
class PaymentMethodAdmin(ReadOnlyAdmin):
    """What customers have on file at the payment provider."""

    list_display = ("customer", "type", "card_brand", "card_last4", "is_default", "created_at")
    list_select_related = ("customer",)
    list_filter = (("type", ChoicesDropdownFilter), ("customer", AutocompleteSelectFilter))
    search_fields = ("customer__full_name", "customer__email", "card_last4")
    ordering = ("-created_at",)

    def search_conditions(self, term: str) -> Q:
        """The last four digits, or what the term says of the customer."""
        found = customers_found(term)
        return found | Q(card_last4=term) if len(term) == 4 and term.isdecimal() else found
