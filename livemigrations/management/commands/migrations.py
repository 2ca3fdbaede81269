"""``manage.py migrations``: where the database stands, and what was done to it."""

from __future__ import annotations

import json
import sys
from argparse import SUPPRESS
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DEFAULT_DB_ALIAS, connections

from livemigrations.engine.failures import in_words
from livemigrations.engine.status import history, status, steps_of
from livemigrations.results import Status


class Command(BaseCommand):
    """Subcommands ``status`` and ``history``."""

    help = (
        "Shows the migrations of a database. Exit codes of status: 0 up to date, 1 migrations are pending,"
        " 2 broken (a migration is half done and nobody is at it, or an index is invalid)."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True, metavar="status|history")
        for name, text in (
            ("status", "Where the database stands; the exit code says it too."),
            ("history", "What was applied, newest first, with the measured steps of each migration."),
        ):
            part = parts.add_parser(name, help=text, description=text)
            part.add_argument("--database", default=DEFAULT_DB_ALIAS, help="Alias of the database.")
            part.add_argument("--json", action="store_true", dest="as_json", help="Write JSON.")
            part.add_argument(
                "-v",
                "--verbosity",
                type=int,
                choices=[0, 1, 2, 3],
                default=SUPPRESS,  # what stands before the subcommand counts, unless it is said again
                help="2 shows the measured steps in the history.",
            )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["database"] not in connections:
            raise CommandError(f"There is no database {options['database']!r}. Known: {', '.join(connections)}.")
        connection = connections[options["database"]]
        if connection.vendor != "postgresql":
            raise CommandError(f"livemigrations works on PostgreSQL, and {options['database']} is {connection.vendor}.")
        if options["part"] == "status":
            with in_words():
                state = status(connection)
            self._status(state, as_json=options["as_json"])
        else:
            self._history(connection, as_json=options["as_json"], verbose=options["verbosity"] > 1)

    def _status(self, state: Status, *, as_json: bool) -> None:
        if as_json:
            self._json(state.to_json())
        else:
            for line in _status_lines(state):
                self.stdout.write(line)
        if state.exit_code:
            sys.exit(state.exit_code)

    def _history(self, connection: Any, *, as_json: bool, verbose: bool) -> None:
        with in_words():
            applied, steps = history(connection), steps_of(connection)
        if as_json:
            self._json([{**asdict(m), "steps": steps.get(m.revision, [])} for m in applied])
            return
        for migration in applied:
            sprint = "" if migration.sprint is None else f"sprint {migration.sprint}  "
            self.stdout.write(f"{migration.applied_at[:19]}  {sprint}{migration.revision}  {migration.description}")
            for step in steps.get(migration.revision, []) if verbose else []:
                took = f"{step['duration_ms']:,.0f} ms" if step["duration_ms"] is not None else step["state"]
                self.stdout.write(f"    {step['direction']:<7} {step['lane']:<7} {took:>10}  {step['description']}")
        if not applied:
            self.stdout.write("Nothing is applied.")

    def _json(self, data: Any) -> None:
        self.stdout.write(json.dumps(data, cls=DjangoJSONEncoder, indent=2))


def _status_lines(state: Status) -> list[str]:
    words = {0: "up to date", 1: f"{len(state.pending_migrations)} migrations pending", 2: "broken"}
    lines = [
        f"Database {state.database}: {words[state.exit_code]}.",
        f"Applied: {state.applied_count}, the newest is {state.current_revision or '(none)'}.",
    ]
    lines += [f"Sprint {sprint}: {word}" for sprint, word in state.sprints.items()]
    if state.running:
        lines.append(f"A migrate is running: {state.running}.")
    for migration in state.pending_migrations:
        word = "half done" if migration.half_applied else "pending"
        lines.append(f"  {word:<9} {migration.revision}  {migration.description}")
    lines += [
        f"  invalid index {name}: migrate rebuilds its own, drop others yourself" for name in state.invalid_indexes
    ]
    lines += [f"  not validated: {name}" for name in state.unvalidated_constraints]
    lines += [f"  applied, but not in the code: {name}" for name in state.unknown_applied]
    if state.half_applied and not state.running:
        lines.append("Remedy: run migrate; it goes on at the exact step.")
    return lines
