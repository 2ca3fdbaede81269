"""What is paid and due: deposits count, cancelled bookings owe nothing, and currencies are never added up."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bookings.models import Booking
from customers.models import Customer
from payments.models import CustomerOverview, Deposit, Payment
from payments.selectors.balances import Balance, booking_balances, customer_balances

AT = datetime(2030, 5, 4, 18, tzinfo=UTC)


@pytest.fixture
def ana(db: None) -> Customer:
    """A customer."""
    return Customer.objects.create(email="ana@example.com", full_name="Ana Alvarez")


def book(customer: Customer, total: int, **fields: object) -> Booking:
    return Booking.objects.create(
        customer=customer, event_starts_at=AT, guests_adult=10, total_amount=Decimal(total), **fields
    )


def test_a_booking_without_money_owes_its_total(ana: Customer) -> None:
    booking = book(ana, 700)
    assert booking_balances(booking.pk) == [Balance("USD", total=Decimal(700))]
    assert booking_balances(booking.pk)[0].due == 700


def test_confirmed_deposits_and_succeeded_payments_are_paid(ana: Customer, django_assert_num_queries: object) -> None:
    booking = book(ana, 700)
    for status, amount in (("confirmed", 100), ("pending", 1), ("failed", 2), ("cancelled", 3), ("refunded", 40)):
        Deposit.objects.create(booking=booking, amount=Decimal(amount), status=status)
    for status, amount in (("succeeded", 250), ("succeeded", 50), ("pending", 4), ("failed", 5), ("refunded", 60)):
        Payment.objects.create(booking=booking, amount=Decimal(amount), status=status, method="cash")
    with django_assert_num_queries(1):  # type: ignore[operator]  # a fixture that pytest-django leaves untyped
        (balance,) = booking_balances(booking.pk)
    assert balance == Balance(
        "USD", total=Decimal(700), deposits=Decimal(100), payments=Decimal(300), refunds=Decimal(100)
    )
    assert balance.due == 300
    assert CustomerOverview.objects.get().paid_amount == 400


def test_currencies_are_kept_apart(ana: Customer) -> None:
    booking = book(ana, 700, currency=None)
    euros = book(ana, 90, currency="eur")
    Deposit.objects.create(booking=booking, amount=Decimal(100), status="confirmed")
    Deposit.objects.create(booking=euros, amount=Decimal(30), currency="EUR", status="confirmed")
    assert customer_balances(ana.pk) == [
        Balance("EUR", total=Decimal(90), deposits=Decimal(30)),
        Balance("USD", total=Decimal(700), deposits=Decimal(100)),
    ]
    row = CustomerOverview.objects.get()
    assert row.paid_currency is None


def test_money_of_a_cancelled_booking_pays_for_no_other(ana: Customer) -> None:
    cancelled, kept = book(ana, 500, status="cancelled"), book(ana, 700)
    Deposit.objects.create(booking=cancelled, amount=Decimal(100), status="confirmed")
    Payment.objects.create(booking=kept, amount=Decimal(300), status="succeeded", method="cash")
    (balance,) = customer_balances(ana.pk)
    assert [balance.total, balance.due, balance.on_cancelled] == [700, 400, 100]
    assert booking_balances(cancelled.pk)[0].due == 0


def test_an_overpaid_booking_is_due_less_than_nothing(ana: Customer) -> None:
    booking = book(ana, 100)
    Payment.objects.create(booking=booking, amount=Decimal(120), status="succeeded", method="cash")
    assert booking_balances(booking.pk)[0].due == -20


def test_another_customers_money_does_not_count(ana: Customer) -> None:
    other = Customer.objects.create(email="ben@example.com", full_name="Ben Brown")
    Payment.objects.create(booking=book(other, 100), amount=Decimal(100), status="succeeded", method="cash")
    assert customer_balances(ana.pk) == []
    figures = CustomerOverview.objects.get(pk=ana.pk)
    assert figures.paid_amount == 0
    assert figures.paid_currency == "USD"
