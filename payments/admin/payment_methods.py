"""Payment methods in the staff site."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from core.admin.base import ReadOnlyAdmin
from core.admin.search import Search
from customers.models import Customer
from payments.models import PaymentMethod
from payments.selectors.search import methods_found, methods_named


@admin.register(PaymentMethod)
class PaymentMethodAdmin(ReadOnlyAdmin):
    """The cards and bank accounts that customers have on file at the payment provider."""

    list_display = ("customer", "type", "card_brand", "card_last4", "is_default", "created_at")
    list_select_related = ("customer",)
    list_filter = (("type", ChoicesDropdownFilter), ("customer", AutocompleteSelectFilter))
    search_fields = ("customer__full_name", "customer__email", "card_last4")
    searches = (Search(methods_found, through=(Customer,), otherwise=methods_named),)
    related_to = ("customer",)
    ordering = ("-created_at",)
