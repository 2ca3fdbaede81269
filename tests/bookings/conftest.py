"""The cast of the staff pages: a manager who may change bookings, a kitchen in Sacramento, and a customer."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from adminpanel.models import AdminUser
from bookings.models import Booking, Location
from core.clock import now
from customers.models import Customer
from tests.adminpanel.conftest import make_user

PACIFIC = ZoneInfo("America/Los_Angeles")


@pytest.fixture
def manager(db: None) -> AdminUser:
    """May do everything with bookings."""
    return make_user("manager", "bookings.*", "customers.view_customer")


@pytest.fixture
def browser(manager: AdminUser) -> Client:
    """The manager's browser."""
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def kitchen(db: None) -> Location:
    """A kitchen in Sacramento for 50 guests a day."""
    return Location.objects.create(
        name="Sacramento kitchen",
        address_street="1410 R Street",
        address_city="Sacramento",
        address_state="CA",
        address_zip="95811",
        capacity=50,
    )


@pytest.fixture
def guest(db: None) -> Customer:
    """A customer."""
    return Customer.objects.create(email="ben@example.com", full_name="Ben Benitez")


def evening(days: int, hour: int = 18) -> datetime:
    """The hour in Sacramento, ``days`` after today there."""
    day = (now().astimezone(PACIFIC) + timedelta(days=days)).date()
    return datetime(day.year, day.month, day.day, hour, tzinfo=PACIFIC)


def book(customer: Customer, location: Location | None, adults: int, **fields: object) -> Booking:
    """A stored booking, by default three weeks ahead."""
    fields = {"event_starts_at": evening(21), **fields}
    return Booking.objects.create(customer=customer, location=location, guests_adult=adults, **fields)
