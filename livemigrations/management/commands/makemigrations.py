"""``manage.py makemigrations``: migrations that are safe as they are written."""

from __future__ import annotations

import sys
from pathlib import Path

from django.core.management.base import CommandParser
from django.core.management.commands.makemigrations import Command as DjangoCommand

from livemigrations.management.examples import show_examples
from livemigrations.management.making import LiveMakeMigrationsMixin
from livemigrations.management.output import replace_what_cannot_be_shown

INTERRUPTED = 130
EXAMPLES = """
    manage.py makemigrations --sprint 7
    manage.py makemigrations bookings --name loyalty --dry-run -v 3
    manage.py makemigrations --check               (exit code 1 if a model has a change without migration)
    manage.py makemigrations --plain
"""


class Command(LiveMakeMigrationsMixin, DjangoCommand):
    """Django's makemigrations with its own options unchanged; what it writes is split by kind of work and staged."""

    help = (
        "Writes migrations for what changed in the models: one kind of work a file (columns, indexes, foreign keys,"
        " constraints, rows, NOT NULL, drops), what the previous release would break on in files of the stage contract,"
        " with the sprint and a docstring to complete. --plain writes what Django writes. Exit codes: 0 written, or"
        " nothing to write; 1 changes found by --check, or stopped with a message; 2 wrong usage; 130 interrupted by"
        " Ctrl-C, with nothing written."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        show_examples(parser, EXAMPLES)

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as a command of its own: Ctrl-C takes back the files that were written so far."""
        self.written_files: list[str] = []
        replace_what_cannot_be_shown()
        try:
            super().run_from_argv(argv)
        except KeyboardInterrupt:
            for name in self.written_files:
                Path(name).unlink(missing_ok=True)
            self.stderr.write("Interrupted. No migration was written.")
            sys.exit(INTERRUPTED)
