"""``migrations adopt``: bring in a database that another tool made."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.engine.reporter import reporter_for
from livemigrations.errors import LiveMigrationError
from livemigrations.inspection.adoption import COMMAND, Examination, adopt, examine
from livemigrations.inspection.adoption_report import lines, to_json
from livemigrations.management.logged import Logged
from livemigrations.management.subcommands import Subcommand
from livemigrations.management.watching import watching


class Command(Subcommand):
    """Proves from the catalog which migrations are there, and records those."""

    help = "Record as applied what the catalog proves to be there: for databases made by another tool."
    description = """
        For a database that Alembic, TypeORM or a person made. The migrations are run on a scratch database, and what
        each operation makes there is looked for here, by definition: tables, columns, defaults, keys, checks, indexes,
        functions, triggers, views, comments, seeded rows. Names of keys and indexes may differ.

        A migration of which every operation is there is recorded as applied, without running anything. A gap before
        something that is there (a comment, a view, a table that the other tool never made) is made by the engine, as
        migrate would make it, since no history can have a gap; --record-only leaves it and stops there. What comes
        after is left to migrate. Where something is there but differs, both definitions are shown and nothing at all
        is written.

        Adopt runs no code on this database (RunPython, RunSQL, custom operations) and changes no rows. Where the
        catalog cannot show that such an operation ran, nothing is written either, and --accept names it: it is then
        recorded as applied without being run.

          manage.py migrations adopt --dry-run            look, write nothing
          manage.py migrations adopt                      look, ask, write
          manage.py migrations adopt --no-input           look and write, unless there is a doubt
          manage.py migrations adopt shop 0007            only this app, and only up to 0007, even if more is there
          manage.py migrations adopt --accept shop.0005   record this migration although its code leaves no trace
          manage.py migrations adopt --json --dry-run | jq '.migrations[] | select(.action == "stop")'
    """
    exit_codes: ClassVar = {
        0: "adopted, or nothing to adopt: the next migrate goes on from here",
        1: "something differs, cannot be proven or has to be made by hand (shown, and not recorded); or you said no",
        2: "wrong usage",
    }
    rehearses: ClassVar = True
    keeps_session: ClassVar = True
    interrupted = "What was recorded is kept; run migrations adopt again and it goes on."

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        parser.add_argument("app_label", nargs="?", help="Only this app, and what it depends on.")
        parser.add_argument("migration_name", nargs="?", help="Only up to this migration of the app.")
        parser.add_argument("--dry-run", action="store_true", help="Look and show, write nothing.")
        parser.add_argument("--no-input", action="store_false", dest="interactive", help="Do not ask before writing.")
        parser.add_argument("--record-only", action="store_true", help="Make nothing: a gap ends it.")
        parser.add_argument(
            "--rename",
            action="store_true",
            help="Give indexes and constraints the names of the migrations. Queries that use the old names would break.",
        )
        parser.add_argument(
            "--no-like-indexes",
            action="store_false",
            dest="like_indexes",
            help="Do not ask for the _like indexes that Django adds to unique and indexed text columns.",
        )
        parser.add_argument(
            "--accept",
            action="append",
            default=[],
            metavar="APP.MIGRATION[:N]",
            help="Record a migration (or its operation N) as applied without running it, although the catalog cannot show it.",
        )

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        quiet = options["as_json"] or not options["verbosity"]
        reporter = reporter_for(self.stdout, self.style, 0 if quiet else options["verbosity"])
        with watching(self.stdout, quiet=quiet) as tell:
            found = examine(
                connection,
                options["app_label"],
                options["migration_name"],
                accept=options["accept"],
                fill=not options["record_only"],
                rename=options["rename"],
                like_indexes=options["like_indexes"],
                tell=lambda name: tell(f"rehearsing {name}", None),
            )
        if not options["as_json"] and (options["verbosity"] or found.exit_code):
            for line in lines(found, verbosity=options["verbosity"]):
                self.line(line)
        applied: list[str] = []
        if found.cut.chosen and not found.blocked and not options["dry_run"]:
            if not self._agreed(found, options):
                self.line("Nothing was written.")
                return 1
            applied = adopt(connection, found, Logged(reporter, connection.alias, COMMAND), rename=options["rename"])
        if options["as_json"]:
            self.json({**to_json(found), "recorded": applied, "exit_code": found.exit_code})
        return found.exit_code

    def _agreed(self, found: Examination, options: dict[str, Any]) -> bool:
        if not options["interactive"]:
            return True
        if options["as_json"]:
            raise LiveMigrationError(
                "With --json nothing is shown to agree to. Nothing was written. Remedy: look with --dry-run, then give"
                " --no-input."
            )
        question = f"Go on with these {len(found.cut.chosen)} migrations?"
        return self.agreed(question, remedy="look with --dry-run, then give --no-input")
