"""A Chromium of this machine, a served site with the demo rows, and a page that must have no script error."""

from __future__ import annotations

import os
import shutil
import socket
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support import loud
from tests.support.database import Database, fresh
from tests.support.postgres import PgServer

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
NAMES = ("chromium", "chromium-browser", "google-chrome")
REMEDY = "no Chromium on this machine; install Debian's with: apt-get install chromium"


@dataclass(frozen=True)
class Site:
    """Where the site is served, and its database."""

    address: str
    database: Database


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser; without one the tests are skipped loudly, or fail where TEPPAN_REQUIRE_BROWSER=1.

    It is closed with its module, because Django refuses the ORM while Playwright's event loop runs.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        if os.environ.get("TEPPAN_REQUIRE_BROWSER") == "1":
            pytest.fail(REMEDY, pytrace=False)
        loud.skip(REMEDY)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(pg_server: PgServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site as ``manage.py up`` serves it, with the demo rows."""
    log = tmp_path_factory.mktemp("site") / "up.log"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with fresh(pg_server) as database, log.open("w") as output:
        process = database.popen("up", "--port", str(port), stdout=output, stderr=output)
        address = f"http://127.0.0.1:{port}"
        try:
            until = time.monotonic() + 90
            while not _answers(address):
                if process.poll() is not None or time.monotonic() > until:
                    raise AssertionError(f"manage.py up did not serve:\n{log.read_text()}")
                time.sleep(0.2)
            yield Site(address, database)
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of 1440 by 900; a script error or a missing file on what it shows fails the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    made = context.new_page()
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(f"{made.url}: {error}"))
    made.on("response", lambda one: errors.append(f"{one.status} {one.url}") if one.status >= 404 else None)
    yield made
    context.close()
    assert errors == []


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: the folder named by TEPPAN_PICTURES, or a temporary one."""
    chosen = os.environ.get("TEPPAN_PICTURES")
    folder = Path(chosen) if chosen else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/admin/login/", timeout=5):
            return True
    except OSError:
        return False
