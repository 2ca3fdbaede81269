"""``migrations kept``: the rows of dropped tables and columns."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.bookkeeping import has_bookkeeping
from livemigrations.catalog.kept import Kept, kept
from livemigrations.engine.discarding import discard
from livemigrations.engine.putting_back import put_back
from livemigrations.errors import LiveMigrationError
from livemigrations.management.arguments import days, word
from livemigrations.management.subcommands import Subcommand


class Command(Subcommand):
    """Lists what is kept, and lets go of it when told so."""

    help = "What was dropped and is kept in the schema rolled_back; --discard lets it go."
    description = """
        Rows of tables and columns that a migration dropped are kept in the schema rolled_back, and put back when the
        migration is run the other way. This lists them. --put-back tries again what found no place then; what is
        still without one is listed with the reason. --discard lets go of what nobody will want back.

          manage.py migrations kept
          manage.py migrations kept --put-back all
          manage.py migrations kept --discard shop_thing_note_1c9a77b2
          manage.py migrations kept --discard all --older-than 30
    """
    exit_codes: ClassVar = {
        0: "shown, put back, or let go",
        1: "nothing is kept under that name, not confirmed, or some found no place again",
        2: "wrong usage",
    }

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument(
            "--put-back",
            type=word,
            metavar="NAME|all",
            help="Try again what found no place: under this name, or everything.",
        )
        choice.add_argument(
            "--discard", type=word, metavar="NAME|all", help="Drop what is kept under this name, or everything."
        )
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
        if options["put_back"]:
            return self._put_back(connection, found, options)
        if options["as_json"]:
            self.json([entry(line) for line in found])
            return 0
        for line in found:
            self.line(_line(line))
        if not found:
            self.line("Nothing is kept.")
        return 0

    def _put_back(self, connection: BaseDatabaseWrapper, found: list[Kept], options: dict[str, Any]) -> int:
        chosen = _chosen(found, options["put_back"])
        done = put_back(connection, chosen, everything=options["put_back"] == "all")
        if options["as_json"]:
            self.json([asdict(one) for one in done])
            return int(any(one.left for one in done))
        for one in done:
            self.line(f"{one.kept_as}: {one.put_back:,} of {one.what} put back, {one.left:,} left")
            for why, rows, key in one.reasons:
                self.line(f"  {rows:,}: {why}{f' (one of them: {key})' if key else ''}")
            if one.refusal:
                self.line(f"  The database said: {one.refusal}")
        if not done:
            self.line("Nothing waits for a place.")
        return int(any(one.left for one in done))

    def _discard(self, connection: BaseDatabaseWrapper, found: list[Kept], options: dict[str, Any]) -> int:
        chosen = _chosen(found, options["discard"])
        if options["interactive"] and chosen:
            for line in chosen:
                self.stderr.write(_line(line))
            if not self.agreed("These rows will be gone. Go on?", remedy="look at the list, then give --no-input"):
                raise LiveMigrationError("Not confirmed: nothing was dropped.")
        discard(connection, chosen)
        if options["as_json"]:
            self.json([entry(line) for line in chosen])
        else:
            self.line(f"{len(chosen)} dropped for good.")
        return 0


def entry(line: Kept) -> dict[str, Any]:
    """What is kept, as JSON has it: without what is known only while a migration is planned."""
    return {name: value for name, value in asdict(line).items() if name != "became"}


def _chosen(found: list[Kept], name: str) -> list[Kept]:
    """Those of that name, or all. Raises ``LiveMigrationError`` for a name that is not there."""
    chosen = [line for line in found if name in ("all", line.kept_as)]
    if name != "all" and not chosen:
        raise LiveMigrationError(f"Nothing is kept as {name!r}. Remedy: migrations kept lists the names.")
    return chosen


def _line(line: Kept) -> str:
    rows = "?" if line.rows is None else f"{line.rows:,}"
    way = "taken back" if line.direction == "back" else "applied"
    return (
        f"{line.kept_as}  {rows} rows of {line.schema}.{line.what}, {line.state}, since {line.kept_at:%Y-%m-%d %H:%M}"
        f" when {line.app}.{line.migration} was {way}"
    )
