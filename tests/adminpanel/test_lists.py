"""Lists page by keyset: every row once, in order, however deep, and newest first however large the table is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from adminpanel.models import AdminUser
from bookings.models import Location
from core.admin import keyset
from customers.models import Customer, Lead, NewsletterSubscriber

type AtWork = Callable[[AdminUser], Client]

LEADS, CUSTOMERS = "/admin/customers/lead/", "/admin/customers/customer/"
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def leads(db: None) -> list[Lead]:
    """A hundred and ten leads, ten at a time created at the same moment and on the same day; some have no event date."""
    rows = [
        Lead(
            full_name=f"Lead {number:03}",
            phone="1",
            created_at=START + timedelta(hours=number // 10),
            event_date=None if number % 7 == 0 else (START + timedelta(days=number // 10)).date(),
        )
        for number in range(110)
    ]
    return Lead.objects.bulk_create(rows)


def walk(client: Client, query: str, link: str = "next_url") -> Iterator[Any]:
    """Follow the links of a list from page to page and yield each page's rows."""
    for _ in range(20):
        page = client.get(LEADS + query).context["cl"]
        yield page
        query = getattr(page, link)
        if not query:
            return
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("order", ["", "?o=1", "?o=-1", "?o=5", "?o=-5", "?o=2.-5"])
def test_every_row_is_on_one_page_in_order_both_ways(
    boss: AdminUser, at_work: AtWork, leads: list[Lead], order: str
) -> None:
    client = at_work(boss)
    pages = list(walk(client, order))
    expected = [row.pk for row in pages[0].queryset]
    assert len(expected) == 110
    assert [row.pk for page in pages for row in page.result_list] == expected
    assert [len(page.result_list) for page in pages] == [25, 25, 25, 25, 10]
    back = [pages[-1], *walk(client, pages[-1].previous_url, "previous_url")]
    assert [[row.pk for row in page.result_list] for page in back] == [
        [row.pk for row in page.result_list] for page in reversed(pages)
    ]
    assert pages[-1].next_url == pages[0].previous_url == ""


def test_a_row_that_is_added_meanwhile_moves_no_other(boss: AdminUser, at_work: AtWork, leads: list[Lead]) -> None:
    client = at_work(boss)
    first = client.get(LEADS).context["cl"]
    Lead.objects.create(full_name="New", phone="1")
    second = client.get(LEADS + first.next_url).context["cl"]
    expected = [row.pk for row in Lead.objects.exclude(full_name="New").order_by("-created_at", "-pk")[25:50]]
    assert [row.pk for row in second.result_list] == expected


@pytest.mark.parametrize("number", ["99999999999999999999", "-1", "0", "41", "x", "1e9"])
def test_a_page_that_does_not_exist_shows_the_first(
    boss: AdminUser, at_work: AtWork, leads: list[Lead], number: str
) -> None:
    client = at_work(boss)
    first = client.get(LEADS).context["cl"].result_list
    response = client.get(LEADS, {"p": number})
    assert response.status_code == 200
    assert response.context["cl"].result_list == first


def test_a_numbered_page_still_works(boss: AdminUser, at_work: AtWork, leads: list[Lead]) -> None:
    client = at_work(boss)
    second = client.get(LEADS + client.get(LEADS).context["cl"].next_url).context["cl"]
    assert client.get(LEADS, {"p": "2"}).context["cl"].result_list == second.result_list


@pytest.mark.parametrize(
    "cursor", ["x", "AAAA", "eyJvIjogW119", "eyJvIjpbIi1jcmVhdGVkX2F0IiwiLWlkIl0sInYiOlsxLDJdfQ", "%00", "W10"]
)
@pytest.mark.parametrize("direction", ["after", "before"])
def test_a_bad_cursor_shows_the_first_page_and_says_so(
    boss: AdminUser, at_work: AtWork, leads: list[Lead], cursor: str, direction: str
) -> None:
    response = at_work(boss).get(f"{LEADS}?{direction}={cursor}")
    assert response.status_code == 200
    assert "This is the first page." in response.text
    assert len(response.context["cl"].result_list) == 25


def test_a_cursor_that_was_made_up_shows_the_first_page(boss: AdminUser, at_work: AtWork) -> None:
    client = at_work(boss)
    key = "0c5b7f0e-5d5f-4f4e-9a55-0d7d3a6f2f11"
    made_up: dict[str, Any] = {CUSTOMERS: "\0", "/admin/payments/loyaltypoints/": 1e400, LEADS: "2026-01-01"}
    for address, value in made_up.items():
        columns = keyset.columns_of(client.get(address).context["cl"].queryset)
        assert columns
        content = {"o": [str(column) for column in columns], "v": [*[value] * (len(columns) - 1), key]}
        cursor = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
        response = client.get(address, {"after": cursor})
        assert "This is the first page." in response.text


@pytest.mark.parametrize(
    "query", ["status__exact=%00", "status=%00", "nosuch=1", "created_at__gte=garbage", "customer__id__exact=x"]
)
def test_a_filter_that_the_list_cannot_read_is_left_out_with_a_message(
    boss: AdminUser, at_work: AtWork, leads: list[Lead], query: str
) -> None:
    response = at_work(boss).get(f"{LEADS}?{query}", follow=True)
    assert response.status_code == 200
    assert response.redirect_chain == [(f"{LEADS}?e=1", 302)]
    assert "It was left out." in response.text


@pytest.mark.parametrize("end", ["from", "to"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_of_the_calendar_can_be_filtered_by(
    boss: AdminUser, at_work: AtWork, leads: list[Lead], end: str, day: str
) -> None:
    Location.objects.create(
        name="West", address_state="HI", address_street="1", address_city="Hilo", address_zip="96720"
    )
    client = at_work(boss)
    for address in (LEADS, "/admin/customers/customer/", "/admin/bookings/booking/"):
        name = {LEADS: "event_date", "/admin/bookings/booking/": "event_starts_at"}.get(address, "created_at")
        assert client.get(address, {f"{name}_{end}": day}).status_code == 200


def test_a_very_long_term_finds_nothing_with_few_conditions(boss: AdminUser, at_work: AtWork) -> None:
    Customer.objects.create(full_name="Ann", email="ann@example.com", phone="1")
    client = at_work(boss)
    for address in ("/admin/customers/customer/", LEADS, "/admin/bookings/booking/"):
        with CaptureQueriesContext(connection) as queries:
            assert list(client.get(address, {"q": "a " * 5000}).context["cl"].result_list) == []
        assert max(len(query["sql"]) for query in queries.captured_queries) < 3000


def test_another_order_or_filter_starts_at_the_first_page(boss: AdminUser, at_work: AtWork, leads: list[Lead]) -> None:
    client = at_work(boss)
    page = client.get(LEADS + client.get(LEADS + "?o=1").context["cl"].next_url)
    assert "after=" not in page.context["cl"].get_query_string({"o": "-1"})
    assert "o=1" in page.context["cl"].next_url


def test_every_list_is_ordered_by_an_index(boss: AdminUser, at_work: AtWork) -> None:
    ordered = {
        model: site.ordering
        for model, site in admin.site._registry.items()
        if model._meta.app_label in ("customers", "bookings", "payments") and model._meta.managed
    }
    assert len(ordered) >= 15
    with connection.cursor() as cursor:
        for model, ordering in ordered.items():
            if model._meta.db_table in {"locations", "social_accounts"}:  # a handful of rows
                continue
            assert ordering, f"{model._meta.db_table} is listed in no order"
            column = model._meta.get_field(str(ordering[0]).lstrip("-")).column  # type: ignore[union-attr]  # a real column
            cursor.execute(
                "SELECT count(*) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
                " WHERE i.indrelid = %s::regclass AND i.indpred IS NULL AND a.attname = %s",
                [model._meta.db_table, column],
            )
            assert cursor.fetchone()[0] >= 1, f"{model._meta.db_table} is listed by {column}, which has no index"


def test_newest_first_is_newest_first_on_a_large_table(boss: AdminUser, at_work: AtWork) -> None:
    NewsletterSubscriber.objects.bulk_create(
        NewsletterSubscriber(email=f"{number}@example.com", created_at=START + timedelta(minutes=number * 37 % 1000))
        for number in range(60)
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_class SET reltuples = 5000000 WHERE oid = 'newsletter_subscribers'::regclass")
    shown = at_work(boss).get("/admin/customers/newslettersubscriber/").context["cl"].result_list
    times = [row.created_at for row in shown]
    assert times == sorted(NewsletterSubscriber.objects.values_list("created_at", flat=True), reverse=True)[:25]


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(
    boss: AdminUser, at_work: AtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = at_work(boss)
    Customer.objects.bulk_create(Customer(email=f"{n}@example.com", full_name=f"N {n:03}") for n in range(120))
    client.get(CUSTOMERS)
    counts = set()
    for size in (25, 100):
        monkeypatch.setattr(type(admin.site._registry[Customer]), "list_per_page", size)
        with CaptureQueriesContext(connection) as queries:
            assert len(client.get(CUSTOMERS).context["cl"].result_list) == size
        counts.add(len(queries))
    assert len(counts) == 1
