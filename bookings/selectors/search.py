"""Finding what hangs on a booking by what one knows of its customer."""

from __future__ import annotations

from django.db.models import Q

from core.search import as_uuid
from customers.selectors.search import customers_found


def bookings_found(term: str) -> Q:
    """A condition for a foreign key ``booking``: the booking's ID, or a customer like ``term``."""
    found = customers_found(term, "booking__customer")
    key = as_uuid(term.strip())
    return found if key is None else found | Q(booking=key)
