"""The same catalog as plain Django, after every migration, up and down: empty, without rows, with rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.livemigrations.site import Site
from tests.livemigrations.synthetic import SAFE, TABLES
from tests.support import processes
from tests.support.catalogs import Catalog, catalog, differences
from tests.support.database import fresh
from tests.support.postgres import PgServer

CONTRIB = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.sites", "django.contrib.redirects", "django.contrib.flatpages", "django.contrib.messages",
]  # fmt: skip
ALLAUTH = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "allauth", "allauth.account",
    "allauth.mfa", "allauth.socialaccount", "allauth.usersessions",
]  # fmt: skip
PROJECTS: dict[str, list[str]] = {
    "contrib": CONTRIB,
    "allauth": ALLAUTH,
    "procrastinate": ["procrastinate.contrib.django"],
    "synthetic": ["shop"],
}
# One command takes several migrations of this app; without rows more of them.
STOPS = {
    "synthetic": [f"shop@{','.join(str(number) for number in range(1, len(SAFE), stride))}" for stride in (3, 6)],
}
SETTINGS = """
SITE_ID = 1
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
"""
COPY = '''\
def copy(apps, schema_editor):
    """Read with a server-side cursor, and write."""
    thing = apps.get_model("shop", "Thing")
    for one in thing.objects.order_by("pk").iterator(chunk_size=50):
        if one.pk < 100:
            thing.objects.filter(pk=one.pk).update(d=str(one.pk))


class Migration('''


def site_of(name: str, folder: Path, server: PgServer, *, live: bool) -> Iterator[Site]:
    folder.mkdir()
    with fresh(server) as database:
        site = Site(folder, database, extra=SETTINGS, live=live)
        if name == "synthetic":
            apart = {f"m{_number(title)}": "atomic = False" for title in ("index together", "index apart")}
            site.shop(TABLES, *SAFE.values(), **apart)
            path = folder / "shop" / "migrations" / f"{_number('python')}_step.py"
            path.write_text(path.read_text().replace("class Migration(", COPY, 1))
        site.install(*PROJECTS[name])
        yield site


def _number(title: str) -> str:
    return f"{list(SAFE).index(title) + 2:04}"


def walked(site: Site, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.livemigrations.walk", *arguments]
    done = processes.run(command, cwd=site.folder, env=site.environment(), timeout=500)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr}"
    notes: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return notes


def compare(found: dict[str, Any], truth: dict[str, Any]) -> None:
    assert set(found["order"]) <= set(truth["order"])
    for way in ("up", "down"):
        assert len(found[way]) * len(truth["order"]) >= len(truth[way]) * len(found["order"])
        for key in found[way]:
            assert differences(found[way][key], truth[way][key]) == [], f"{way} {key}"


@pytest.mark.slow
@pytest.mark.parametrize("name", PROJECTS)
def test_the_catalog_is_that_of_plain_django(name: str, tmp_path: Path, pg_server: PgServer) -> None:
    stops = STOPS.get(name, [])
    for site in site_of(name, tmp_path / "plain", pg_server, live=False):
        truth = walked(site, *stops[:1])
    for site in site_of(name, tmp_path / "empty", pg_server, live=True):
        assert differences(migrated_at_once(site), truth["up"][truth["order"][-1]]) == []
    for site in site_of(name, tmp_path / "without_rows", pg_server, live=True):
        found = walked(site, *stops[1:])
        assert found["refused"] == found["failed"] == {}
        compare(found, truth)
    for site in site_of(name, tmp_path / "with_rows", pg_server, live=True):
        found = walked(site, "rows", *stops[:1])
        assert len(found["filled"][found["order"][-1]]) >= 3
        assert found["failed"] == {}
        assert not any(refusal["changed"] for refusal in found["refused"].values())
        messages = [refusal["message"] for refusal in found["refused"].values()]
        assert all(message.startswith("Refused on the populated table") for message in messages), messages
        compare(found, truth)


def migrated_at_once(site: Site) -> Catalog:
    site.migrate("-v0", "--skip-checks")
    with site.database.connect() as connection:
        return catalog(connection)
