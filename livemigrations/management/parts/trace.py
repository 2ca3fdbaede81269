"""``migrations trace``: what migrate really locks, tried on a copy of the schema."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.management.arguments import rows
from livemigrations.management.choosing import add_choice, choice
from livemigrations.management.subcommands import Subcommand
from livemigrations.review.trace import Choice, trace
from livemigrations.review.traced import DANGER, Finding, TracedStatement, TraceReport
from livemigrations.review.words import plural, size


class Command(Subcommand):
    """Runs the pending migrations on a scratch copy and reports what they did."""

    help = "Runs what is pending on a scratch copy of the schema: locks really taken, rewrites, scans, lock orders."
    description = """
        Runs the pending migrations on a scratch copy of the schema and asks the server after each statement what it
        did: the locks really taken (pg_locks), tables and indexes written anew, tables read in full, rows written,
        and what of it happened while a lock stopped somebody; lock orders that can deadlock; strong locks asked for
        without a timeout. A table counts as populated, and as large, as it is in the database itself, so that the
        engine takes the ways that it would take there. The database is only read; the copy goes at the end, also when
        the command is killed.

          manage.py migrations trace
          manage.py migrations trace shop 0007 -v 2           (every statement)
          manage.py migrations trace --plain                  (what Django's own migrate would do)
          manage.py migrations trace --sample 1000            (with up to 1,000 rows of each table)
          manage.py migrations trace --json | jq '.findings'

        The Python of migrations runs as well and reaches the copy and nothing else: mails, caches, tasks and hooks on
        commit lead nowhere; other databases, the network and programs are refused (--allow-network allows the last
        two). Files that it writes are written. The role needs CREATEDB, or LIVEMIGRATIONS_SCRATCH_ALIAS names an alias
        whose role has it; pg_dump has to be at hand.
    """
    exit_codes: ClassVar = {
        0: "nothing is pending, or nothing dangerous was seen",
        1: "something would stop traffic, be refused or fail; or the trace could not be made",
        2: "wrong usage",
    }
    rehearses: ClassVar = True
    keeps_session: ClassVar = True
    interrupted = "Nothing was changed, and the copy is gone."

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        add_choice(parser)
        parser.add_argument("--sample", type=rows, default=0, metavar="N", help="Copy up to N rows of each table (0).")
        parser.add_argument("--plain", action="store_true", help="Run Django's own executor, for comparison.")

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        report = trace(connection, Choice(**choice(options)), sample=options["sample"], plain=options["plain"])
        if options["as_json"]:
            self.json(report.to_json())
            return report.exit_code
        for line in lines(report, verbosity=options["verbosity"]):
            self.line(line)
        return report.exit_code


# --- lines ---------------------------------------------------------------------------------------------------------


def lines(report: TraceReport, *, verbosity: int) -> Iterator[str]:
    """The report for people. Statements that met nothing older than the run are counted, or shown with -v 2."""
    engine = "the live engine" if report.engine == "live" else "Django's own executor"
    sample = f"up to {plural(report.sample, 'row')} a table" if report.sample else "no rows"
    if not report.migrations and not report.stopped:
        yield f"Database {report.database}: nothing is pending."
        return
    yield (
        f"Database {report.database}: {plural(len(report.migrations), 'migration')} run on a copy with {sample} by"
        f" {engine}, {plural(len(report.statements), 'statement')}."
    )
    for name, table in sorted(report.tables.items()):
        yield f"  {name}: {f'populated, about {plural(table.rows, "row")}, {size(table.size)}' if table.populated else 'empty'}"
    for migration, group in groupby(report.statements, key=lambda statement: statement.migration):
        yield from _migration(migration, list(group), verbosity)
    yield ""
    yield from _findings(report, verbosity)


def _migration(migration: str, statements: list[TracedStatement], verbosity: int) -> Iterator[str]:
    shown = [statement for statement in statements if statement.touches or verbosity > 1]
    if not shown:
        return
    yield ""
    yield migration
    for (operation, step, lane), group in groupby(shown, key=lambda one: (one.operation, one.step, one.lane)):
        if step:
            yield f"  {operation}. {lane:<8}{step}"
        for statement in group:
            yield from _statement(statement, verbosity)
    if left := len(statements) - len(shown):
        yield f"     ({plural(left, 'statement')} on new tables or on none)"


def _statement(statement: TracedStatement, verbosity: int) -> Iterator[str]:
    text = " ".join(statement.sql.split())
    short = text if len(text) <= 100 or verbosity > 1 else f"{text[:99]}…"
    times = f" ({statement.times:,} times)" if statement.times > 1 else ""
    yield f"     {short}{times}  [{statement.duration_ms:,.1f} ms]"
    if statement.locks:
        timeout = f" (lock_timeout {statement.lock_timeout_ms:,.0f} ms)" if statement.lock_timeout_ms else ""
        yield f"         takes {', '.join(f'{mode} on {table}' for table, mode in statement.locks.items())}{timeout}"
    for word, tables in (("writes anew", statement.rewritten), ("makes", statement.made if verbosity > 1 else [])):
        if tables:
            yield f"         {word} {', '.join(tables)}"
    if statement.built:
        yield f"         builds {', '.join(f'{index} on {table}' for index, table in statement.built.items())}"
    if statement.scanned:
        yield f"         reads in full {', '.join(statement.scanned)}"
    if statement.written:
        yield f"         writes {', '.join(f'{plural(n, "row")} of {table}' for table, n in statement.written.items())}"


def _findings(report: TraceReport, verbosity: int) -> Iterator[str]:
    for line in report.untraced:
        yield f"Not traced: {line}"
    notes = [finding for finding in report.findings if finding.severity != DANGER]
    for finding in report.findings if verbosity > 1 else report.dangers:
        yield from _finding(finding)
    if notes and verbosity < 2:
        yield f"{plural(len(notes), 'note')}: -v 2 shows {'them' if len(notes) > 1 else 'it'}."
    if report.stopped:
        yield "STOPPED: the migrations did not come to their end on the copy:"
        yield from (f"  {line}" for line in report.stopped.splitlines())
    if report.exit_code == 0:
        yield "Nothing dangerous was seen."
    elif report.dangers:
        yield f"{plural(len(report.dangers), 'finding')}: {', '.join(f'{n} {k}' for k, n in report.kinds.items())}."


def _finding(finding: Finding) -> Iterator[str]:
    word = "DANGER" if finding.severity == DANGER else "note"
    first, *rest = finding.text.splitlines()
    yield f"{word} ({finding.kind}) {finding.migration}: {first}"
    yield from (f"  {line}" for line in rest)
    if finding.sql and not rest:
        text = " ".join(finding.sql.split())
        yield f"  {text if len(text) <= 160 else text[:159] + '…'}"
