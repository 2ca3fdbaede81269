"""Money: defaults, what outlives what, and the view that adds it up."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from bookings.models import Booking
from customers.models import Customer
from payments.models import CustomerOverview, Deposit, LoyaltyPoints, LoyaltyTransaction, Payment, StripeEvent


@pytest.fixture
def ana(db: None) -> Customer:
    """A customer."""
    return Customer.objects.create(email="ana@example.com", full_name="Ana Alvarez")


def book(customer: Customer, days: int, status: str, *paid: tuple[int, str]) -> Booking:
    """A booking so many days from now, with payments of these amounts and states."""
    booking = Booking.objects.create(
        customer=customer, event_starts_at=timezone.now() + timedelta(days=days), guests_adult=10, status=status
    )
    for amount, state in paid:
        Payment.objects.create(booking=booking, amount=amount, method="card", status=state)
    return booking


def test_raw_sql_gets_the_same_defaults(ana: Customer) -> None:
    booking = book(ana, 3, "pending")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO deposits (booking_id, amount) VALUES (%s, 100) RETURNING id", [booking.pk])
        (key,) = cursor.fetchone()
    deposit = Deposit.objects.get(pk=key)
    assert (deposit.status, deposit.currency, deposit.metadata_json) == ("pending", "USD", {})
    assert Deposit.objects.create(booking=booking, amount=1).metadata_json == {}


def test_the_overview_adds_up_per_customer(ana: Customer) -> None:
    other = Customer.objects.create(email="ben@example.com", full_name="Ben")
    book(ana, -20, "completed", (400, "succeeded"), (150, "refunded"))
    last = book(ana, -5, "completed", (250, "succeeded"), (90, "failed"))
    book(ana, 2, "cancelled")
    following = book(ana, 9, "confirmed")
    row = CustomerOverview.objects.get(pk=ana.pk)
    assert (row.bookings_count, row.completed_count, row.paid_amount) == (4, 2, Decimal("650.00"))
    assert (row.last_event_at, row.next_event_at) == (last.event_starts_at, following.event_starts_at)
    row = CustomerOverview.objects.get(pk=other.pk)
    assert (row.bookings_count, row.paid_amount, row.next_event_at) == (0, Decimal(0), None)


def test_the_ledger_outlives_the_booking(ana: Customer) -> None:
    booking = book(ana, -5, "completed")
    account = LoyaltyPoints.objects.create(customer=ana)
    line = LoyaltyTransaction.objects.create(
        customer=ana, loyalty_points=account, points_change=500, reason="Event", booking=booking
    )
    assert (account.tier, account.points, str(line)) == ("bronze", 0, "+500 (Event)")
    booking.delete()
    line.refresh_from_db()
    assert line.booking is None


def test_a_stripe_event_is_kept_once(db: None) -> None:
    event = StripeEvent.objects.create(event_id="evt_1", type="charge.refunded", payload={})
    assert event.received_at is not None
    assert (event.processed_at, event.error) == (None, "")
    with pytest.raises(IntegrityError, match="stripe_events_event_id_key"), transaction.atomic():
        StripeEvent.objects.create(event_id="evt_1", type="charge.refunded", payload={})
    assert StripeEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("currency", "text"),
    [("USD", "$1,300.00"), ("usd", "$1,300.00"), (None, "$1,300.00"), ("JPY", "¥1,300"), ("xx", "XX\xa01,300.00")],
)
def test_a_payment_and_a_deposit_are_named_by_their_money(ana: Customer, currency: str | None, text: str) -> None:
    booking = book(ana, 1, "confirmed")
    amount = Decimal("1300.00")
    payment = Payment(booking=booking, amount=amount, currency=currency, method="card", status="succeeded")
    assert str(payment) == f"{text} (succeeded)"
    assert str(Deposit(booking=booking, amount=amount, currency=currency)) == f"{text} (pending)"
