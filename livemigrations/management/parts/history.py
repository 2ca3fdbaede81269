"""``migrations history``: what was done to the database."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.engine.status import history, steps_of
from livemigrations.management.subcommands import Subcommand


class Command(Subcommand):
    """Lists the applied migrations with their measured steps."""

    help = "What was applied, newest first, with the measured steps of each migration."
    description = """
        What was applied, newest first. With -v 2 (and always in JSON) the steps of each migration are shown: lane,
        duration, and in JSON also lock wait, longest stall, rows and tries.

          manage.py migrations history -v 2
    """
    exit_codes: ClassVar = {0: "shown", 1: "the database or the migrations could not be read", 2: "wrong usage"}

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        applied, steps = history(connection), steps_of(connection)
        if options["as_json"]:
            self.json([{**asdict(m), "steps": steps.get(m.revision, [])} for m in applied])
            return 0
        for migration in applied:
            sprint = "" if migration.sprint is None else f"sprint {migration.sprint}  "
            self.line(f"{migration.applied_at[:19]}  {sprint}{migration.revision}  {migration.description}")
            for step in steps.get(migration.revision, []) if options["verbosity"] > 1 else []:
                took = f"{step['duration_ms']:,.0f} ms" if step["duration_ms"] is not None else step["state"]
                self.line(f"    {step['direction']:<7} {step['lane']:<7} {took:>10}  {step['description']}")
        if not applied:
            self.line("Nothing is applied.")
        return 0
