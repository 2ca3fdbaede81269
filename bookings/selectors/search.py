"""Conditions that find bookings, and rows of bookings, by a search term. Nothing here executes a query."""

from __future__ import annotations

from django.db.models import Q

from core.search import as_uuid
from customers.selectors.search import customers_found, customers_named


def bookings_found(term: str) -> Q:
    """Return the condition on a foreign key ``booking``: the booking's ID, or a customer like ``term``.

    It tells about emails and phones, so it is meant for users who may view customers; see ``bookings_named``.
    """
    return _with_id(term, customers_found(term, "booking__customer"))


def bookings_named(term: str) -> Q:
    """Return the condition on a foreign key ``booking``: the booking's ID, or the customer's exact ID or name."""
    return _with_id(term, customers_named(term, "booking__customer"))


def bookings_showing(term: str) -> Q:
    """Return the condition on bookings that show exactly ``term``: the customer's name, the street, city or ZIP code."""
    text = term.strip()
    address = Q(address_street__iexact=text) | Q(address_city__iexact=text) | Q(address_zip=text)
    return customers_named(text) | address


def contacts_showing(term: str) -> Q:
    """Return the condition on ``BookingOverview`` rows that show exactly ``term`` as name, email or phone."""
    text = term.strip()
    return Q(customer_name__iexact=text) | Q(customer_email__iexact=text) | Q(customer_phone=text)


def _with_id(term: str, found: Q) -> Q:
    key = as_uuid(term.strip())
    return found if key is None else found | Q(booking=key)
