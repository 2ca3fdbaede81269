"""The demo rows: complete, consistent, the same each time, and never beside real ones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db.models import F, Sum

from adminpanel.demo import DEMO_EMAIL, DEMO_PASSWORD, load_demo
from adminpanel.demo.events import bookings
from adminpanel.demo.people import customers
from adminpanel.demo.places import ZONE
from adminpanel.models import AdminUser
from bookings.models import Booking, BookingReminder, Location, RecurringBooking
from customers.models import Customer
from payments.models import Deposit, LoyaltyPoints, LoyaltyTransaction, Payment

AT = datetime(2026, 6, 1, 15, 30, tzinfo=UTC)


@pytest.fixture
def demo(db: None) -> None:
    """The demo rows of one day."""
    assert load_demo(at=AT)


def test_what_is_there(demo: None) -> None:
    counts = [model._default_manager.count() for model in (Location, AdminUser, Customer, Booking)]
    assert counts == [4, 8, 300, 600]
    assert Booking.objects.filter(event_starts_at__lt=AT).count() > 200
    assert Booking.objects.filter(event_starts_at__gte=AT).count() > 200
    assert Deposit.objects.count() == 600
    assert Payment.objects.exists()
    assert set(BookingReminder.objects.values_list("status", flat=True)) == {"pending", "sent", "failed"}
    assert RecurringBooking.objects.exclude(bookings=None).distinct().count() == 12


def test_loading_twice_changes_nothing(demo: None) -> None:
    before = sorted(Booking.objects.values_list("pk", "event_starts_at", "status"))
    assert load_demo(at=AT) is False
    assert sorted(Booking.objects.values_list("pk", "event_starts_at", "status")) == before


def test_nothing_is_loaded_beside_real_rows(db: None) -> None:
    Customer.objects.create(email="real@example.com", full_name="Real")
    assert load_demo(at=AT) is False
    assert not Booking.objects.exists()
    assert not AdminUser.objects.exists()


def test_the_same_day_gives_the_same_rows() -> None:
    first, second = (bookings(AT, customers(AT)) for _ in range(2))
    assert [(one.pk, one.event_starts_at, one.status) for one in first] == [
        (one.pk, one.event_starts_at, one.status) for one in second
    ]


def test_points_are_the_sum_of_the_ledger(demo: None) -> None:
    sums = dict(LoyaltyTransaction.objects.values_list("customer").annotate(total=Sum("points_change")))
    accounts = LoyaltyPoints.objects.all()
    assert {one.customer_id: one.points for one in accounts} == sums
    assert not accounts.exclude(points=F("points_earned") - F("points_redeemed")).exists()
    assert min(sums.values()) >= 0
    assert len(set(accounts.values_list("tier", flat=True))) >= 2


def test_no_kitchen_is_over_its_capacity(demo: None) -> None:
    guests: dict[tuple[object, object], int] = {}
    for booking in Booking.objects.exclude(status="cancelled").select_related("location"):
        place = (booking.location, booking.event_starts_at.astimezone(ZONE).date())
        guests[place] = guests.get(place, 0) + booking.guests
    assert all(total <= location.capacity for (location, _), total in guests.items())  # type: ignore[attr-defined]


def test_deposits_fit_their_bookings(demo: None) -> None:
    for deposit in Deposit.objects.select_related("booking"):
        assert 0 < deposit.amount <= deposit.booking.total_amount
        assert (deposit.status in ("confirmed", "refunded")) == (deposit.paid_at is not None)


def test_demo_staff_may_log_in_at_once(demo: None) -> None:
    user = AdminUser.objects.get(email=DEMO_EMAIL)
    assert user.check_password(DEMO_PASSWORD)
    assert user.is_superuser
    assert not AdminUser.objects.filter(last_login=None).exists()
