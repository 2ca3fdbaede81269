"""Puts the demo rows into a database that has none of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Model, QuerySet

from adminpanel.demo import events, loyalty, money, people, places, staff
from adminpanel.models import AdminUser
from bookings.models import Booking, Location
from customers.models import Customer

_LOCK = 0x7E99A1


@transaction.atomic
def load_demo(*, at: datetime) -> bool:
    """Load the demo rows around ``at``; False, and nothing done, if the database has rows of its own.

    Deterministic for a given ``at``. Of two at once, one loads.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    if any(QuerySet(model).exists() for model in (AdminUser, Customer, Booking, Location)):
        return False
    people_of_demo = people.customers(at)
    booked = events.bookings(at, people_of_demo)
    paid = money.payments(booked)
    accounts, ledger = loyalty.loyalty(booked)
    _store(staff.roles(), staff.accounts(at))
    _store(staff.assignments(), places.locations(), people_of_demo, people.leads(at), people.subscribers(at))
    _store(*people.social(at), events.series(at), booked, events.reminders(at, booked))
    _store(money.deposits(booked), paid, money.payment_methods(people_of_demo), money.stripe_events(paid))
    _store(accounts, ledger)
    _analyze()
    return True


def _store(*groups: Iterable[Any]) -> None:
    for group in groups:
        rows: list[Model] = list(group)
        stored: QuerySet[Any] = QuerySet(type(rows[0]))
        stored.bulk_create(rows, batch_size=500)


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers, bookings, booking_reminders, deposits, payments, loyalty_transactions")
