"""Bookings and what hangs on them, found through their customers: few or many, with the same result."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bookings.models import Booking, BookingReminder
from bookings.selectors.search import bookings_found
from customers.models import Customer
from customers.selectors import search

AT = datetime(2030, 5, 4, 18, tzinfo=UTC)


@pytest.fixture
def reminders(db: None) -> list[BookingReminder]:
    """A reminder for each of three customers."""
    made = []
    for name in ("Ana Alvarez", "Ana Brown", "Ben Brown"):
        customer = Customer.objects.create(email=f"{name.replace(' ', '.')}@example.com", full_name=name)
        booking = Booking.objects.create(customer=customer, event_starts_at=AT, guests_adult=10)
        made.append(BookingReminder.objects.create(booking=booking, reminder_type="sms", scheduled_for=AT))
    return made


@pytest.mark.parametrize("few", [500, 1], ids=["looked up", "subquery"])
def test_the_customers_words_find_the_reminders(
    reminders: list[BookingReminder], monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(search, "FEW", few)
    first, second, third = reminders
    for term, wanted in (("ana", {first, second}), ("brown", {second, third}), ("ben", {third}), ("nobody", set())):
        assert set(BookingReminder.objects.filter(bookings_found(term))) == wanted, term


def test_ids_of_booking_and_customer_find_it(reminders: list[BookingReminder]) -> None:
    wanted = reminders[1]
    for key in (wanted.booking_id, wanted.booking.customer_id):
        assert list(BookingReminder.objects.filter(bookings_found(f" {key} "))) == [wanted]
