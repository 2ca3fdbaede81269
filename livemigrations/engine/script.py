"""``migrate --sql``: everything pending as one script for psql, with the books included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from django.core.management.base import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.operations import RunPython
from django.db.migrations.recorder import MigrationRecorder

from livemigrations.bookkeeping import bookkeeping_sql, has_bookkeeping
from livemigrations.catalog.kept import SCHEMA
from livemigrations.catalog.relations import fetch
from livemigrations.engine.assembly import Planned
from livemigrations.engine.context import carry
from livemigrations.engine.dry import dry_session, plan_of, walk
from livemigrations.engine.editor import collecting
from livemigrations.engine.encodings import storable
from livemigrations.engine.journal import BACK, close_sql
from livemigrations.engine.lanes.transfer import copy_script
from livemigrations.engine.passage import Passage
from livemigrations.engine.selection import Selection
from livemigrations.engine.session import Session
from livemigrations.engine.steps import RowCheck, Step
from livemigrations.engine.unfinished import refuse_unfinished
from livemigrations.engine.units import Part, Unit, merged
from livemigrations.errors import NotScriptable
from livemigrations.statements.names import Name, code, literal

_RUN = "currval(pg_get_serial_sequence('livemigrations_run', 'id'))"
_LOCK_TIMEOUT = "5s"

_HEADER = f"""\
-- Written by manage.py migrate --sql. Run it with: psql -v ON_ERROR_STOP=1 -f FILE
-- Every transaction asks for its locks with a timeout of {_LOCK_TIMEOUT}. If one fails, the script stops there and what was
-- done stays done: manage.py migrate goes on from that point, or write a new script.
\\set ON_ERROR_STOP on
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET timezone = 'UTC';
SET client_min_messages = warning;
"""

_KEEPS = f"""\
-- The rows that this script drops are kept in the schema {SCHEMA}. Only manage.py migrate puts them back, on the way to
-- where they were: a script cannot.
"""

# Functions of Django's and django-axes' migrations that only read and change rows of one table: if the same script
# creates the table, it is empty, and they have nothing to do.
_LOOKS_AT = {"update_proxy_model_permissions": "auth_permission", "deduplicate_attempts": "axes_accessattempt"}


class _Writer(Passage):
    """A passage that writes down what it would do."""

    def __init__(self, session: Session, migration: Migration) -> None:
        super().__init__(session, migration, lambda forward: None)
        self.lines: list[str] = [f"-- {migration.app_label}.{migration.name}"]

    def _flush(self) -> None:
        queue, self.queue = self.queue, []
        self._refuse_python(queue)
        units = self._assembled(queue)
        self._held = carry(units, self._held)
        for one in queue:
            sql = self.journal.insert_sql(one.identity, one.direction, one.steps, "planned", run=_RUN)
            self.lines.append(sql + ";")
        for unit in units:
            self._unit(unit)

    def _unit(self, unit: Unit) -> None:
        parts = [replace(part, step=self._without_transfer(part)) for part in unit.parts]
        lenient = len(parts) > 1
        self.lines += [self._assertion(check, lenient=lenient) for part in parts for check in part.step.checks]
        done = "\n".join(_done_sql(part) for part in parts)
        step = merged(parts, {})
        if unit.parts[0].step.transactional:
            timeout = f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}';" if step.locks and step.lane != "online" else ""
            statements = [f"{sql};" for sql in step.sql]
            # The journal first, and the timeout once more: what comes may change role, search path and timeout.
            first, rest = statements[: step.unlocked], statements[step.unlocked :]
            lines = ["BEGIN;", timeout, done, *first, timeout if first else "", *rest, "COMMIT;"]
            self.lines.append("\n".join(line for line in lines if line))
        else:
            started = f"UPDATE livemigrations_step SET state = 'started' {_where(parts[0])};"
            self.lines += [started, *(f"{sql};" for sql in step.sql), done]

    def _assertion(self, check: RowCheck, *, lenient: bool) -> str:
        text = storable(self.session.connection, f"{check.problem}. Remedy: {check.remedy}")
        body = (
            f" DECLARE livemigrations_count bigint; BEGIN livemigrations_count := ({check.count});\n"
            "IF livemigrations_count > 0 THEN RAISE EXCEPTION USING MESSAGE ="
            f" replace({literal(text[:2000])}, '{{count}}', livemigrations_count::text); END IF;{_NOT_THERE * lenient} END "
        )
        question = f"DO {code(body)};"
        return f"BEGIN;\n{check.helper};\n{question}\nROLLBACK;" if check.helper else question

    def _without_transfer(self, part: Part) -> Step:
        """The step with a transfer as plain statements; what is put back depends on what the script has made by then."""
        step, transfer = part.step, part.step.transfer
        if transfer is None:
            return step
        line = self.session.around.keeper.planned.get(transfer.kept_as)
        if transfer.back or line is None:
            raise NotScriptable(
                f"{part.operation.app}.{part.operation.migration} puts back what is kept as {transfer.kept_as}, which a"
                " script cannot. Nothing was written. Remedy: run manage.py migrate on the database, or write the script"
                " with --discard-data to leave these rows where they are."
            )
        return replace(step, transfer=None, sql=tuple(copy_script(self.session.connection, line)))

    def _refuse_python(self, queue: Iterable[Planned]) -> None:
        """Raise ``NotScriptable`` unless the code would find nothing to do."""
        for one in queue:
            if one.is_python and not self._finds_nothing(one):
                app, name = one.identity.app, one.identity.migration
                label, remedy = f"{app}.{name}", f"run manage.py migrate {app} {name}"
                if one.direction == BACK:
                    remedy = f"take {label} back with manage.py migrate --back N or migrate {app} NAME"
                raise NotScriptable(
                    f"{label}, operation {one.identity.index + 1} ({one.operation.describe()}) is Python and cannot be"
                    f" written as SQL. Nothing was written. Remedy: {remedy} on the database, then migrate --sql for the"
                    " rest."
                )

    def _finds_nothing(self, one: Planned) -> bool:
        if not isinstance(one.operation, RunPython):
            return False
        code = one.operation.reverse_code if one.direction == BACK else one.operation.code
        table = _LOOKS_AT.get(getattr(code, "__name__", ""))
        return bool(table and self.session.around.is_new(Name("", table)))

    def _finish(self, *, forward: bool) -> None:
        app, name = literal(self.migration.app_label), literal(self.migration.name)
        recorded = (
            f"INSERT INTO django_migrations (app, name, applied) SELECT {app}, {name}, now()\n"
            f"WHERE NOT EXISTS (SELECT 1 FROM django_migrations WHERE app = {app} AND name = {name});"
            if forward
            else f"DELETE FROM django_migrations WHERE app = {app} AND name = {name};"
        )
        closed = close_sql(self.migration.app_label, self.migration.name)
        self.lines.append(f"BEGIN;\n{closed};\n{recorded}\nCOMMIT;")


def _where(part: Part) -> str:
    return (
        f"WHERE open AND app = {literal(part.operation.app)} AND migration = {literal(part.operation.migration)}"
        f" AND operation = {part.operation.index} AND step = {part.number} AND direction = {literal(part.direction)}"
    )


def _done_sql(part: Part) -> str:
    outcome = "adopted" if part.step.adopted else "done"
    return (
        f"UPDATE livemigrations_step SET state = 'done', outcome = '{outcome}',"
        f" finished_at = clock_timestamp() {_where(part)};"
    )


# A question about what an earlier statement of the same transaction makes finds nothing in the way.
_NOT_THERE = "\nEXCEPTION WHEN undefined_table OR undefined_column OR undefined_object OR undefined_function THEN NULL;"


def _search_path(connection: BaseDatabaseWrapper) -> list[str]:
    """The statement that takes the script to the schemas of the connection; psql's session may have others."""
    path = fetch(connection, "SELECT current_setting('search_path')")[0][0]
    return [] if path == '"$user", public' else [f"SET search_path = {path};"]


def script(
    connection: BaseDatabaseWrapper,
    selection: Selection,
    app_label: str | None,
    migration_name: str | None,
    *,
    discard: bool = False,
) -> Iterator[str]:
    """Yield the script in parts. Raises before anything is yielded if some of it cannot be written."""
    session = dry_session(connection)
    if has_bookkeeping(connection) and (half := session.journal.half_done()):
        names = ", ".join(".".join(key) for key in half)
        raise CommandError(f"Half done: {names}. A script cannot go on from there. Remedy: run migrate first.")
    executor, plan = plan_of(session, selection, app_label, migration_name)
    if selection.stage == "contract":
        refuse_unfinished(connection, executor.loader, plan)
    parts = [_HEADER, *_search_path(connection), *(f"-- {line}" for line in executor.waiting), _books(connection)]
    parts += ["\n".join(writer.lines) for writer in walk(executor, plan, lambda m: _Writer(session, m))]
    if session.around.keeper.planned:
        parts.insert(1, _KEEPS)
    ended = f"UPDATE livemigrations_run SET outcome = 'finished', finished_at = clock_timestamp() WHERE id = {_RUN};"
    yield from [*parts, ended] if plan else ["-- No migrations to apply."]


def _books(connection: BaseDatabaseWrapper) -> str:
    with collecting(connection) as editor:
        editor.create_model(MigrationRecorder.Migration)
    recorder = "\n".join(editor.collected_sql).replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1)
    run = "INSERT INTO livemigrations_run (command, holder) VALUES ('migrate --sql', 'psql, as ' || current_user);"
    return f"BEGIN;\n{recorder}\n{bookkeeping_sql()}{run}\nCOMMIT;"
