"""Every page of every registered model in a browser: no script error, and never wider than a phone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib import admin
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.browser.conftest import Site
from tests.browser.test_admin import log_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = {"width": 375, "height": 812}
MODELS = [
    model
    for model in admin.site._registry
    if model._meta.app_label in {"customers", "bookings", "payments", "adminpanel"}
]


def pages(site: Site) -> Iterator[tuple[str, str]]:
    """Yield a name and the address of every page, with the first row of each table."""
    yield "home", "/admin/"
    yield "no-such-page", "/admin/nothing/here/"
    for model in MODELS:
        path = f"/admin/{model._meta.app_label}/{model._meta.model_name}"
        key = site.database.psql(f"SELECT id FROM {model._meta.db_table} ORDER BY id LIMIT 1").strip()
        yield f"{model._meta.model_name}-list", f"{path}/"
        yield f"{model._meta.model_name}-add", f"{path}/add/"
        for page in ("change", "delete", "history"):
            yield f"{model._meta.model_name}-{page}", f"{path}/{key}/{page}/"


def test_no_page_has_a_script_error_or_is_wider_than_a_phone(chromium: Browser, site: Site, pictures: Path) -> None:
    context = chromium.new_context(viewport=PHONE, is_mobile=True)  # type: ignore[arg-type]  # a size
    problems: list[str] = []
    try:
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
        addresses = dict(pages(site))
        page.on("console", lambda line: problems.extend(complaints(line, site, addresses)))
        log_in(page, site)
        expect(page.locator("#content")).to_be_visible()
        for name, address in addresses.items():
            page.goto(site.address + address)
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > PHONE["width"]:
                problems.append(f"{address} is {width} pixels wide: {widest(page, PHONE['width'])}")
            if "TEPPAN_PICTURES" in os.environ:
                page.screenshot(path=pictures / f"phone-{name}.png", full_page=True)
    finally:
        context.close()
    assert problems == []


def complaints(line: ConsoleMessage, site: Site, addresses: dict[str, str]) -> list[str]:
    """Return the line of the console if it is an error other than that of a page that is refused or missing."""
    refused = line.location["url"].removeprefix(site.address) in addresses.values()
    return [f"{line.location['url']}: {line.text}"] if line.type == "error" and not refused else []


def widest(page: Page, width: int) -> str:
    """Return the elements that reach beyond the screen, for the message of a failure."""
    script = """width => [...document.querySelectorAll('#main *')]
        .filter(one => one.getBoundingClientRect().right > width + 1)
        .slice(0, 5).map(one => one.tagName + '.' + one.className).join(' | ')"""
    return str(page.evaluate(script, width))


def test_a_list_on_a_phone_shows_status_guests_and_total(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(viewport=PHONE, is_mobile=True)  # type: ignore[arg-type]  # a size
    try:
        page = context.new_page()
        log_in(page, site)
        page.goto(f"{site.address}/admin/bookings/booking/")
        row = page.locator("#result_list tr.data-row").first
        for column in ("Status", "Guests", "Total"):
            box = row.locator(f'[data-label="{column}"]').bounding_box()
            assert box is not None, column
            assert box["x"] >= 0, column
            assert box["x"] + box["width"] <= PHONE["width"], column
    finally:
        context.close()


def test_the_command_palette_finds_rows(page: Page, site: Site, pictures: Path) -> None:
    email = site.database.psql("SELECT email FROM customers ORDER BY email LIMIT 1").strip()
    log_in(page, site)
    page.locator("#nav-sidebar").get_by_text("Search apps and models").click()
    page.locator("#search-input-command").press_sequentially(email)
    found = page.locator("#command-results a").first
    expect(found).to_contain_text(email)
    page.screenshot(path=pictures / "palette.png")
    found.click()
    expect(page.locator("#id_email")).to_have_value(email)


def test_the_id_of_a_row_is_copied(chromium: Browser, site: Site) -> None:
    key = site.database.psql("SELECT id FROM bookings ORDER BY id LIMIT 1").strip()
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    try:
        page = context.new_page()
        log_in(page, site)
        page.goto(f"{site.address}/admin/bookings/booking/{key}/change/")
        page.locator("[data-copy]").click()
        expect(page.get_by_text("Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == key
    finally:
        context.close()
