"""Bookings and their rows, found by ID and through their customers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bookings.models import Booking, BookingReminder
from bookings.selectors.search import bookings_found, bookings_named, bookings_showing
from customers.models import Customer
from customers.selectors.search import customers_found, customers_named

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


def test_the_customers_words_find_the_reminders(reminders: list[BookingReminder]) -> None:
    first, second, third = reminders
    for term, wanted in (("ana", {first, second}), ("brown", {second, third}), ("ben", {third}), ("nobody", set())):
        assert set(BookingReminder.objects.filter(bookings_found(term))) == wanted, term


def test_conditions_execute_no_query(db: None, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]  # a fixture that pytest-django leaves untyped
        for condition in (bookings_found, bookings_named, bookings_showing, customers_found, customers_named):
            condition("ana")


def test_the_exact_name_finds_a_booking_and_a_part_of_it_does_not(reminders: list[BookingReminder]) -> None:
    for condition, rows in (
        (bookings_named, BookingReminder.objects.all()),
        (bookings_showing, Booking.objects.all()),
    ):
        assert rows.filter(condition(" ana ALVAREZ ")).count() == 1
        for part in ("ana", "ana.alvarez@example.com", "Alvarez"):
            assert not rows.filter(condition(part)).exists()


def test_ids_of_booking_and_customer_find_it(reminders: list[BookingReminder]) -> None:
    wanted = reminders[1]
    for key in (wanted.booking_id, wanted.booking.customer_id):
        assert list(BookingReminder.objects.filter(bookings_found(f" {key} "))) == [wanted]
