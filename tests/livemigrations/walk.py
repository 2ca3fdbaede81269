"""Walks a project's migrations, up and down again, and notes the catalog and the rows at each stop.

Run as a script in a project: ``python -m tests.livemigrations.walk [rows] [app[@number,number,…] …]``. Prints one JSON
object. Without apps, all migrations are one walk that stops at each; an app with numbers of migrations stops at those
and at the last.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

Notes = dict[str, Any]
Key = tuple[str, str]


def walk(apps: list[str], *, rows: bool) -> Notes:
    """Go up, and down as far as every operation can be reversed. ``rows`` fills every table as soon as it is there.

    Returns "up" and "down": catalogs by the migration that it came to; "rows up" and "rows down": what stands in the
    tables there; "refused" and "failed": by the migration that it came from or to, what the first try said and whether
    it changed something; "filled": names of tables; "order": the migrations at which it stops.
    """
    notes: Notes = {name: {} for name in ("up", "down", "rows up", "rows down", "refused", "failed", "filled")}
    notes |= {"order": [], "last": ({}, {})}
    for keys in _groups(apps):
        notes["order"] += [".".join(key) for key in keys]
        for key in keys:
            _Go(notes, "up", key, key[1], rows=rows).go()
        for number in reversed(range(len(keys))):
            before = [name for label, name in keys[:number] if label == keys[number][0]]
            if not _reversible(keys[number], before[-1] if before else ""):
                break
            _Go(notes, "down", keys[number], before[-1] if before else "zero", rows=rows).go()
    return notes


def _reversible(key: Key, before: str) -> bool:
    """Whether every migration of the app after ``before`` up to this one can be taken back."""
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    nodes = MigrationLoader(connection).graph.nodes
    taken = [node for other, node in nodes.items() if other[0] == key[0] and before < other[1] <= key[1]]
    return all(operation.reversible for node in taken for operation in node.operations)


def _groups(apps: list[str]) -> Iterator[list[Key]]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    order = [(migration.app_label, migration.name) for migration, _ in plan]
    if not apps:
        yield order
    for text in apps:
        app, _, numbers = text.partition("@")
        keys = [key for key in order if key[0] == app]
        stops = {int(number) for number in numbers.split(",")} | {len(keys)} if numbers else range(len(keys) + 1)
        yield [key for number, key in enumerate(keys, 1) if number in stops]


class _Go:
    """One migration in one direction."""

    def __init__(self, notes: Notes, way: str, key: Key, target: str, *, rows: bool) -> None:
        self.notes, self.way, self.rows = notes, way, rows
        self.key, self.app, self.target = ".".join(key), key[0], target
        self.place = f"{self.app}.{target}"

    def go(self) -> None:
        from django.db import connection

        from tests.livemigrations.filling import contents, fill
        from tests.support.catalogs import catalog

        self._until_done()
        found = self.notes[self.way][self.place] = catalog(connection)
        if not self.rows:
            return
        with connection.cursor() as cursor:
            rows = self.notes[f"rows {self.way}"][self.place] = contents(cursor)
            if self.way == "up":
                self.notes["filled"][self.place] = fill(cursor)
                rows = contents(cursor)
        self.notes["last"] = (found, rows)

    def _until_done(self) -> None:
        """As it is; where a populated table may not take it, in a window; where the rows forbid it, without them.

        In a window, rows that cannot be kept may go.
        """
        from django.db import connection
        from django.test import override_settings

        from tests.livemigrations.filling import empty

        outcome = self._try()
        window = {"LIVEMIGRATIONS_SMALL_TABLE_BYTES": 2**40, "LIVEMIGRATIONS_KEEP_DROPPED": False}
        with override_settings(**(window if outcome == "refused" else {})):
            if outcome == "refused":
                outcome = self._try()
            if outcome:
                with connection.cursor() as cursor:
                    empty(cursor)
                self._migrate()

    def _try(self) -> str:
        """One try. Returns "refused" or "failed", which is noted with what was said, or nothing when it is done."""
        from django.core.management.base import CommandError
        from django.db import DatabaseError

        try:
            self._migrate()
        except (CommandError, DatabaseError) as error:
            names = {kind.__name__ for kind in type(error).__mro__}
            outcome = "refused" if names & {"MigrationRefused", "DataWouldBeLost"} else "failed"
            said = {"message": str(error), "changed": self._look() != self.notes["last"]}
            self.notes[outcome][f"{self.way} {self.key}"] = said
            return outcome
        return ""

    def _migrate(self) -> None:
        from django.core.management import call_command

        try:
            call_command("migrate", self.app, self.target, verbosity=0, interactive=False, skip_checks=True)
        except Exception as error:
            error.add_note(f"on the way {self.way} at {self.key}")
            raise

    def _look(self) -> Any:
        from django.db import connection

        from tests.livemigrations.filling import contents
        from tests.support.catalogs import catalog

        with connection.cursor() as cursor:
            return catalog(connection), contents(cursor)


if __name__ == "__main__":
    import django

    django.setup()
    words = sys.argv[1:]
    print(json.dumps(walk([word for word in words if word != "rows"], rows="rows" in words)))
