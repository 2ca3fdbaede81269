"""``migrations compatible``: whether the previous release still works after the expand stage."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Iterator
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.inspection.compatibility import Compatibility, Finding, compatibility
from livemigrations.management.arguments import rows
from livemigrations.management.subcommands import Subcommand
from livemigrations.review.words import plural

_MOST = 6


def _revision(text: str) -> str:
    app, dot, name = text.partition(".")
    if not (app and dot and name):
        raise ArgumentTypeError(f"give app.migration, such as shop.0004_total, not {text!r}")
    return text


class Command(Subcommand):
    """Tries the previous release on a copy of the schema."""

    help = "Whether the previous release still works on the expanded schema, tried on a scratch copy."
    description = """
        Runs the pending expand migrations on a scratch copy of the schema, and lets the previous release work on it:
        its models, as the applied migrations have them, are read, inserted, updated and deleted, column by column.
        What worked before and fails now is named with its statement and with the step that broke it. The database
        itself is only read; the copy is dropped at the end, also when this process is killed.

          manage.py migrations compatible
          manage.py migrations compatible --all
          manage.py migrations compatible --from shop.0004_total --json
    """
    exit_codes: ClassVar = {0: "the previous release works", 1: "it breaks, or could not be tried", 2: "wrong usage"}
    rehearses: ClassVar = True
    keeps_session: ClassVar = True
    interrupted = "The copy is dropped; nothing was changed."

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        parser.add_argument(
            "--from",
            action="append",
            default=[],
            type=_revision,
            dest="since",
            metavar="APP.MIGRATION",
            help="The last migration of the previous release in an app, where newer ones are applied already; they are"
            " taken back on the copy first. May be given once for each app.",
        )
        parser.add_argument(
            "--all", action="store_true", dest="everything", help="Run the contract migrations as well: without stages."
        )
        parser.add_argument(
            "--sample",
            type=rows,
            default=20,
            metavar="N",
            help="Rows of each table to copy; new rows are made after their example. 20 unless told.",
        )

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        found = compatibility(
            connection, since=options["since"], everything=options["everything"], sample=options["sample"]
        )
        if options["as_json"]:
            self.json(found.to_json())
        else:
            for line in _lines(found, verbosity=options["verbosity"]):
                self.line(line)
        return found.exit_code


def _lines(found: Compatibility, *, verbosity: int) -> Iterator[str]:
    if not found.ran:
        yield "There is nothing to try: no migration would be run, or no release was here before."
    else:
        word = "works" if found.works else "BREAKS"
        after = plural(len(found.ran), "migration")
        yield f"The previous release ({found.release}) {word} after {after}; {found.tried} things tried."
    for findings in _by_cause(found.findings):
        yield from _told(findings, most=None if verbosity > 1 else _MOST)
    if found.untried:
        yield f"Not tried, since it fails before any migration: {len(found.untried)}" + (":" * (verbosity > 1))
    if verbosity > 1:
        yield from (f"  {line}" for line in found.untried)
    yield from (f"Not run, {line}" for line in found.waiting)
    if found.findings:
        yield (
            "Remedy: let the new schema take what the previous release writes (a db_default, a nullable column, the old"
            ' name beside the new one), or state stage = "contract" in the migration and run it when the release is out.'
        )


def _by_cause(findings: list[Finding]) -> list[list[Finding]]:
    """Together what one step broke with one message."""
    found: dict[tuple[str, str, str], list[Finding]] = {}
    for one in findings:
        found.setdefault((one.migration, one.step, one.error.splitlines()[0]), []).append(one)
    return list(found.values())


def _told(findings: list[Finding], *, most: int | None) -> Iterator[str]:
    first = findings[0]
    yield f"Broken by {first.migration}, {first.step}: {first.error.splitlines()[0]}"
    yield from (f"  {one.model}: {one.action} {one.detail}" for one in findings[:most])
    if most and len(findings) > most:
        yield f"  and {len(findings) - most} more (-v 2 shows them)"
    yield f"  in: {' '.join(first.statement.split())[:200]}"
