"""What Django refuses the engine refuses in the same words, and what a router keeps away stays away; nothing changes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from livemigrations import errors
from tests.livemigrations.schema.errors import ERRORS, KEPT_AWAY, PONY
from tests.livemigrations.schema.story import Story
from tests.livemigrations.site import Site
from tests.support import processes
from tests.support.database import fresh
from tests.support.postgres import PgServer

ROUTER = """
class Away:
    def allow_migrate(self, db, app_label, **hints):
        return not app_label.endswith("kept_away")
"""
CODE = """
import json, sys
import django

django.setup()
from django.core.management import call_command
from django.db import connection
from tests.support.catalogs import catalog

said = {}
for app in sys.argv[1:]:
    call_command("migrate", app, "0001", verbosity=0, interactive=False, skip_checks=True)
    before = catalog(connection)
    try:
        call_command("migrate", app, verbosity=0, interactive=False, skip_checks=True)
        call_command("migrate", app, "0001", verbosity=0, interactive=False, skip_checks=True)
        message = ""
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
    said[app] = [message, sorted({*before.items()} ^ {*catalog(connection).items()})]
print(json.dumps(said))
"""


def said(folder: Path, server: PgServer, names: list[str], *, live: bool) -> dict[str, Any]:
    folder.mkdir()
    (folder / "routers.py").write_text(ROUTER)
    with fresh(server) as database:
        site = Site(folder, database, extra='DATABASE_ROUTERS = ["routers.Away"]', live=live)
        apps = []
        for name in names:
            tables, bad = ERRORS[name]
            app = name.replace(" ", "_")
            story = Story(app, {"tables": PONY + tables, "bad": bad})
            site.app(app, migrations=story.migrations())
            apps.append(app)
        site.install("django.contrib.postgres", *apps)
        command = [sys.executable, "-c", CODE, *apps]
        done = processes.run(command, cwd=folder, env=site.environment(), timeout=300)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_same_words_and_nothing_changed(tmp_path: Path, pg_server: PgServer) -> None:
    names = [name for name in ERRORS if not name.startswith(("virtual", "stored to v")) or pg_server.version >= 18]
    plain = said(tmp_path / "plain", pg_server, names, live=False)
    found = said(tmp_path / "live", pg_server, names, live=True)
    for name in names:
        app = name.replace(" ", "_")
        message, changed = plain[app]
        assert bool(message) is (name not in KEPT_AWAY)
        essence = message.partition(": ")[2].splitlines()[0] if message else ""
        if name != "no way back":
            assert essence in found[app][0], name
        assert bool(found[app][0]) is bool(message)
        assert not message or hasattr(errors, found[app][0].partition(": ")[0]), f"{name}: {found[app][0]}"
        assert (name, changed, found[app][1]) == (name, [], [])
