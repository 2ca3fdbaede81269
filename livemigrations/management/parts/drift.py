"""``migrations drift``: is the database what the migrations say?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.apps import apps
from django.core.management.base import CommandError, CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.inspection.drift import Drift, drift
from livemigrations.management.subcommands import Subcommand
from livemigrations.management.watching import watching
from livemigrations.review.words import plural


class Command(Subcommand):
    """Compares the database with its migrations, and the models with them."""

    help = "Whether the database is what its applied migrations make, and the models what all migrations say."
    description = """
        Runs the applied migrations on a scratch database and compares it with this one, by definition: what is missing,
        what is there beyond, what differs, in tables, columns, keys, checks, indexes, triggers, functions, views,
        sequences, types and comments. Then it compares the models with the migrations, as makemigrations --check does.
        Nothing is written. Migrations that are pending are no drift.

        Names of indexes and keys count only where a migration gave them. Comments and extensions that are there beyond
        are left out, and so are partitions. LIVEMIGRATIONS_DRIFT_IGNORE lists patterns of what else to leave out.

          manage.py migrations drift
          manage.py migrations drift --app shop --app billing
          manage.py migrations drift --json | jq '.objects[] | select(.change == "extra").object'
    """
    exit_codes: ClassVar = {
        0: "no drift",
        1: "drift: something is missing, beyond or different; or it could not be compared",
        2: "wrong usage",
    }
    rehearses: ClassVar = True
    keeps_session: ClassVar = True

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        parser.add_argument(
            "--app", action="append", default=[], metavar="LABEL", help="Only the tables of this app; may be repeated."
        )

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        known = {config.label for config in apps.get_app_configs()}
        if unknown := sorted(set(options["app"]) - known):
            raise CommandError(f"There is no app {unknown[0]!r}. Known: {', '.join(sorted(known))}.", returncode=2)
        with watching(self.stdout, quiet=options["as_json"] or not options["verbosity"]) as tell:
            found = drift(connection, options["app"], tell=lambda name: tell(f"rehearsing {name}", None))
        if options["as_json"]:
            self.json(found.to_json())
        else:
            for line in _lines(found, options["verbosity"]):
                self.line(line)
        return found.exit_code


def _lines(found: Drift, verbosity: int) -> Iterator[str]:
    for one in found.objects:
        yield f"  {one.change:<10}  {one.object}"
        if one.there and one.here:
            yield f"                there: {one.there}"
            yield f"                here:  {one.here}"
        elif one.sql and verbosity > 1:
            yield from (f"                {line}" for line in f"{one.sql};".splitlines())
    yield from (f"  model       {change}: no migration has it" for change in found.unmigrated)
    if verbosity:
        yield from (
            f"  note: {name} is applied and not in the code: what it made shows as extra" for name in found.unknown
        )
        yield from (f"  note: {name} is half done: run migrate first" for name in found.half_applied)
    count = len(found.objects) + len(found.unmigrated)
    beside = [f"{plural(found.pending, 'migration')} pending"] * bool(found.pending)
    beside += [f"{plural(found.ignored, 'object')} ignored by LIVEMIGRATIONS_DRIFT_IGNORE"] * bool(found.ignored)
    tail = f" ({', '.join(beside)})" if beside else ""
    if count or verbosity:
        yield f"Database {found.database}: {plural(count, 'difference') if count else 'no drift'}{tail}."
