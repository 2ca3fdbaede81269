"""The staff site as a person sees it: the first login, every list, a form, a search, light and dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib import admin
from playwright.sync_api import Page, expect

from adminpanel.demo import DEMO_EMAIL, DEMO_PASSWORD
from tests.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LISTS = sorted(
    f"{model._meta.app_label}/{model._meta.model_name}"
    for model in admin.site._registry
    if model._meta.app_label in {"customers", "bookings", "payments", "adminpanel"}
)


def log_in(page: Page, site: Site, email: str = DEMO_EMAIL, password: str = DEMO_PASSWORD) -> None:
    page.goto(f"{site.address}/admin/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def scheme(page: Page, name: str) -> None:
    page.evaluate(f"localStorage.setItem('adminTheme', '\"{name}\"')")
    page.reload()
    expect(page.locator("html")).to_have_class(re.compile(rf"\b{name}\b"))


def test_the_first_login_asks_for_a_password_of_ones_own(page: Page, site: Site, pictures: Path) -> None:
    site.database.psql("UPDATE admin_users SET last_login_at = NULL WHERE email = 'renata@teppan.example'")
    log_in(page, site, "Renata@Teppan.example")
    expect(page).to_have_url(re.compile("/admin/password_change/"))
    page.screenshot(path=pictures / "first-password.png")
    page.goto(f"{site.address}/admin/bookings/booking/")
    expect(page).to_have_url(re.compile("/admin/password_change/"))
    page.get_by_label("Old password").fill(DEMO_PASSWORD)
    for field in ("#id_new_password1", "#id_new_password2"):
        page.locator(field).fill("my-own-phrase-88")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("The password is yours now.")).to_be_visible()
    page.goto(f"{site.address}/admin/bookings/booking/")
    expect(page).to_have_url(re.compile("/admin/bookings/booking/"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_list_shows_rows(page: Page, site: Site, pictures: Path, theme: str) -> None:
    log_in(page, site)
    scheme(page, theme)
    page.screenshot(path=pictures / f"home-{theme}.png")
    assert len(LISTS) >= 21
    for path in LISTS:
        page.goto(f"{site.address}/admin/{path}/")
        expect(page.locator("#result_list tbody tr").first).to_be_visible()
        assert page.locator("#result_list tbody tr").count() <= 25
        page.screenshot(path=pictures / f"list-{path.replace('/', '-')}-{theme}.png")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_forms_open_from_their_rows(page: Page, site: Site, pictures: Path, theme: str) -> None:
    log_in(page, site)
    scheme(page, theme)
    for path in (
        "bookings/booking",
        "customers/customer",
        "payments/deposit",
        "adminpanel/adminuser",
        "adminpanel/role",
    ):
        page.goto(f"{site.address}/admin/{path}/")
        page.locator("#result_list tbody tr th a").first.click()
        expect(page).to_have_url(re.compile("/change/"))
        page.screenshot(path=pictures / f"form-{path.replace('/', '-')}-{theme}.png", full_page=True)


def test_a_search_and_a_page_further(page: Page, site: Site) -> None:
    log_in(page, site)
    page.goto(f"{site.address}/admin/bookings/booking/?p=2")
    first = page.locator("#result_list tbody tr").first.inner_text()
    page.goto(f"{site.address}/admin/bookings/booking/?p=3")
    assert page.locator("#result_list tbody tr").first.inner_text() != first
    email = site.database.psql("SELECT c.email FROM bookings JOIN customers c ON c.id = customer_id LIMIT 1").strip()
    page.goto(f"{site.address}/admin/customers/customer/")
    page.locator("#changelist-search input[name=q]").fill(email)
    page.locator("#changelist-search input[name=q]").press("Enter")
    expect(page).to_have_url(re.compile("q="))
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    expect(page.locator("#result_list tbody tr")).to_contain_text(email)


def test_a_booking_is_saved(page: Page, site: Site) -> None:
    log_in(page, site)
    page.goto(f"{site.address}/admin/bookings/booking/")
    page.locator("#result_list tbody tr th a").first.click()
    page.get_by_label("Special requests").fill("Extra chopsticks, please.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    saved = site.database.psql("SELECT count(*) FROM bookings WHERE special_requests = 'Extra chopsticks, please.'")
    assert saved.strip() == "1"
