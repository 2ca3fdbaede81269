"""Forms in a real browser: a button asks before it acts, and two people who edit the same booking lose nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site
from tests.browser.test_admin import log_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PENDING = "SELECT id FROM bookings WHERE status = 'pending' AND event_starts_at > now() ORDER BY id LIMIT 1"


def status_of(site: Site, key: str) -> str:
    return site.database.psql(f"SELECT status FROM bookings WHERE id = '{key}'").strip()


def test_a_dialog_asks_for_a_reason_and_shows_the_result(page: Page, site: Site) -> None:
    key = site.database.psql(PENDING).strip()
    log_in(page, site)
    page.goto(f"{site.address}/admin/bookings/booking/{key}/change/")
    page.get_by_role("link", name="Cancel booking").click()
    dialog = page.locator("#dialog")
    expect(dialog.get_by_text("Cancel this booking?")).to_be_visible()
    dialog.get_by_role("button", name="Cancel booking").click()
    expect(dialog.get_by_text("This field is required.")).to_be_visible()
    assert status_of(site, key) == "pending"
    dialog.get_by_label("Reason").fill("The customer moved away.")
    dialog.get_by_role("button", name="Cancel booking").click()
    expect(page.get_by_text("The booking is cancelled now.")).to_be_visible()
    expect(page.get_by_role("link", name="Reinstate")).to_be_visible()
    expect(page.get_by_role("link", name="Cancel booking")).to_have_count(0)
    assert status_of(site, key) == "cancelled"


def test_a_stale_form_shows_the_changes_and_saves_after_a_tick(page: Page, chromium: Browser, site: Site) -> None:
    key = site.database.psql(PENDING).strip()
    address = f"{site.address}/admin/bookings/booking/{key}/change/"
    log_in(page, site)
    page.goto(address)
    other = chromium.new_context().new_page()
    log_in(other, site)
    other.goto(address)
    other.get_by_label("City").fill("Truckee")
    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_text("was changed successfully")).to_be_visible()
    other.context.close()
    page.get_by_label("Special requests").fill("Extra chopsticks, please.")
    page.get_by_role("button", name="Save", exact=True).click()
    conflict = page.locator("#conflict")
    expect(conflict).to_be_visible()
    expect(conflict.get_by_role("row", name=re.compile("City"))).to_contain_text("Truckee")
    conflict.get_by_role("checkbox").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    saved = site.database.psql(f"SELECT address_city, special_requests FROM bookings WHERE id = '{key}'").strip()
    assert saved == "Truckee|Extra chopsticks, please."
