"""``python -m benchmarks.lists``: what a page of a list in the admin costs on a large table, beside Django's own paging."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import machine
from benchmarks.options import parser
from benchmarks.server import ROOT, environment, running

if TYPE_CHECKING:
    from django.db.models import Model
    from django.test import Client

FILL = Path(__file__).parent / "sql" / "lists.sql"
TABLES = ("booking", "bookingreminder", "customer", "deposit", "payment", "loyaltytransaction", "stripeevent")
HEADER = f"{'list':<22}{'page':<9}{'ours ms':>9}{'stock ms':>10}{'stock/ours':>12}"


def main(arguments: Sequence[str]) -> int:
    """Measure and print the figures."""
    options = parser("lists", __doc__)
    options.add_argument("--rows", type=int, default=300_000, help="rows of each table (%(default)s)")
    options.add_argument("--rounds", type=int, default=7, help="how often each page is requested (%(default)s)")
    given = options.parse_args(arguments)
    with running(given.postgresql, given.folder) as server:
        facts = machine.describe(server, "django", "django-unfold")
        with server.database("bench_lists") as url:
            command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--no-input"]
            subprocess.run(command, env=environment({"DATABASE_URL": url}), check=True, stdout=subprocess.DEVNULL)
            server.psql(url, "-v", f"rows={given.rows}", "-f", FILL)
            found = _measured(url, given.rounds)
    if given.json:
        rows = [{"list": name, "page": page, "ours": ms[0], "stock": ms[1]} for (name, page), ms in found.items()]
        print(json.dumps({"facts": str(facts), "milliseconds": rows}, indent=2))
        return 0
    print(facts, HEADER, sep="\n")
    for (name, page), (ours, stock) in found.items():
        print(f"{name:<22}{page:<9}{ours:>9.1f}{stock:>10.1f}{stock / ours:>12.1f}")
    return 0


def _measured(url: str, rounds: int) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the median milliseconds of the first and the last page of each list, ours and stock Django's."""
    os.environ |= {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEBUG": "off",
        "LOG_LEVEL": "ERROR",
    }
    os.environ |= {"SECRET_KEY": "b" * 60, "ALLOWED_HOSTS": "testserver", "SECURE_SSL_REDIRECT": "off"}
    import django

    django.setup()
    from django.apps import apps
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.db.models import QuerySet
    from django.test import Client

    settings.ROOT_URLCONF = "benchmarks.list_urls"
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    client = Client(raise_request_exception=True)
    client.force_login(QuerySet(get_user_model()).get(email="benchmark@example.com"))
    found = {}
    for name in TABLES:
        model = next(model for model in apps.get_models() if model._meta.model_name == name)
        path = f"{model._meta.app_label}/{name}/"
        last, deep = f"?p={QuerySet(model).count() // 100}", _last_page(model)
        for page, ours, stock in (("first", "?tab=all", ""), ("last", deep, last)):
            found[name, page] = (
                _median(client, f"/admin/{path}{ours}", rounds),
                _median(client, f"/stock/{path}{stock}", rounds),
            )
    return found


def _last_page(model: type[Model]) -> str:
    """Return the query string of a page at the end of a list: the one behind the row that is 100 rows from it."""
    from django.contrib import admin
    from django.db.models import QuerySet

    from core.admin import keyset

    rows: QuerySet[Any] = QuerySet(model).order_by(*admin.site.get_model_admin(model).ordering or (), "-pk")
    columns = keyset.columns_of(rows)
    assert columns is not None
    return f"?tab=all&after={keyset.encode(columns, rows.reverse()[100])}"


def _median(client: Client, path: str, rounds: int) -> float:
    """Return the median milliseconds that the server needs for a page, after one request that is not counted."""
    taken = []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        response = client.get(path)
        taken.append((time.perf_counter() - begun) * 1000)
        assert response.status_code == 200, (path, response.status_code)
    return statistics.median(taken[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
