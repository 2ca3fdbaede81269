"""The page of a row leads to everything that belongs to it, and shows the balance."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from adminpanel.models import AdminUser
from bookings.models import Booking
from customers.models import Customer
from payments.models import Deposit, Payment
from tests.adminpanel.conftest import make_user
from tests.adminpanel.test_access import AT, ana

__all__ = ["ana"]

type AtWork = Callable[[AdminUser], Client]


def customer_page(customer: Customer) -> str:
    return f"/admin/customers/customer/{customer.pk}/change/"


def test_a_customers_page_leads_to_every_related_row(ana: Customer, boss: AdminUser, at_work: AtWork) -> None:
    client = at_work(boss)
    page = client.get(customer_page(ana))
    titles = {one.title: one for one in page.context["beside"].related}
    assert set(titles) == {
        *("Bookings", "Recurring bookings", "Booking reminders", "Deposits", "Payments", "Payment methods"),
        *("Loyalty points", "Loyalty transactions", "Leads", "Social threads", "Social messages"),
    }
    for title, one in titles.items():
        assert (one.count, len(one.rows)) == ("1", 1), title
        row_link = next(cell.url for cell in one.rows[0] if cell.url)
        assert client.get(row_link).status_code == 200, title
        listed = client.get(one.all_url)
        assert listed.status_code == 200, title
        assert len(listed.context["cl"].result_list) == 1, title
    other = Customer.objects.create(full_name="Ben", email="ben@example.com")
    empty = client.get(customer_page(other)).context["beside"].related
    assert {one.count for one in empty} == {"0"}


def test_a_bookings_page_leads_to_its_customer_and_its_money(ana: Customer, boss: AdminUser, at_work: AtWork) -> None:
    page = at_work(boss).get(f"/admin/bookings/booking/{Booking.objects.get().pk}/change/")
    beside = page.context["beside"]
    assert {label for label, _, _ in beside.parents} == {"Customer", "Location"}
    assert {one.title for one in beside.related} >= {"Deposits", "Payments", "Booking reminders"}
    assert customer_page(ana) in page.text


def test_a_page_shows_only_rows_that_the_role_may_view(ana: Customer, at_work: AtWork) -> None:
    reader = make_user("onlybookings", "customers.view_customer", "bookings.view_booking")
    beside = at_work(reader).get(customer_page(ana)).context["beside"]
    assert [one.title for one in beside.related] == ["Bookings"]
    assert beside.figures == []


def test_only_the_newest_rows_are_shown_and_all_are_counted(ana: Customer, boss: AdminUser, at_work: AtWork) -> None:
    Booking.objects.bulk_create([Booking(customer=ana, event_starts_at=AT, guests_adult=4) for _ in range(11)])
    bookings = next(
        one for one in at_work(boss).get(customer_page(ana)).context["beside"].related if one.title == "Bookings"
    )
    assert (bookings.count, len(bookings.rows)) == ("12", 5)


def test_the_number_of_queries_does_not_grow_with_the_rows(ana: Customer, boss: AdminUser, at_work: AtWork) -> None:
    client = at_work(boss)
    client.get(customer_page(ana))
    with CaptureQueriesContext(connection) as few:
        client.get(customer_page(ana))
    Booking.objects.bulk_create([Booking(customer=ana, event_starts_at=AT, guests_adult=4) for _ in range(4)])
    with CaptureQueriesContext(connection) as many:
        client.get(customer_page(ana))
    assert len(many) <= len(few)


@pytest.mark.parametrize("kind", ["customers/customer", "bookings/booking", "payments/deposit", "adminpanel/role"])
def test_a_page_shows_the_id_of_its_row(ana: Customer, boss: AdminUser, at_work: AtWork, kind: str) -> None:
    client = at_work(boss)
    row = client.get(f"/admin/{kind}/").context["cl"].result_list[0]
    page = client.get(f"/admin/{kind}/{row.pk}/change/").text
    assert f'id="row-id">{row.pk}</code>' in page
    assert 'data-copy="row-id"' in page


def balance(client: Client, path: str) -> dict[str, str]:
    (block,) = client.get(path).context["beside"].figures
    return {line.label: line.value for line in block.lines}


def test_the_balance_of_a_booking_and_of_its_customer(ana: Customer, boss: AdminUser, at_work: AtWork) -> None:
    client, booking = at_work(boss), Booking.objects.get()
    expected = {
        "Total": "$700.00",
        "Deposits paid": "$100.00",
        "Payments": "$300.00",
        "Refunds": "$0.00",
        "Balance due": "$300.00",
    }
    assert balance(client, f"/admin/bookings/booking/{booking.pk}/change/") == expected
    assert balance(client, customer_page(ana)) == expected


def test_paid_in_the_customer_figures_includes_deposits(ana: Customer, boss: AdminUser, at_work: AtWork) -> None:
    client, path = at_work(boss), "/admin/payments/customeroverview/"
    assert "$400.00" in client.get(path).text
    Deposit.objects.create(booking=Booking.objects.get(), amount=Decimal(5), currency="EUR", status="confirmed")
    page = client.get(path).text
    assert "several currencies" in page
    assert "405" not in page


def test_money_is_one_column_sorted_by_its_amount(ana: Customer, boss: AdminUser, at_work: AtWork) -> None:
    booking = Booking.objects.get()
    for amount in ("1300", "90.5"):
        Payment.objects.create(booking=booking, amount=Decimal(amount), method="cash")
    client, path = at_work(boss), "/admin/payments/payment/"
    page = client.get(path)
    assert "$1,300.00" in page.text
    assert ">USD<" not in page.text
    column = [*page.context["cl"].list_display].index("money")
    rows = client.get(path, {"o": str(column)}).context["cl"].result_list
    assert [row.amount for row in rows] == [Decimal("90.50"), Decimal(300), Decimal(1300)]
    assert "field-money" in page.text
    assert "!text-end" in page.text
