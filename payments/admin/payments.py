"""Payments in the staff site."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from bookings.selectors.search import bookings_found
from core.admin.badges import status_badge
from core.admin.base import ReadOnlyAdmin
from core.admin.filters import DayFilter
from payments.models import Payment


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Payments, newest first."""

    list_display = ("created_at", "customer", "amount", "currency", "method", status_badge(), "paid_at")
    list_select_related = ("booking__customer",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("method", ChoicesDropdownFilter),
        ("paid_at", DayFilter),
    )
    search_fields = ("booking__customer__full_name", "booking__customer__email", "stripe_payment_intent_id")
    search_help_text = "ID, Stripe intent, or the customer's name, email or phone"
    ordering = ("-created_at",)

    def search_conditions(self, term: str) -> Q:
        """A Stripe intent, or what the term says of the customer."""
        if term.startswith("pi_"):
            return Q(stripe_payment_intent_id=term)
        return bookings_found(term)

    @display(description="Customer")
    def customer(self, payment: Payment) -> str:
        """Who paid."""
        return payment.booking.customer.full_name
