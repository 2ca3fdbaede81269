"""Walks a project's migrations one by one, up and down again, and notes the catalog after each.

Run as a script in a project: ``python -m tests.livemigrations.walk [rows]``. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
from typing import Any

Notes = dict[str, Any]


def walk(*, rows: bool) -> Notes:
    """Go up, and down as far as every operation can be reversed. ``rows`` fills every table as soon as it is there.

    Returns "up" and "down": catalogs by migration; "refused": messages by migration; "filled": names of tables.
    """
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    order = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    keys = [(migration.app_label, migration.name) for migration, _ in order]
    notes: Notes = {"up": {}, "down": {}, "refused": {}, "filled": [], "order": [".".join(key) for key in keys]}
    for app, name in keys:
        _go(notes, "up", f"{app}.{name}", app, name, rows=rows)
    for app, name in reversed(keys):
        if not all(operation.reversible for operation in executor.loader.graph.nodes[app, name].operations):
            break
        before = [other for label, other in keys[: keys.index((app, name))] if label == app]
        _go(notes, "down", f"{app}.{name}", app, before[-1] if before else "zero", rows=rows)
    return notes


def _go(notes: Notes, way: str, key: str, app: str, target: str, *, rows: bool) -> None:
    from django.core.management import call_command
    from django.core.management.base import CommandError
    from django.db import connection
    from django.test import override_settings

    from tests.livemigrations.filling import fill
    from tests.support.catalogs import catalog

    def run() -> None:
        call_command("migrate", app, target, verbosity=0, interactive=False, skip_checks=True)

    before = catalog(connection)
    try:
        run()
    except CommandError as error:
        notes["refused"][f"{way} {key}"] = {"message": str(error), "changed": catalog(connection) != before}
        with override_settings(LIVEMIGRATIONS_SMALL_TABLE_BYTES=2**40):
            run()
    notes[way][key] = catalog(connection)
    if rows and way == "up":
        with connection.cursor() as cursor:
            notes["filled"] = fill(cursor)


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(walk(rows="rows" in sys.argv[1:])))
