"""The status of a lead, a subscriber or a thread changes by a button that asks, not by the form."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from customers.models import Lead, NewsletterSubscriber, SocialAccount, SocialThread
from tests.adminpanel.conftest import make_user
from tests.support.pages import form_values


@pytest.fixture
def browser(db: None) -> Client:
    """The browser of someone who may do everything with customers."""
    client = Client()
    client.force_login(make_user("clerk", "customers.*"))
    return client


def row_of(kind: str) -> Any:
    if kind == "lead":
        return Lead.objects.create(full_name="Lee", phone="1")
    if kind == "newslettersubscriber":
        return NewsletterSubscriber.objects.create(email="ned@example.com")
    account = SocialAccount.objects.create(platform="instagram", handle="@teppan", external_id="1")
    return SocialThread.objects.create(account=account, external_id="t-1")


@pytest.mark.parametrize(
    ("kind", "to", "refused"),
    [
        ("lead", "contacted", "new"),
        ("newslettersubscriber", "unsubscribed", "subscribed"),
        ("socialthread", "closed", "open"),
    ],
)
def test_the_button_changes_the_status_and_the_form_does_not(browser: Client, kind: str, to: str, refused: str) -> None:
    row = row_of(kind)
    before, base = row.status, f"/admin/customers/{kind}/{row.pk}/"
    page = browser.get(f"{base}change/").text
    assert f'href="{base}status/"' in page
    assert browser.post(f"{base}change/", form_values(page, f"{kind}_form") | {"status": to}).status_code == 302
    row.refresh_from_db()
    assert row.status == before
    submitted = {"_form_submitted": "on", "reason": ""}
    assert "valid choice" in browser.post(f"{base}status/", submitted | {"status": refused}).text
    row.refresh_from_db()
    assert row.status == before
    assert browser.post(f"{base}status/", submitted | {"status": to}).status_code == 302
    row.refresh_from_db()
    assert row.status == to


def test_a_lead_has_a_sensible_number_of_guests(browser: Client) -> None:
    data = {"full_name": "Lee", "phone": "1", "guests": "2000000"}
    response = browser.post("/admin/customers/lead/add/", data)
    assert "from 1 to 1,000" in response.text
    assert not Lead.objects.exists()
    assert browser.post("/admin/customers/lead/add/", data | {"guests": "20"}).status_code == 302
    assert Lead.objects.get().status == "new"
