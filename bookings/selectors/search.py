"""Finding what hangs on a booking by what one knows of its customer."""

from __future__ import annotations

from django.db.models import Q

from bookings.models import Booking
from customers.selectors.search import as_key, customers_found


def bookings_found(term: str) -> Q:
    """A condition for a foreign key ``booking``: the booking's ID, or a customer like ``term``."""
    if (key := as_key(term.strip())) is not None:
        return Q(booking=key)
    return Q(booking__in=Booking.objects.filter(customers_found(term)).values("pk"))
