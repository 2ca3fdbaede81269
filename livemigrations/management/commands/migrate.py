"""``manage.py migrate`` on the live database."""

from __future__ import annotations

import sys

from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as DjangoCommand

from livemigrations.management.examples import show_examples
from livemigrations.management.mixins import LiveMigrateMixin
from livemigrations.management.output import leave_without_reader, replace_what_cannot_be_shown

EXAMPLES = """
    manage.py migrate --stage expand --backup      (before the new release is brought out)
    manage.py migrate --stage contract             (when the old one is gone)
    manage.py migrate --sprint 2 --no-input
    manage.py migrate --back 1                     (the last one, with its rows)
    manage.py migrate --sql > tonight.sql
    manage.py migrate --json | jq .longest_stall_ms
"""


class Command(LiveMigrateMixin, DjangoCommand):
    """Django's migrate with its own options unchanged, run by the live engine."""

    help = (
        "Brings the database to the newest migration, safe under traffic: one operation, one transaction, one journal"
        " row. Killed at any moment, it goes on where it stopped when it is run again. Exit codes: 0 done, 1 stopped"
        " (the message says why; what was done is kept), 2 wrong usage, 130 interrupted by Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        show_examples(parser, EXAMPLES)

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as a command of its own: a reader of the output that goes away needs no traceback."""
        if "--sql" not in argv:  # a script with other characters than its own would be another script
            replace_what_cannot_be_shown()
        try:
            super().run_from_argv(argv)
        except BrokenPipeError:
            code = leave_without_reader()
            self.stderr.write(f"The reader of the output has gone. {self.left}".rstrip())
            sys.exit(code)
