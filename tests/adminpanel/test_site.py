"""Every page of every registered model: it opens, keeps its permissions, and does not count or fan out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import pytest_django
from django.contrib import admin
from django.db import connection, models, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from adminpanel.demo import load_demo
from adminpanel.models import AdminUser
from bookings.models import Booking, Location
from customers.models import Customer
from payments.models import Deposit

type AtWork = Callable[[AdminUser], Client]

OURS = ("customers", "bookings", "payments", "adminpanel")
REGISTERED = [model for model in admin.site._registry if model._meta.app_label in OURS]
READ_ONLY = {
    *("payment", "deposit", "loyaltypoints", "loyaltytransaction", "stripeevent", "paymentmethod"),
    *("bookingoverview", "customeroverview", "socialmessage"),
}


def name_of(model: type[models.Model]) -> str:
    return str(model._meta.label_lower)


def url(model: type[models.Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


every_model = pytest.mark.parametrize("model", REGISTERED, ids=name_of)


@pytest.fixture(scope="module", autouse=True)
def demo_rows(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[None]:
    """The demo rows, loaded once for all tests here, each of which is rolled back to them."""
    with django_db_blocker.unblock(), transaction.atomic():
        assert load_demo(at=timezone.now())
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demo(db: None) -> AdminUser:
    """The demo superuser."""
    return AdminUser.objects.get(email="demo@teppan.example")


def test_every_table_is_registered() -> None:
    from django.apps import apps

    ours = {model for label in OURS for model in apps.get_app_config(label).get_models()}
    assert {model._meta.model_name for model in ours - set(REGISTERED)} == {"adminuserrole"}


@every_model
def test_lists_open_without_counting_all_or_one_query_per_row(
    demo: AdminUser, at_work: AtWork, model: type[models.Model]
) -> None:
    client = at_work(demo)
    client.get(url(model, "changelist"))
    with CaptureQueriesContext(
        connection,
    ) as many:
        response = client.get(url(model, "changelist"))
    assert response.status_code == 200
    assert len(response.context["cl"].result_list) == min(25, model._default_manager.count())
    keys = list(model._default_manager.order_by("pk").values_list("pk", flat=True)[:2])
    with CaptureQueriesContext(connection) as few:
        client.get(url(model, "changelist"), {"pk__in": ",".join(map(str, keys[:1]))})
    assert len(many) <= len(few) + 1, [query["sql"] for query in many]
    for query in many:
        if "COUNT(" in query["sql"].upper() and "GROUP BY" not in query["sql"]:
            assert re.search(r"LIMIT \d+\) subquery", query["sql"]), query["sql"]


@every_model
def test_forms_open(demo: AdminUser, at_work: AtWork, model: type[models.Model]) -> None:
    client, row = at_work(demo), model._default_manager.first()
    assert row is not None
    assert client.get(url(model, "change", row.pk)).status_code == 200
    expected = 403 if model._meta.model_name in READ_ONLY else 200
    assert client.get(url(model, "add")).status_code == expected


@every_model
def test_searching_works(demo: AdminUser, at_work: AtWork, model: type[models.Model]) -> None:
    client = at_work(demo)
    for term in (
        "amara",
        "amara.abbott",
        "+1916555",
        "x@example.com",
        str(Booking.objects.values_list("pk")[0][0]),
        "%'\\",
    ):
        assert client.get(url(model, "changelist"), {"q": term}).status_code == 200, term


@every_model
def test_without_a_role_nothing_can_be_seen(nobody: AdminUser, at_work: AtWork, model: type[models.Model]) -> None:
    assert at_work(nobody).get(url(model, "changelist")).status_code == 403


@pytest.mark.parametrize("model", [one for one in REGISTERED if one._meta.model_name in READ_ONLY], ids=name_of)
def test_money_and_ledgers_are_read_only(demo: AdminUser, at_work: AtWork, model: type[models.Model]) -> None:
    client, row = at_work(demo), model._default_manager.first()
    assert row is not None
    before = model._default_manager.filter(pk=row.pk).values().get()
    assert client.post(url(model, "change", row.pk), {"amount": "1", "points": "1"}).status_code == 403
    assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).values().get() == before


def test_a_reader_of_money_sees_payments_and_nothing_else(demo: AdminUser, reader: AdminUser, at_work: AtWork) -> None:
    client = at_work(reader)
    assert client.get("/admin/payments/payment/").status_code == 200
    assert client.get("/admin/payments/deposit/").status_code == 403
    assert client.get("/admin/bookings/booking/").status_code == 403
    assert "/admin/bookings/" not in client.get("/admin/").text


def test_search_finds_by_what_one_knows(demo: AdminUser, at_work: AtWork) -> None:
    booking = Booking.objects.select_related("customer").latest("event_starts_at")
    theirs = set(Booking.objects.filter(customer=booking.customer).values_list("pk", flat=True))
    client = at_work(demo)
    customer = booking.customer
    for term in (customer.email.upper(), customer.phone or "", customer.full_name, str(customer.pk)):
        found = client.get("/admin/bookings/booking/", {"q": term}).context["cl"].result_list
        assert {row.pk for row in found} == theirs, term
    found = client.get("/admin/bookings/booking/", {"q": str(booking.pk)}).context["cl"].result_list
    assert [row.pk for row in found] == [booking.pk]


def test_filters_narrow_the_list(demo: AdminUser, at_work: AtWork) -> None:
    path = "/admin/bookings/booking/"
    listed = at_work(demo).get(path, {"status__exact": "cancelled"}).context["cl"].queryset
    assert set(listed.values_list("status", flat=True)) == {"cancelled"}
    location = Booking.objects.first().location  # type: ignore[union-attr]
    listed = at_work(demo).get(path, {"location__id__exact": str(location.pk)}).context["cl"].queryset  # type: ignore[union-attr]
    assert set(listed.values_list("location", flat=True)) == {location.pk}  # type: ignore[union-attr]


def test_deleting_a_customer_with_money_is_refused_and_says_what_hangs_on_it(demo: AdminUser, at_work: AtWork) -> None:
    deposit = Deposit.objects.select_related("booking").first()
    assert deposit is not None
    client, path = at_work(demo), f"/admin/customers/customer/{deposit.booking.customer_id}/delete/"
    shown = client.get(path).text
    assert "deposit" in shown
    assert "booking" in shown
    assert client.post(path, {"post": "yes"}).status_code == 403
    assert Customer.objects.filter(pk=deposit.booking.customer_id).exists()
    assert Deposit.objects.filter(pk=deposit.pk).exists()


def test_a_customer_without_money_can_be_deleted(demo: AdminUser, at_work: AtWork) -> None:
    customer = Customer.objects.create(email="plain@example.com", full_name="Plain Person")
    assert at_work(demo).post(f"/admin/customers/customer/{customer.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Customer.objects.filter(pk=customer.pk).exists()


def test_a_booking_is_added_and_changed_through_the_form(demo: AdminUser, at_work: AtWork) -> None:
    customer, location = Customer.objects.first(), Location.objects.first()
    assert customer is not None
    assert location is not None
    day = timezone.now() + timedelta(days=200)
    data = {
        "customer": str(customer.pk),
        "location": str(location.pk),
        "event_starts_at_0": f"{day:%Y-%m-%d}",
        "event_starts_at_1": "18:00:00",
        "guests_adult": "12",
        "guests_child": "",
        "total_amount": "660.00",
        "currency": "USD",
    }
    client = at_work(demo)
    assert client.post("/admin/bookings/booking/add/", data).status_code == 302
    booking = Booking.objects.latest("event_starts_at")
    assert (booking.guests, booking.location, booking.address_city) == (12, location, None)
    assert booking.status == "pending"
    client.post(f"/admin/bookings/booking/{booking.pk}/change/", data | {"guests_adult": "14"})
    first_saved = booking.updated_at
    booking.refresh_from_db()
    assert booking.guests == 14
    assert first_saved is not None
    assert booking.updated_at is not None
    assert booking.updated_at > first_saved


def test_an_unset_switch_means_no(demo: AdminUser, at_work: AtWork) -> None:
    page = at_work(demo).get("/admin/bookings/location/add/").text
    assert re.search(r'<input[^>]*name="is_active"[^>]*checked', page)
    data = dict.fromkeys(("name", "address_street", "address_city"), "x")
    data |= {"address_state": "CA", "address_zip": "90000", "capacity": "10"}
    assert at_work(demo).post("/admin/bookings/location/add/", data).status_code == 302
    assert Location.objects.get(name="x").is_active is False
