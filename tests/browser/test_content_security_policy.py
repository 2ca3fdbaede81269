"""The Content-Security-Policy in a real browser: no page of the staff site violates it, and it stops what it should."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.browser.conftest import Site
from tests.browser.test_admin import LISTS, log_in, scheme

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FORMS = ("bookings/booking", "bookings/recurringbooking", "bookings/location", "customers/customer", "adminpanel/role")
LOGINS = ("axes/accessfailurelog", "axes/accessattempt", "axes/accesslog")


@pytest.fixture
def violations(page: Page) -> list[str]:
    """What the browser says of the policy while the test uses the page."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if re.search(r"Security Policy|Permissions.Policy|Refused to", message.text):
            found.append(f"{page.url}: {message.text}")

    page.on("console", note)
    return found


def settled(page: Page) -> None:
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lists_and_the_forms_behind_them(page: Page, site: Site, violations: list[str], theme: str) -> None:
    log_in(page, site)
    scheme(page, theme)
    for path in (*LISTS, *LOGINS):
        page.goto(f"{site.address}/admin/{path}/")
        settled(page)
        row = page.locator("#result_list tbody tr th a").first
        if row.count():
            row.click()
            settled(page)
    assert violations == []


def test_add_forms_with_date_pickers_and_searchable_selects(page: Page, site: Site, violations: list[str]) -> None:
    log_in(page, site)
    for path in FORMS:
        page.goto(f"{site.address}/admin/{path}/add/")
        settled(page)
        for shortcut in page.locator(".datetimeshortcuts a, .date-icon, .clock-icon").all():
            if shortcut.is_visible():
                shortcut.click()
                page.keyboard.press("Escape")
        for select in page.locator(".select2-selection").all():
            if select.is_visible():
                select.click()
                settled(page)
                page.keyboard.press("Escape")
    assert violations == []


def test_dialogs_filters_the_command_palette_and_deletion(page: Page, site: Site, violations: list[str]) -> None:
    log_in(page, site)
    page.goto(f"{site.address}/admin/bookings/booking/")
    settled(page)
    page.keyboard.press("Control+k")
    page.keyboard.type("book")
    settled(page)
    page.keyboard.press("Escape")
    filters = page.get_by_text("Filters", exact=True).first
    if filters.count():
        filters.click()
        settled(page)
    page.goto(f"{site.address}/admin/bookings/location/")
    page.locator("#result_list tbody tr th a").first.click()
    settled(page)
    page.goto(page.url.replace("/change/", "/delete/"))
    settled(page)
    page.goto(page.url.replace("/delete/", "/history/"))
    settled(page)
    page.goto(f"{site.address}/admin/password_change/")
    settled(page)
    assert violations == []


def test_an_injected_script_does_not_run(page: Page, site: Site, violations: list[str]) -> None:
    page.goto(f"{site.address}/admin/login/")
    expect(page.get_by_label("Email")).to_be_visible()
    page.evaluate(
        """() => {
            document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.attacked = 1">');
            const script = document.createElement('script');
            script.textContent = 'window.attacked = 2';
            document.body.append(script);
            const frame = document.createElement('iframe');
            frame.src = '/admin/';
            document.body.append(frame);
        }"""
    )
    page.wait_for_timeout(500)
    assert page.evaluate("window.attacked") is None
    assert len(violations) >= 3
