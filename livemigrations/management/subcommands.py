"""Commands that have subcommands: what all of those have in common."""

from __future__ import annotations

import json
import sys
import traceback
from argparse import SUPPRESS, RawDescriptionHelpFormatter
from contextlib import ExitStack
from importlib import import_module
from textwrap import dedent
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter, OutputWrapper
from django.core.management.color import Style
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.exceptions import BadMigrationError, CircularDependencyError, NodeNotFoundError

from livemigrations import conf
from livemigrations.engine.failures import in_words, uninterrupted
from livemigrations.engine.pooler import direct
from livemigrations.errors import LiveMigrationError
from livemigrations.management.output import leave_without_reader, replace_what_cannot_be_shown

INTERRUPTED = 130
_UNUSABLE = (ImproperlyConfigured, BadMigrationError, CircularDependencyError, NodeNotFoundError)
_NETWORK = "Let the Python of migrations reach the network and start programs, also while it runs on a copy only."


class HelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the lines of descriptions and examples as they were written."""


class Subcommand:
    """One subcommand: its help, its arguments, and ``run``, which returns the exit code.

    ``description`` teaches, with an example; ``exit_codes`` says what each number means. Both are shown by --help.
    ``interrupted`` says what Ctrl-C leaves; a run may change it on its way. ``needs_database`` is false for one that
    does its work also where the database cannot be reached. ``failed`` is the exit code of an error, where 1 already
    says something else. ``rehearses`` is true for one that runs the Python of migrations on a copy, ``keeps_session``
    for one that changes settings of its session: behind a pooler in transaction mode those would stay with the server
    process and reach other clients, so it is refused there.
    """

    help: ClassVar[str]
    description: ClassVar[str]
    exit_codes: ClassVar[dict[int, str]]
    interrupted: str = "Nothing was changed."
    needs_database: ClassVar[bool] = True
    failed: ClassVar[int] = 1
    rehearses: ClassVar[bool] = False
    keeps_session: ClassVar[bool] = False

    def __init__(self, stdout: OutputWrapper, stderr: OutputWrapper, style: Style) -> None:
        self.stdout, self.stderr, self.style = stdout, stderr, style

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Add what this subcommand takes beyond --database, --json and --verbosity."""

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        """Do it and return the exit code; ``options["as_json"]`` asks for JSON on standard output and nothing else."""
        raise NotImplementedError

    def line(self, text: str = "") -> None:
        self.stdout.write(text)

    def json(self, data: Any) -> None:
        self.stdout.write(json.dumps(data, cls=DjangoJSONEncoder, indent=2))

    @property
    def at_terminal(self) -> bool:
        """Whether there is somebody who can answer."""
        return sys.stdin is not None and sys.stdin.isatty()

    def ask(self, question: str) -> str:
        """The answer to a question, which is asked on standard error; empty for Ctrl-D."""
        self.stderr.write(question, ending="")
        self.stderr.flush()
        try:
            return input().strip()
        except EOFError:
            return ""

    def agreed(self, question: str, *, remedy: str) -> bool:
        """Whether the answer to a question is yes.

        Raises ``LiveMigrationError`` with the ``remedy`` where there is nobody to answer.
        """
        if not self.at_terminal:
            raise LiveMigrationError(f"There is nobody to ask. Nothing was changed. Remedy: {remedy}.")
        return self.ask(f"{question} [y/N] ").lower() in ("y", "yes")


class CommandOfSubcommands(BaseCommand):
    """A command whose subcommands, ``parts``, are the class ``Command`` in the modules of ``package`` of that name."""

    package: ClassVar[str]
    parts: ClassVar[tuple[str, ...]]
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as a command of its own, on whatever terminal."""
        replace_what_cannot_be_shown()
        super().run_from_argv(argv)

    def add_arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True, metavar="|".join(self.parts))
        for name in self.parts:
            kind = import_module(f"{self.package}.{name}").Command
            part = parts.add_parser(
                name, help=kind.help, description=dedent(kind.description).strip(), epilog=_epilog(kind)
            )
            part.formatter_class = HelpFormatter
            part.add_argument("--database", default=DEFAULT_DB_ALIAS, help="Alias of the database.")
            part.add_argument("--json", action="store_true", dest="as_json", help="Write JSON.")
            part.add_argument(
                "-v",
                "--verbosity",
                type=int,
                choices=[0, 1, 2, 3],
                default=SUPPRESS,  # what stands before the subcommand counts, unless it is said again
                help="0 says only what is wrong, 2 shows more.",
            )
            if kind.rehearses:
                part.add_argument("--allow-network", action="store_true", help=_NETWORK)
            part.set_defaults(kind=kind)
            kind.add_arguments(part)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["database"] not in connections:
            known = ", ".join(connections)
            raise CommandError(f"There is no database {options['database']!r}. Known: {known}.", returncode=2)
        connection = connections[options["database"]]
        if connection.vendor != "postgresql":
            raise CommandError(
                f"livemigrations works on PostgreSQL, and {options['database']} is {connection.vendor}.", returncode=2
            )
        part: Subcommand = options["kind"](self.stdout, self.stderr, self.style)
        if code := self._code_of(part, connection, options):
            sys.exit(code)

    def _code_of(self, part: Subcommand, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        """Run a subcommand; return its exit code. An error is no answer where 1 already says something else."""
        try:
            conf.check()
            with uninterrupted(), in_words(), ExitStack() as stack:
                if part.rehearses:
                    from livemigrations.engine.confinement import network_allowed

                    stack.enter_context(network_allowed(options["allow_network"]))
                try:
                    connection = stack.enter_context(direct(connection, must=part.keeps_session))
                except OperationalError:
                    if part.needs_database:
                        raise
                return part.run(connection, options)
        except _UNUSABLE as error:
            raise CommandError(f"{type(error).__name__}: {error}", returncode=part.failed) from error
        except CommandError as error:
            error.returncode = part.failed if error.returncode == 1 else error.returncode
            raise
        except KeyboardInterrupt:
            self.stderr.write(f"Interrupted. {part.interrupted}")
            return INTERRUPTED
        except BrokenPipeError:
            return leave_without_reader()
        except Exception:
            if part.failed == 1:
                raise
            traceback.print_exc()
            return part.failed


def _epilog(kind: type[Subcommand]) -> str:
    codes = {**kind.exit_codes, INTERRUPTED: "interrupted by Ctrl-C"}
    return "\n".join(["exit codes:", *(f"  {code:<4} {text}" for code, text in sorted(codes.items()))])
