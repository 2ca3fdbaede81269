"""The menu by task, titles as they are written, and the rows that the command palette finds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from adminpanel.models import AdminUser
from bookings.models import Booking
from customers.models import Customer
from tests.adminpanel.conftest import make_user
from tests.adminpanel.test_access import ana

__all__ = ["ana"]

type AtWork = Callable[[AdminUser], Client]


@pytest.fixture(autouse=True)
def no_cached_results() -> None:
    """The theme keeps the results of the command palette for some minutes."""
    cache.clear()


def menu(client: Client) -> dict[str, list[str]]:
    groups = client.get("/admin/").context["sidebar_navigation"]
    return {group.get("title", ""): [str(item["title"]) for item in group["items"]] for group in groups}


def test_the_menu_is_grouped_by_task(boss: AdminUser, at_work: AtWork) -> None:
    found = menu(at_work(boss))
    assert list(found)[:7] == [
        *("", "Bookings", "Customers", "Money", "Loyalty", "Messages"),
        "Staff and settings",
    ]
    assert found["Bookings"][0] == "Bookings"
    assert found["Money"][:2] == ["Payments", "Deposits"]
    assert not [title for titles in found.values() for title in titles if "glance" in title]


def test_the_menu_and_the_index_show_only_what_one_may_open(at_work: AtWork, db: None) -> None:
    client = at_work(make_user("clerk", "bookings.view_booking"))
    assert menu(client) == {"": ["Home"], "Bookings": ["Bookings"]}
    assert "/admin/customers/" not in client.get("/admin/").text


def test_every_registered_model_is_in_the_menu_or_left_out_on_purpose(boss: AdminUser, at_work: AtWork) -> None:
    from django.contrib import admin

    links = {
        str(item["link"])
        for group in at_work(boss).get("/admin/").context["sidebar_navigation"]
        for item in group["items"]
    }
    missing = {
        model._meta.model_name
        for model in admin.site._registry
        if f"/admin/{model._meta.app_label}/{model._meta.model_name}/" not in links
    }
    assert missing == {"bookingoverview"}


def test_titles_are_shown_as_they_are_written(boss: AdminUser, at_work: AtWork) -> None:
    reader = AdminUser.objects.create_user("reader41@example.com", "", "x")
    for page in ("change", "delete", "history"):
        shown = at_work(boss).get(f"/admin/adminpanel/adminuser/{reader.pk}/{page}/").text
        assert "Reader41@example.com" not in shown, page
        assert "reader41@example.com" in shown, page


def palette(client: Client, term: str) -> list[str]:
    answer = client.get("/admin/search/", {"s": term})
    return [result.title for result in answer.context["results"]]


@pytest.mark.parametrize("term", ["Ana Alvarez", "ana.secret@example.com", "5550199"])
def test_the_palette_finds_customers_and_their_bookings(
    ana: Customer, boss: AdminUser, at_work: AtWork, term: str
) -> None:
    found = palette(at_work(boss), term)
    assert "Ana Alvarez · ana.secret@example.com · +19165550199 · Reno" in found
    assert len([title for title in found if title.startswith("Ana Alvarez")]) == 2


def test_the_palette_finds_a_booking_by_its_id(ana: Customer, boss: AdminUser, at_work: AtWork) -> None:
    booking = Booking.objects.get()
    answer = at_work(boss).get("/admin/search/", {"s": str(booking.pk)})
    assert [result.link for result in answer.context["results"]] == [f"/admin/bookings/booking/{booking.pk}/change/"]


def test_the_palette_respects_permissions(ana: Customer, nobody: AdminUser, at_work: AtWork) -> None:
    clerk = at_work(make_user("clerk", "bookings.view_booking"))
    assert palette(clerk, "ana.secret@") == []
    assert [title[:11] for title in palette(clerk, "Ana Alvarez")] == ["Ana Alvarez"]
    assert palette(at_work(nobody), "Ana Alvarez") == []


def test_the_palette_shows_few_rows_of_many(boss: AdminUser, at_work: AtWork) -> None:
    Customer.objects.bulk_create([Customer(full_name=f"Twin {n}", email=f"twin{n}@example.com") for n in range(30)])
    assert len(palette(at_work(boss), "twin")) == 8
