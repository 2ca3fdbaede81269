"""Payments in the staff site."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.admin.badges import status_badge
from core.admin.base import ReadOnlyAdmin
from core.admin.display import money_column
from core.admin.filters import DayFilter
from core.admin.search import Search
from customers.models import Customer
from payments.models import Payment
from payments.selectors.search import money_found, money_named


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Payments, newest first."""

    list_display = ("created_at", "customer", "money", "method", status_badge(), "paid_at")
    list_select_related = ("booking__customer",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("method", ChoicesDropdownFilter),
        ("paid_at", DayFilter),
    )
    search_fields = ("booking__customer__full_name", "booking__customer__email", "stripe_payment_intent_id")
    searches = (Search(money_found, through=(Customer,), otherwise=money_named),)
    related_to = ("booking", "booking__customer")
    money = staticmethod(money_column("amount", description="Amount"))
    search_help_text = "ID, Stripe intent, or the customer's name, email or phone"
    ordering = ("-created_at",)

    @display(description="Customer")
    def customer(self, payment: Payment) -> str:
        """Return the name of the customer."""
        return payment.booking.customer.full_name
