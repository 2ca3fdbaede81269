"""A delete page says everything that a deletion does, once and by name, and refuses what must stay."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from adminpanel.models import AdminUser
from bookings.models import Booking, BookingReminder, Location, RecurringBooking
from customers.models import Customer, Lead, SocialThread
from payments.models import Deposit, LoyaltyPoints, LoyaltyTransaction, Payment, PaymentMethod
from tests.adminpanel.conftest import make_user
from tests.adminpanel.test_access import AT, ana

__all__ = ["ana"]

type AtWork = Callable[[AdminUser], Client]

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def delete_page(row: Customer | Location | Booking | RecurringBooking) -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/delete/"


def text_of(page: str) -> str:
    main = page.partition('id="content"')[2]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


@pytest.fixture
def moneyless(ana: Customer) -> Customer:
    """The customer without any record that must stay."""
    for model in (Deposit, Payment, LoyaltyTransaction, LoyaltyPoints, PaymentMethod):
        model._default_manager.all().delete()
    return ana


def test_deleting_a_location_with_bookings_is_refused_with_a_remedy(
    ana: Customer, boss: AdminUser, at_work: AtWork
) -> None:
    client, kitchen = at_work(boss), Location.objects.get()
    shown = text_of(client.get(delete_page(kitchen)).text)
    assert "1 booking would lose their location" in shown
    assert "clear its switch Active" in shown
    assert client.post(delete_page(kitchen), {"post": "yes"}).status_code == 403
    assert Booking.objects.get().location == kitchen


def test_a_location_without_bookings_can_be_deleted(boss: AdminUser, at_work: AtWork) -> None:
    kitchen = Location.objects.create(name="Old", address_street="1", address_city="R", address_zip="1")
    shown = text_of(at_work(boss).get(delete_page(kitchen)).text)
    assert "No other rows are deleted or changed" in shown
    assert at_work(boss).post(delete_page(kitchen), {"post": "yes"}).status_code == 302
    assert not Location.objects.exists()


def test_rows_that_go_and_rows_that_lose_their_link_are_listed_once_and_by_name(
    moneyless: Customer, boss: AdminUser, at_work: AtWork
) -> None:
    client = at_work(boss)
    shown = text_of(client.get(delete_page(moneyless)).text)
    for text in ("1 booking :", "1 booking reminder :", "1 recurring booking :"):
        assert shown.count(text) == 1, (text, shown)
    for text in ("1 lead without a customer : Somebody Else", "1 social thread without a customer : t-1"):
        assert shown.count(text) == 1, (text, shown)
    assert not UUID.search(shown)
    assert client.post(delete_page(moneyless), {"post": "yes"}).status_code == 302
    assert not Booking.objects.exists()
    assert not BookingReminder.objects.exists()
    assert Lead.objects.get().customer is None
    assert SocialThread.objects.get().customer is None


def test_a_row_that_two_foreign_keys_reach_is_counted_once(ana: Customer, boss: AdminUser, at_work: AtWork) -> None:
    page = at_work(boss).get(delete_page(ana))
    (ledger,) = [one for one in page.context["deleted_groups"] if "loyalty transaction" in one.title]
    assert ledger.title == "1 loyalty transaction"  # by its customer, and by the points that belong to the customer


def test_a_series_that_is_deleted_leaves_its_bookings(moneyless: Customer, boss: AdminUser, at_work: AtWork) -> None:
    series = RecurringBooking.objects.get()
    Booking.objects.update(recurrence=series)
    shown = text_of(at_work(boss).get(delete_page(series)).text)
    assert "1 booking without a recurrence : Ana Alvarez" in shown
    assert at_work(boss).post(delete_page(series), {"post": "yes"}).status_code == 302
    assert Booking.objects.get().recurrence is None


def test_money_protects_its_customer_and_is_no_missing_permission(
    ana: Customer, boss: AdminUser, at_work: AtWork
) -> None:
    client = at_work(boss)
    shown = text_of(client.get(delete_page(ana)).text)
    assert "1 deposit: records of this kind are never deleted" in shown
    assert "permission" not in shown
    assert "Your account may not" not in shown
    assert client.post(delete_page(ana), {"post": "yes"}).status_code == 403
    assert Deposit.objects.exists()
    assert Payment.objects.exists()


def test_a_missing_permission_is_named(moneyless: Customer, at_work: AtWork) -> None:
    clerk = make_user("clerk", "customers.*", "bookings.view_booking")
    shown = text_of(at_work(clerk).get(delete_page(moneyless)).text)
    assert "Your account may not delete these rows" in shown
    assert "recurring booking" in shown
    assert at_work(clerk).post(delete_page(moneyless), {"post": "yes"}).status_code == 403
    assert Customer.objects.filter(pk=moneyless.pk).exists()


def test_many_rows_are_counted_and_the_first_named(moneyless: Customer, boss: AdminUser, at_work: AtWork) -> None:
    Booking.objects.bulk_create([Booking(customer=moneyless, event_starts_at=AT, guests_adult=4) for _ in range(11)])
    shown = text_of(at_work(boss).get(delete_page(moneyless)).text)
    assert "12 bookings :" in shown
    assert "and 7 more" in shown


def test_the_translations_of_scripts_load_before_the_scripts(ana: Customer, boss: AdminUser, at_work: AtWork) -> None:
    client = at_work(boss)
    client.get("/admin/bookings/booking/")  # a list adds the scripts of its filters to the media of its admin class
    page = client.get(delete_page(Booking.objects.get())).text
    assert "/admin/jsi18n/" in page
    assert page.index("/admin/jsi18n/") < page.index("admin/js/")
