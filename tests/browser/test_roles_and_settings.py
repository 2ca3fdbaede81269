"""Roles and settings as a person edits them: permissions are found by typing, a bad value is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.test_admin import log_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_permission_is_found_by_typing(page: Page, site: Site, pictures: Path) -> None:
    log_in(page, site)
    page.goto(f"{site.address}/admin/adminpanel/role/add/")
    page.get_by_label("Name").fill("kitchen")
    search = page.locator(".select2-search__field")
    search.click()
    search.press_sequentially("view_bookingrem")
    expect(page.locator(".select2-results__option--highlighted")).to_contain_text("bookings.view_bookingreminder")
    page.screenshot(path=pictures / "role-search.png")
    search.press("Enter")
    expect(page.locator(".select2-selection__choice")).to_have_count(1)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    stored = site.database.psql("SELECT permissions_json FROM roles WHERE name = 'kitchen'")
    assert stored.strip() == '["bookings.view_bookingreminder"]'
    page.get_by_role("link", name="kitchen").first.click()
    expect(page.locator(".select2-selection__choice")).to_contain_text("bookings.view_bookingreminder")
    page.screenshot(path=pictures / "role-form.png", full_page=True)


def test_a_setting_explains_which_values_are_allowed(page: Page, site: Site, pictures: Path) -> None:
    log_in(page, site)
    page.goto(f"{site.address}/admin/adminpanel/adminconfig/")
    page.screenshot(path=pictures / "settings.png", full_page=True)
    page.get_by_role("link", name="deposits.percent").first.click()
    page.get_by_label("Value").fill("200")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The value must be a number from 0 to 100 (percent).")).to_be_visible()
    page.screenshot(path=pictures / "setting-refused.png", full_page=True)
    page.get_by_label("Value").fill("25")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    assert (
        site.database.psql("SELECT config_value FROM admin_config WHERE config_key = 'deposits.percent'").strip()
        == "25"
    )
    page.get_by_role("link", name="cancellation.policy").first.click()
    expect(page.get_by_label("Value")).to_have_value(re.compile(r'\[\n  \{\n    "days_before": 7'))
    page.screenshot(path=pictures / "setting-json.png", full_page=True)
