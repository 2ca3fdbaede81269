"""A role sees, finds and is offered only what its permissions cover."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from adminpanel.models import AdminUser
from bookings.models import Booking, BookingOverview, BookingReminder, Location, RecurringBooking
from core.admin.access import related_models
from customers.models import Customer, Lead, SocialAccount, SocialMessage, SocialThread
from payments.models import Deposit, LoyaltyPoints, LoyaltyTransaction, Payment, PaymentMethod
from tests.adminpanel.conftest import make_user

type AtWork = Callable[[AdminUser], Client]

AT = datetime(2030, 5, 4, 18, tzinfo=UTC)
LIST = "/admin/bookings/booking/"
SECRETS = ("ana.secret@", "ana.secret@example.com", "5550", "+1 916", "19165550199", "ana.secret", "Alvarez")


@pytest.fixture
def ana(db: None) -> Customer:
    """A customer with one row of every kind."""
    ana = Customer.objects.create(
        email="ana.secret@example.com", full_name="Ana Alvarez", phone="+19165550199", address_city="Reno"
    )
    kitchen = Location.objects.create(name="Reno kitchen", address_street="1 A", address_city="Reno", address_zip="1")
    booking = Booking.objects.create(
        customer=ana, event_starts_at=AT, guests_adult=10, location=kitchen, total_amount=Decimal(700)
    )
    BookingReminder.objects.create(booking=booking, reminder_type="sms", scheduled_for=AT)
    RecurringBooking.objects.create(
        customer=ana, recurrence_pattern="weekly", start_date=AT.date(), booking_template_json={"time": "18:00"}
    )
    Deposit.objects.create(booking=booking, amount=Decimal(100), status="confirmed")
    Payment.objects.create(booking=booking, amount=Decimal(300), method="cash", status="succeeded")
    points = LoyaltyPoints.objects.create(customer=ana, points=5)
    LoyaltyTransaction.objects.create(customer=ana, loyalty_points=points, points_change=5, reason="event")
    PaymentMethod.objects.create(customer=ana, type="card", card_brand="visa", card_last4="4242")
    Lead.objects.create(full_name="Somebody Else", email="lead@example.com", customer=ana)
    account = SocialAccount.objects.create(platform="x", handle="@t", external_id="x-1")
    thread = SocialThread.objects.create(account=account, customer=ana, external_id="t-1")
    SocialMessage.objects.create(thread=thread, direction="inbound", body="Hello", sent_at=AT, external_id="m-1")
    return ana


@pytest.fixture
def clerk(db: None) -> AdminUser:
    """May look at bookings, and at nothing else."""
    return make_user("clerk", "bookings.view_booking")


def found(client: Client, path: str, term: str) -> int:
    return len(client.get(path, {"q": term}).context["cl"].result_list)


THROUGH_CUSTOMERS = [
    model
    for model in admin.site._registry
    if any(Customer in related_models(model, field.name) for field in model._meta.fields if field.is_relation)
    or any(
        field.name == "booking" and Customer in related_models(model, "booking__customer")
        for field in model._meta.fields
    )
]


@pytest.mark.parametrize("model", THROUGH_CUSTOMERS, ids=lambda model: model._meta.model_name)
def test_search_tells_nothing_about_customers_to_a_role_that_may_not_view_them(
    ana: Customer, at_work: AtWork, model: type[models.Model]
) -> None:
    options = model._meta
    permission = f"{options.app_label}.view_{options.model_name}"
    path = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
    blind = at_work(make_user("blind", permission))
    seeing = at_work(make_user("seeing", permission, "customers.view_customer"))
    assert found(blind, path, "") == 1
    for term in SECRETS:
        if model is Lead:  # the lead's own name, email and phone are all that is searched
            assert found(seeing, path, term) == 0, term
        elif model is not SocialThread or term == "Alvarez":  # of a thread's customer only the name is searched
            assert found(seeing, path, term) == 1, term
        shown = model is BookingOverview and term == ana.email  # the row shows exactly this
        assert found(blind, path, term) == int(shown), term


def test_a_booking_is_found_by_its_id_and_by_what_its_row_shows(
    ana: Customer, clerk: AdminUser, at_work: AtWork
) -> None:
    client, booking = at_work(clerk), Booking.objects.get()
    for term in (str(booking.pk), "ana alvarez", str(ana.pk)):
        assert found(client, LIST, term) == 1, term
    for term in ("ana", "alv", "Ana Alvare"):
        assert found(client, LIST, term) == 0, term


def test_filters_and_pickers_are_offered_only_for_rows_one_may_view(
    ana: Customer, clerk: AdminUser, boss: AdminUser, at_work: AtWork
) -> None:
    page = at_work(clerk).get(LIST).text
    assert "customer__id__exact" not in page
    assert "location__id__exact" not in page
    assert "customer__id__exact" in at_work(boss).get(LIST).text
    editor = at_work(make_user("editor", "bookings.view_booking", "bookings.change_booking"))
    form = editor.get(f"{LIST}{Booking.objects.get().pk}/change/").text
    assert 'name="customer"' not in form
    assert "Ana Alvarez" in form
    assert 'name="total_amount"' in form


def test_a_picker_answers_whoever_may_view_its_rows(ana: Customer, clerk: AdminUser, at_work: AtWork) -> None:
    data = {"app_label": "bookings", "model_name": "booking", "field_name": "customer", "term": "ana"}
    helper = make_user("helper", "bookings.change_booking", "customers.view_customer")
    answer = at_work(helper).get("/admin/autocomplete/", data)
    assert [one["text"] for one in answer.json()["results"]] == [
        "Ana Alvarez · ana.secret@example.com · +19165550199 · Reno"
    ]
    assert at_work(clerk).get("/admin/autocomplete/", data).status_code == 403


def test_a_picker_shows_a_booking_with_its_customer_and_place(ana: Customer, boss: AdminUser, at_work: AtWork) -> None:
    Booking.objects.update(address_city="Reno")
    data = {"app_label": "bookings", "model_name": "bookingreminder", "field_name": "booking", "term": "ana"}
    (one,) = at_work(boss).get("/admin/autocomplete/", data).json()["results"]
    assert one["text"].startswith("Ana Alvarez · ")
    assert one["text"].endswith(" · Reno")


def test_readonly_links_lead_only_where_one_may_go(
    ana: Customer, clerk: AdminUser, boss: AdminUser, at_work: AtWork
) -> None:
    path = f"{LIST}{Booking.objects.get().pk}/change/"
    assert "/admin/customers/" not in at_work(clerk).get(path).text
    assert "/admin/bookings/location/" not in at_work(clerk).get(path).text
    money = at_work(boss).get(f"/admin/payments/deposit/{Deposit.objects.get().pk}/change/").text
    assert f"/admin/bookings/booking/{Booking.objects.get().pk}/change/" in money


def test_every_link_of_a_limited_roles_pages_opens(ana: Customer, clerk: AdminUser, at_work: AtWork) -> None:
    client = at_work(clerk)
    seen = {"/admin/", LIST, f"{LIST}{Booking.objects.get().pk}/change/"}
    for path in list(seen):
        seen |= {link for link in re.findall(r'href="(/admin/[^"?#]*)', client.get(path).text) if "logout" not in link}
    assert len(seen) >= 3
    assert {path: status for path in seen if (status := client.get(path).status_code) != 200} == {}


def test_a_row_that_needs_another_cannot_be_added_without_seeing_it(ana: Customer, at_work: AtWork) -> None:
    client = at_work(make_user("adder", "bookings.view_booking", "bookings.add_booking"))
    refused = client.get(f"{LIST}add/")
    assert refused.status_code == 403
    assert "customers.view_customer" in refused.text
    client.post(f"{LIST}add/", {"customer": str(ana.pk), "guests_adult": "5"})
    assert Booking.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ("/admin/customers/customer/", 403, "customers.view_customer"),
        ("/admin/bookings/booking/add/", 403, "bookings.add_booking"),
        ("/admin/adminpanel/role/add/", 403, "adminpanel.add_role"),
        ("/admin/no/such/page/", 404, "There is no such page"),
        ("/admin/bookings/nothing/", 404, "There is no such page"),
    ],
)
def test_refusals_are_pages_of_the_site(clerk: AdminUser, at_work: AtWork, path: str, status: int, named: str) -> None:
    answer = at_work(clerk).get(path)
    assert answer.status_code == status
    assert named in answer.text
    assert 'href="/admin/"' in answer.text
    assert "unfold/css/styles.css" in answer.text


def test_a_refused_deletion_names_its_permission(ana: Customer, clerk: AdminUser, at_work: AtWork) -> None:
    booking = Booking.objects.get()
    answer = at_work(clerk).post(f"{LIST}{booking.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 403
    assert "bookings.delete_booking" in answer.text
    assert Booking.objects.filter(pk=booking.pk).exists()


def test_a_list_cannot_be_filtered_by_columns_of_customers(ana: Customer, clerk: AdminUser, at_work: AtWork) -> None:
    client = at_work(clerk)
    for lookup in ("customer__email__startswith", "customer__phone__contains"):
        assert client.get(LIST, {lookup: "zzz"}).status_code in (302, 400), lookup
