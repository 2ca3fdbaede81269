"""What a step would destroy is kept first: tables are moved, columns are copied, both into the schema ``rolled_back``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations import conf
from livemigrations.bookkeeping import has_bookkeeping
from livemigrations.catalog import kept
from livemigrations.catalog.keys import row_key
from livemigrations.catalog.relations import Relation, fetch
from livemigrations.engine import keeping_columns, keeping_tables
from livemigrations.engine.steps import Lane, Step, Transfer
from livemigrations.errors import DataWouldBeLost
from livemigrations.statements.names import Name, code, literal

Confirm = Callable[[str], bool]


class Keeper:
    """Decides, for the migration that a run is at, what happens to rows that a statement would take away.

    ``discard`` says that they may go; ``confirm`` asks a person, or is None where nobody can be asked.
    """

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.discard = not conf.keep_dropped()
        self.confirm: Confirm | None = None
        self.app = self.migration = self.direction = ""
        self.made: list[tuple[Name, str]] = []
        self.refilled: set[Name] = set()
        self.afterwards: list[Step] = []
        self.planned: dict[str, kept.Kept] = {}
        self._confirmed: set[str] = set()

    def at(self, app: str, migration: str, direction: str) -> None:
        """The run comes to an operation of this migration."""
        self.app, self.migration, self.direction = app, migration, direction
        self.made.clear()
        self.refilled.clear()
        self.afterwards.clear()

    # --- keeping -----------------------------------------------------------------------------------------------

    def table(self, found: Relation, plain: Step, *, cascade: bool) -> Iterator[Step]:
        """The steps instead of ``plain``, the DROP of a table that has rows."""
        name = Name(found.schema, found.name)
        if self._lets_go(
            f"the table {name.plain}", f"SELECT count(*) FROM {name}", "rows", kept.missing_right(self.connection)
        ):
            yield plain
            return
        kept_as = self._name(found)
        yield from keeping_tables.steps(self.connection, found, plain, self._line(found, kept_as), cascade=cascade)

    def column(
        self,
        found: Relation,
        column: str,
        plain: Step,
        *,
        narrowed_to: str = "",
        became: str = "",
        computed: bool = False,
    ) -> Iterator[Step]:
        """The steps instead of ``plain``, the DROP of a column of a table that has rows, or its change to a type.

        Where new values are other than casts, ``became`` is the column beside it that has them, or ``computed`` says
        that ``plain`` makes them.
        """
        if not keeping_columns.holds_data(self.connection, found.oid, column):
            yield plain
            return
        name = Name(found.schema, found.name)
        key = row_key(self.connection, found.oid, without=column)
        obstacle = kept.missing_right(self.connection) or kept.hidden_rows(self.connection, found.oid)
        if not key:
            obstacle = f"{name.plain} has no key by which its values could find their rows again"
        cast = narrowed_to if not (became or computed) else ""
        count = keeping_columns.losses_sql(self.connection, found, column, cast)
        if self._lets_go(_of_column(f"{name.plain}.{column}", narrowed_to), count, "values", obstacle):
            yield plain
            return
        kept_as = self._name(found, column)
        line = replace(self._line(found, kept_as, column, narrowed_to), became=became)
        self.planned[kept_as] = line
        steps = keeping_columns.steps(self.connection, found, column, key, plain, line)
        yield from keeping_columns.noting_results(steps, line, key) if computed else steps

    # --- what stands empty when it is looked at ----------------------------------------------------------------

    def empty_table(self, found: Relation, plain: Step, *, cascade: bool) -> Step:
        """The step instead of ``plain``, the DROP of a table without rows: some may come until it has its lock."""
        if self.discard or found.kind not in "rp":
            return plain
        line = replace(self._line(found, self._name(found)), state="kept")
        statements = keeping_tables.moving(self.connection, found, plain.sql[:-1], line, cascade=cascade)
        return self._if_rows_came(found, plain, [], statements, kept.missing_right(self.connection))

    def empty_column(self, found: Relation, column: str, plain: Step) -> Step:
        """The step instead of ``plain``, the DROP of a column of a table without rows."""
        if self.discard or found.kind not in "rp" or not keeping_columns.holds_data(self.connection, found.oid, column):
            return plain
        key = row_key(self.connection, found.oid, without=column)
        obstacle = kept.missing_right(self.connection) or ("" if key else f"{found.name} has no key")
        line = self._line(found, self._name(found, column), column)
        first = keeping_columns.at_once(self.connection, found, column, key, line) if not obstacle else []
        return self._if_rows_came(found, plain, first, list(plain.sql), obstacle)

    def _if_rows_came(self, found: Relation, plain: Step, first: list[str], instead: list[str], obstacle: str) -> Step:
        name = Name(found.schema, found.name)
        lost = f"rows came into {name.plain} just now, and cannot be kept: {obstacle}; or migrate with --discard-data"
        came = f"RAISE EXCEPTION USING MESSAGE = {literal(lost)}" if obstacle else executes([*first, *instead])
        choice = (
            f"\nBEGIN\n  IF EXISTS (SELECT 1 FROM {name}) THEN\n    {came};\n  ELSE\n"
            f"    {executes(plain.sql)};\n  END IF;\nEND "
        )
        return replace(plain, sql=(f"DO {code(choice)}",))

    def _name(self, found: Relation, column: str = "") -> str:
        origin = Name(found.schema, found.name)
        return kept.free_name(self.connection, origin, column, f"{self.app}.{self.migration}", self.planned)

    def _line(self, found: Relation, kept_as: str, column: str = "", narrowed_to: str = "") -> kept.Kept:
        line = kept.Kept(
            kept_as, found.schema, found.name, column, self.app, self.migration, self.direction, "copying",
            None, None, {}, narrowed_to, None,
        )  # fmt: skip
        self.planned[kept_as] = line
        return line

    def _lets_go(self, what: str, count: str, unit: str, obstacle: str) -> bool:
        """Whether the data may be lost. Raises ``DataWouldBeLost`` if it may not and cannot be kept."""
        if not self.discard and not obstacle:
            return False
        if self.confirm is None and self.discard:
            return True
        loss = f"{self.app}.{self.migration} ({self.direction}) drops {what}"
        why = "" if self.discard else f"It cannot be kept: {obstacle}"
        if self.confirm is None:
            raise DataWouldBeLost(
                f"{loss}, which has data.\n{why}\nNothing of this operation was changed. Remedy: do that, or run again"
                " with --discard-data if the data may be lost."
            )
        if what not in self._confirmed:
            number = fetch(self.connection, count)[0][0]
            if not (number or why):
                return True
            if not self.confirm(f"{loss}: {number:,} {unit} will be lost. {why}".rstrip()):
                raise DataWouldBeLost(
                    f"{loss}: not confirmed. Nothing of this operation was changed; run again to go on."
                )
            self._confirmed.add(what)
        return True

    # --- putting back ------------------------------------------------------------------------------------------

    def steps_back(self, planned: list[Step]) -> list[Step]:
        """The steps that put back what this migration kept, for what the operation just planned makes again."""
        writes = any(step.lane is Lane.BATCH for step in planned)  # then a value may be the operation's own
        steps: list[Step] = []
        for table, column in self.made:
            if line := self.awaits(table, column):
                label = f"put back what is kept of {line.what}"
                steps.append(Step(label, Lane.BATCH, transfer=Transfer(line.kept_as, True, not writes)))
                self.refilled |= set() if column else {table}
        self.made.clear()
        return [replace(step, later=True) for step in (*steps, *self.afterwards)]

    def awaits(self, table: Name, column: str = "") -> kept.Kept | None:
        """What this migration kept of a table or column, named with its schema, that it makes again; the newest."""
        if self.discard or not has_bookkeeping(self.connection):
            return None
        for line in kept.kept(self.connection, self.app, self.migration):
            same = line.origin == table and line.attribute == column
            if same and line.direction != self.direction and line.state in _WAITING:
                return line
        return None


def executes(statements: Iterable[str]) -> str:
    """The statements as PL/pgSQL that is read only when it is reached."""
    return ";\n    ".join(f"EXECUTE {literal(statement)}" for statement in statements)


def _of_column(column: str, narrowed_to: str) -> str:
    return f"what {narrowed_to} does not hold of {column}" if narrowed_to else f"the column {column}"


_WAITING = ("kept", "putting back")
