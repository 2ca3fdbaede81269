"""``migrations status``: where the database stands."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.engine.status import status
from livemigrations.management.subcommands import Subcommand
from livemigrations.results import Status
from livemigrations.review.words import plural


class Command(Subcommand):
    """Shows what is applied, pending, half done and broken."""

    help = "Where the database stands; the exit code says it too."
    description = """
        Where the database stands: what is applied and pending, how far each sprint is, what is half done or broken.

          manage.py migrations status
          manage.py migrations status --json | jq .pending_migrations
    """
    exit_codes: ClassVar = {
        0: "up to date",
        1: "migrations are pending",
        2: "broken: a migration is half done and nobody is at it, an index is invalid, migrate would refuse to begin, or the"
        " settings, the migrations or the database cannot be read",
    }
    failed = 2

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        state = status(connection)
        if options["as_json"]:
            self.json(state.to_json())
        else:
            for line in _lines(state, options["verbosity"]):
                self.line(line)
        return state.exit_code


def _lines(state: Status, verbosity: int) -> list[str]:
    words = {0: "up to date", 1: f"{plural(len(state.pending_migrations), 'migration')} pending", 2: "broken"}
    lines = [f"Database {state.database}: {words[state.exit_code]}."] if verbosity or state.exit_code else []
    if verbosity:
        lines.append(f"Applied: {state.applied_count}, the newest is {state.current_revision or '(none)'}.")
        lines += [f"Sprint {sprint}: {word}" for sprint, word in state.sprints.items()]
    if verbosity and state.running:
        lines.append(f"A migrate is running: {state.running}.")
    for migration in state.pending_migrations:
        word = "half done" if migration.half_applied else "pending"
        lines.append(f"  {word:<9} {migration.stage:<8} {migration.revision}  {migration.description}")
    lines += [
        f"  invalid index {name}: migrate rebuilds its own, drop others yourself" for name in state.invalid_indexes
    ]
    lines += [f"  not validated: {name}" for name in state.unvalidated_constraints]
    lines += [f"  applied, but not in the code: {name}" for name in state.unknown_applied]
    lines += state.history_problem.splitlines()
    if state.half_applied and not state.running:
        lines.append("Remedy: run migrate; it goes on at the exact step.")
    return lines
