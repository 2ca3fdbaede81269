"""Conditions that find rows about money by a search term. Nothing here executes a query."""

from __future__ import annotations

from django.db.models import Q

from bookings.selectors.search import bookings_found, bookings_named
from core.search import key_in
from customers.models import Customer
from customers.selectors.search import customers_found, customers_like, customers_named

_INTENT = "pi_"


def money_found(term: str) -> Q:
    """Return the condition on deposits or payments: a Stripe intent, a booking's ID, or a customer like ``term``."""
    return Q(stripe_payment_intent_id=term) if term.startswith(_INTENT) else bookings_found(term)


def money_named(term: str) -> Q:
    """Return the condition on deposits or payments: a Stripe intent, a booking's ID, or the customer's exact name."""
    return Q(stripe_payment_intent_id=term) if term.startswith(_INTENT) else bookings_named(term)


def methods_found(term: str) -> Q:
    """Return the condition on payment methods: the last four digits, or a customer like ``term``."""
    return customers_found(term) | _last_four(term)


def methods_named(term: str) -> Q:
    """Return the condition on payment methods: the last four digits, or the customer's exact name."""
    return customers_named(term) | _last_four(term)


def customer_figures_found(term: str) -> Q:
    """Return the condition on ``CustomerOverview``, whose key is the customer's."""
    return key_in("pk", Customer.objects.filter(customers_like(term)).values("pk"))


def _last_four(term: str) -> Q:
    return Q(card_last4=term) if len(term) == 4 and term.isdecimal() else Q(pk__in=[])
