"""``migrations plan``: what migrate would do, before it does it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.management.choosing import add_choice, choice
from livemigrations.management.subcommands import Subcommand
from livemigrations.review.plan import plan
from livemigrations.review.planned import (
    PlannedCheck,
    PlannedMigration,
    PlannedOperation,
    PlannedStep,
    PlanReport,
    TableFacts,
)
from livemigrations.review.words import duration, plural, size


class Command(Subcommand):
    """Shows every pending operation: its steps, locks, tables, checks and time."""

    help = "Every pending operation: lane, locks, tables and their size, an estimate, and what would be refused."
    description = """
        What migrate would do now, operation by operation: each step with its lane, the locks that it asks for, the
        tables with their rows and size, how long it may take (a range, and what it was made from), the questions that
        are asked about rows first, who would be waited for at this moment, and what would be refused, with the code
        to write instead. Nothing is written: everything is read in read-only transactions. Where a migration would
        adopt a table that stands there, definitions are compared in a scratch database.

          manage.py migrations plan
          manage.py migrations plan shop 0007
          manage.py migrations plan --sprint 2 --check-rows
          manage.py migrations plan --stage expand -v 2        (with the SQL)
          manage.py migrations plan --json | jq '.migrations[].operations[].refusal'

        --check-rows asks the questions about rows now (orphans before a foreign key, NULLs before NOT NULL,
        duplicates before a unique constraint); this reads whole tables and stops nobody.
    """
    exit_codes: ClassVar = {
        0: "nothing is pending, or all of it would run",
        1: "something would be refused, or rows are in the way; or the plan could not be made",
        2: "wrong usage",
    }

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        add_choice(parser)
        parser.add_argument("--check-rows", action="store_true", help="Ask the questions about rows now.")

    def run(self, connection: BaseDatabaseWrapper, options: dict[str, Any]) -> int:
        report = plan(connection, check_rows=options["check_rows"], **choice(options))
        if options["as_json"]:
            self.json(report.to_json())
            return report.exit_code
        for line in lines(report, verbosity=options["verbosity"]):
            self.line(line)
        return report.exit_code


# --- lines ---------------------------------------------------------------------------------------------------------


def lines(report: PlanReport, *, verbosity: int) -> Iterator[str]:
    """The report for people."""
    if not report.migrations:
        yield f"Database {report.database}: nothing is pending."
        return
    operations = sum(len(migration.operations) for migration in report.migrations)
    steps = sum(1 for _ in report.steps())
    parts = [
        plural(len(report.migrations), "migration"),
        plural(operations, "operation"),
        f"{plural(steps, 'step')}; {duration(report.estimate)} in all ({report.estimate.basis})",
    ]
    yield f"Database {report.database}: {', '.join(parts)}."
    yield from _tables(report)
    for migration in report.migrations:
        yield from _migration(migration, verbosity)
    yield ""
    yield from _verdict(report)


def _verdict(report: PlanReport) -> Iterator[str]:
    for name in report.refusals:
        yield f"Would stop at {name}."
    if report.blocked:
        yield f"Rows are in the way of {plural(len(report.blocked), 'step')}."
    unknown = [o for m in report.migrations for o in m.operations if o.unknown]
    if unknown:
        yield f"{plural(len(unknown), 'operation')} could not be looked at in full: see above."
    if report.untried:
        yield f"The steps were not tried on a copy of the schema: {report.untried}"
    if not report.exit_code:
        yield "Nothing would be refused."


def _migration(migration: PlannedMigration, verbosity: int) -> Iterator[str]:
    yield ""
    sprint_ = "" if migration.sprint is None else f"sprint {migration.sprint}, "
    state = "taken back" if migration.backwards else "half done, goes on" if migration.half_applied else migration.stage
    yield f"{migration.revision}  ({sprint_}{state})  {migration.description}"
    if migration.refusal:
        yield from _indented("REFUSED: " + migration.refusal, 2)
    for operation in migration.operations:
        yield from _operation(operation, verbosity)


def _operation(operation: PlannedOperation, verbosity: int) -> Iterator[str]:
    short = _in_short(operation) if verbosity < 2 else ""
    yield f"  {operation.number}. {operation.description}{short}"
    if short:
        return
    if operation.refusal:
        yield from _indented("REFUSED: " + operation.refusal, 5)
        if operation.steps:
            yield "     With --allow-long-locks it would be:"
    if operation.unknown:
        yield from _indented("NOT KNOWN: " + operation.unknown, 5)
    for step in operation.steps:
        yield from _step(step, verbosity)


def _in_short(operation: PlannedOperation) -> str:
    """The rest of the line for an operation that meets nothing older than the plan; empty for any other."""
    if (
        operation.refusal
        or operation.unknown
        or any(step.checks or step.waits or step.replication or step.obstacle for step in operation.steps)
    ):
        return ""
    if all(not step.sql and step.lane != "batch" for step in operation.steps):
        return ": " + (", ".join(step.description for step in operation.steps).partition(": ")[0] or "nothing to do")
    known = all(table.state == "new" for step in operation.steps for table in step.tables)
    if not known or any(step.locks or step.estimate.low_ms is None for step in operation.steps):
        return ""
    return ": new tables only" if any(step.tables for step in operation.steps) else ": only the catalog"


def _step(step: PlannedStep, verbosity: int) -> Iterator[str]:
    yield f"     {step.lane:<8}{step.description}  [{duration(step.estimate)}: {step.estimate.basis}]"
    states = {table.name: table.state for table in step.tables}
    touched = [f"{mode} on {table} ({states.pop(table, 'unknown')})" for table, mode in step.locks.items()]
    touched += [f"{table} ({state})" for table, state in states.items()]
    if touched:
        yield f"             {', '.join(touched)}"
    for text in step.replication:
        yield from _indented(text, 13)
    if step.obstacle:
        yield from _indented(f"IN THE WAY: {step.obstacle}", 13)
    for check in step.checks:
        yield from _check(check)
    for session in step.waits:
        yield f"             would wait right now for {session}"
    if verbosity > 1:
        for sql in step.sql:
            yield from _indented(f"{sql};", 13)


def _tables(report: PlanReport) -> Iterator[str]:
    """Each table that is there already, once."""
    tables = {table.name: table for step in report.steps() for table in step.tables if table.state != "new"}
    width = max(map(len, tables), default=0)
    for name, table in sorted(tables.items()):
        yield f"  {name:<{width}}  {_facts(table)}"


def _facts(table: TableFacts) -> str:
    if table.state != "populated":
        return table.state
    rows = "rows never counted" if table.rows is None else f"about {plural(table.rows, 'row')}"
    return f"populated: {rows}, {size(table.size)} + {size(table.index_size)} of indexes"


def _check(check: PlannedCheck) -> Iterator[str]:
    problem = check.problem.replace("{count} ", "")
    if check.rows is None:
        yield f"             asks first: {problem}? ({check.note})"
    elif not check.rows:
        yield f"             asked: {problem}: none"
    else:
        yield f"             IN THE WAY: {check.problem.replace('{count}', f'{check.rows:,}')}. The first of them:"
        for row in check.sample:
            yield f"               {row}"
        yield from _indented(f"Remedy: {check.remedy}.", 13)


def _indented(text: str, by: int) -> Iterator[str]:
    for line in text.splitlines():
        yield f"{' ' * by}{line}".rstrip()
