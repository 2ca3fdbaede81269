"""Bookings: their defaults, what goes with them, and the view over them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection

from bookings.models import Booking, BookingOverview, BookingReminder, Location, RecurringBooking
from customers.models import Customer

AT = datetime(2030, 5, 4, 18, tzinfo=UTC)


@pytest.fixture
def ana(db: None) -> Customer:
    """A customer."""
    return Customer.objects.create(email="ana@example.com", full_name="Ana Alvarez", phone="5551")


@pytest.fixture
def booking(ana: Customer) -> Booking:
    """Her booking, for ten adults and two children."""
    return Booking.objects.create(customer=ana, event_starts_at=AT, guests_adult=10, guests_child=2)


def test_raw_sql_gets_the_same_defaults(ana: Customer) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bookings (customer_id, event_starts_at, guests_adult) VALUES (%s, %s, 8) RETURNING id",
            [ana.pk, AT],
        )
        (key,) = cursor.fetchone()
    booking = Booking.objects.get(pk=key)
    assert (booking.status, booking.total_amount, booking.currency) == ("pending", Decimal(0), "USD")
    assert (booking.guests, booking.location, booking.recurrence) == (8, None, None)
    assert booking.created_at is not None
    assert str(booking) == "Sat, May 4, 2030, 18:00 UTC, 8 guests"


def test_a_location_gets_the_plans_defaults(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO locations (name, address_street, address_city, address_state, address_zip)"
            " VALUES ('K', 's', 'c', 'CA', '9') RETURNING id"
        )
        (key,) = cursor.fetchone()
    kitchen = Location.objects.get(pk=key)
    assert (kitchen.capacity, kitchen.service_radius_miles, kitchen.is_active) == (100, Decimal(30), True)
    assert (kitchen.base_travel_fee, kitchen.per_mile_fee) == (Decimal(0), Decimal(2))


def test_a_booking_outlives_its_location_and_its_series(booking: Booking, ana: Customer) -> None:
    kitchen = Location.objects.create(
        name="K", address_street="s", address_city="c", address_state="CA", address_zip="9"
    )
    series = RecurringBooking.objects.create(
        customer=ana, recurrence_pattern="weekly", start_date=AT.date(), booking_template_json={}
    )
    Booking.objects.update(location=kitchen, recurrence=series)
    kitchen.delete()
    series.delete()
    booking.refresh_from_db()
    assert (booking.location, booking.recurrence) == (None, None)


def test_reminders_and_bookings_go_with_the_customer(booking: Booking, ana: Customer) -> None:
    BookingReminder.objects.create(booking=booking, reminder_type="sms", scheduled_for=AT)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers WHERE id = %s", [ana.pk])
    assert not Booking.objects.exists()
    assert not BookingReminder.objects.exists()


def test_the_view_shows_a_booking_with_its_customer(booking: Booking) -> None:
    row = BookingOverview.objects.get()
    assert (row.pk, row.customer_name, row.customer_phone) == (booking.pk, "Ana Alvarez", "5551")
    assert (row.guests, row.currency, row.event_starts_at) == (12, "USD", AT)
    Booking.objects.update(guests_child=None, currency=None)
    row.refresh_from_db()
    assert (row.guests, row.currency) == (10, "USD")
