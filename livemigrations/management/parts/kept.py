"""``migrations kept``: the rows of dropped tables and columns."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.bookkeeping import has_bookkeeping
from livemigrations.catalog.kept import Kept, kept
from livemigrations.engine.discarding import discard
from livemigrations.errors import LiveMigrationError
from livemigrations.management.arguments import days
from livemigrations.management.subcommands import Subcommand


class Command(Subcommand):
    """Lists what is kept, and lets go of it when told so."""

    help = "What was dropped and is kept in the schema rolled_back; --discard lets it go."
    description = """
        Rows of tables and columns that a migration dropped are kept in the schema rolled_back, and put back when the
        migration is run the other way. This lists them. --discard lets go of what nobody will want back.

          manage.py migrations kept
          manage.py migrations kept --discard shop_thing_note_1c9a77b2
          manage.py migrations kept --discard all --older-than 30
    """
    exit_codes: ClassVar = {0: "shown, or let go", 1: "nothing is kept under that name, or not confirmed"}

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        parser.add_argument("--discard", metavar="NAME|all", help="Drop what is kept under this name, or everything.")
        parser.add_argument("--older-than", type=days, metavar="DAYS", help="Only what is kept for so many days.")
        parser.add_argument("--no-input", action="store_false", dest="interactive", help="Do not ask.")

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        found = kept(connection) if has_bookkeeping(connection) else []
        if options["older_than"] is not None:
            from django.utils import timezone

            now = timezone.now()
            found = [line for line in found if (now - line.kept_at).total_seconds() >= options["older_than"] * 86400]
        if options["discard"]:
            return self._discard(connection, found, options)
        if options["as_json"]:
            self.json([asdict(line) for line in found])
            return 0
        for line in found:
            self.line(_line(line))
        if not found:
            self.line("Nothing is kept.")
        return 0

    def _discard(self, connection: BaseDatabaseWrapper, found: list[Kept], options: dict[str, Any]) -> int:
        name = options["discard"]
        chosen = [line for line in found if name in ("all", line.kept_as)]
        if name != "all" and not chosen:
            raise LiveMigrationError(f"Nothing is kept as {name!r}. Remedy: migrations kept lists the names.")
        if options["interactive"] and chosen:
            for line in chosen:
                self.stderr.write(_line(line))
            if not self.agreed("These rows will be gone. Go on?", remedy="look at the list, then give --no-input"):
                raise LiveMigrationError("Not confirmed: nothing was dropped.")
        discard(connection, chosen)
        if options["as_json"]:
            self.json([asdict(line) for line in chosen])
        else:
            self.line(f"{len(chosen)} dropped for good.")
        return 0


def _line(line: Kept) -> str:
    rows = "?" if line.rows is None else f"{line.rows:,}"
    way = "taken back" if line.direction == "back" else "applied"
    return (
        f"{line.kept_as}  {rows} rows of {line.schema}.{line.what}, {line.state}, since {line.kept_at:%Y-%m-%d %H:%M}"
        f" when {line.app}.{line.migration} was {way}"
    )
