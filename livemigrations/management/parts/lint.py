"""``migrations lint``: what is wrong with the migrations, before they run."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.management.arguments import word
from livemigrations.management.subcommands import Subcommand
from livemigrations.review.lint import RULES, Engine, Request, choice, lint
from livemigrations.review.lint.catalogue import catalogue
from livemigrations.review.lint.formats import FORMATS
from livemigrations.review.lint.formats.text import explained


def _rules(text: str) -> list[str]:
    names = [name.strip().upper() for name in text.split(",") if name.strip()]
    if wrong := [name for name in names if name not in RULES]:
        raise ArgumentTypeError(f"there is no rule {', '.join(wrong)}; --rules lists them")
    return names


class Command(Subcommand):
    """Lints migrations from their files and the states between them."""

    help = "Finds what would lock, lose rows or break the release before, from the files alone."
    description = """
        Reads the project's migrations in their order and reports what would hold a lock for long, lose rows, break the
        release that still runs, or cannot be taken back. Needs no database, and with --pending only reads it.

          manage.py migrations lint                       all migrations of the project's own apps
          manage.py migrations lint bookings 0007         one migration
          manage.py migrations lint --pending             what the database does not have yet, as one run
          manage.py migrations lint --since origin/main   what this branch adds or edits, as one run
          manage.py migrations lint --engine django       as Django's own migrate would run them
          manage.py migrations lint --explain LM201       one rule: why, bad, good

        A finding is allowed by a comment on the operation or right above it, with its reason:

          # lint: allow LM201 because the column was never released
    """
    needs_database = False
    exit_codes: ClassVar = {
        0: "nothing found, or only notes",
        1: "findings; or the migrations cannot be read, and the message says why",
        2: "wrong usage",
    }

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        parser.add_argument("app_label", nargs="?", default="", help="Only this app, of the project or not.")
        parser.add_argument("migration_name", nargs="?", default="", help="Only this migration, or its number.")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--all", action="store_true", help="Every migration of the project's own apps (default).")
        which.add_argument("--pending", action="store_true", help="Those that the database does not have.")
        which.add_argument("--since", type=word, metavar="COMMIT", help="Those added or edited since a commit.")
        parser.add_argument("--third-party", action="store_true", help="Installed packages too.")
        parser.add_argument(
            "--engine",
            choices=[engine.value for engine in Engine],
            default=Engine.LIVE.value,
            help="Who will run them: livemigrations (default) or Django's own migrate.",
        )
        parser.add_argument("--format", choices=list(FORMATS), default="", help="text (default), json, sarif, github.")
        parser.add_argument("--enable", type=_rules, action="extend", default=[], metavar="LM…", help="Run these too.")
        parser.add_argument("--disable", type=_rules, action="extend", default=[], metavar="LM…", help="Leave out.")
        parser.add_argument("--explain", type=_rules, default=[], metavar="LM…", help="Explain rules and lint nothing.")
        parser.add_argument("--rules", action="store_true", help="List every rule as Markdown and lint nothing.")

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        if options["as_json"] and options["format"] not in ("", "json"):
            raise CommandError(f"--json and --format {options['format']} contradict each other.", returncode=2)
        if options["rules"] or options["explain"]:
            return self._explain(options)
        request = Request(
            options["app_label"],
            options["migration_name"],
            options["pending"],
            options["since"],
            options["third_party"],
        )
        chosen = choice(Engine(options["engine"]), options["enable"], options["disable"])
        report = lint(connection, request, chosen)
        form = "json" if options["as_json"] else options["format"] or "text"
        for line in FORMATS[form](report):
            self.line(line)
        return report.exit_code

    def _explain(self, options: dict[str, Any]) -> int:
        if options["as_json"] or options["format"] not in ("", "text"):
            asked = "--rules" if options["rules"] else "--explain"
            raise CommandError(f"{asked} writes text only: leave --json and --format away.", returncode=2)
        lines = (
            catalogue() if options["rules"] else (line for id_ in options["explain"] for line in explained(RULES[id_]))
        )
        for line in lines:
            self.line(line)
        return 0
