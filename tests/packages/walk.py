"""Migrates the project that it is started in; prints its catalog and what was said on the way as one JSON object.

``python -m tests.packages.walk [PERCENT]``: every table is filled after so many of the migrations, or none is.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.livemigrations.filling import contents, fill
from tests.support.catalogs import catalog


def walk(percent: int = 0) -> dict[str, Any]:
    """Migrate everything, with rows from ``percent`` of the migrations on. Returns the catalog, the rows, the number of migrations, and refusals by their first line."""
    from django.apps import apps
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    keys = [(migration.app_label, migration.name) for migration, _ in plan]
    live = apps.is_installed("livemigrations")
    notes: dict[str, Any] = {"live": live, "migrations": len(keys), "refused": {}, "failed": "", "filled": 0}
    if percent:
        _each(dict(keys[: len(keys) * percent // 100]), notes)
        with connection.cursor() as cursor:
            notes["filled"] = len(fill(cursor))
    if not notes["failed"]:
        _each({"": ""}, notes)
    with connection.cursor() as cursor:
        notes["rows"] = contents(cursor)
    notes["catalog"] = catalog(connection)
    return notes


def _each(targets: dict[str, str], notes: dict[str, Any]) -> None:
    """Go to a migration of each app, or with empty names to the end; what a table may not take runs as in a window."""
    from django.core.management.base import CommandError

    for app, name in targets.items():
        for tries in range(30):
            try:
                _migrate(*filter(None, (app, name)), **({"allow_long_locks": True} if tries and notes["live"] else {}))
                break
            except CommandError as error:
                if type(error).__name__ != "MigrationRefused" or tries == 29:
                    notes["failed"] = f"{app}: {error}"
                    return
                notes["refused"][f"{app}: {str(error).splitlines()[0]}"] = str(error)
            except Exception as error:  # noqa: BLE001 - plain Django may fail on rows as well
                notes["failed"] = f"{app}: {type(error).__name__}: {error}"
                return


def _migrate(*words: str, **options: Any) -> None:
    from django.core.management import call_command

    call_command("migrate", *words, verbosity=0, interactive=False, skip_checks=True, **options)


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(walk(*map(int, sys.argv[1:])), default=str))
