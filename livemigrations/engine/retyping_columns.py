"""Columns that get another type beside the old one: their names, the trigger that keeps both in step, questions asked first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from livemigrations.catalog.attached import OwnConstraint, OwnIndex, Settings
from livemigrations.catalog.relations import Relation
from livemigrations.engine.checks import SAMPLES, duplicates
from livemigrations.engine.steps import RowCheck
from livemigrations.operations.fills import Fill
from livemigrations.statements.names import OURS, Name, beside, code, default_name, identifier
from livemigrations.statements.types import always_fits

_FILLING = "livemigrations.filling"
# Fires after every other BEFORE trigger, so that it sees what those make of a row.
_TRIGGER = identifier(f"zzzz_{OURS}types")
_CASTS_DEPEND_ON = ("search_path", "timezone", "datestyle", "intervalstyle", "bytea_output")


@dataclass(frozen=True, slots=True)
class Retyped:
    """A column: ``type`` is the new one as the catalog spells it, ``declared`` as the statement does (with a collation).

    ``value`` is the SQL of the new value, over the columns of the row; ``plain`` says that it is a cast.
    """

    settings: Settings
    type: str
    declared: str
    value: str
    plain: bool

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def new(self) -> str:
        return beside(self.name)

    @property
    def fits(self) -> bool:
        """Whether every value converts, and different ones stay different."""
        return self.plain and always_fits(self.settings.type, self.type)

    @property
    def lenient(self) -> bool:
        """Whether a value that does not convert is let in until the end, and found there: the new column stays NULL."""
        return not self.fits and (self.plain or self.settings.not_null)

    @property
    def complete(self) -> str:
        """The condition that a row has its new value; empty where a value may become NULL."""
        name, new = identifier(self.name), identifier(self.new)
        if self.settings.not_null:
            return f"{new} IS NOT NULL"
        return f"{new} IS NOT NULL OR {name} IS NULL" if self.plain else ""

    @property
    def check(self) -> str:
        """The name of the CHECK of that condition."""
        return beside(f"{self.name}_complete")


@dataclass(frozen=True, slots=True)
class Side:
    """A table with the columns that change in it, and what hangs on these."""

    relation: Relation
    columns: tuple[Retyped, ...]
    indexes: tuple[OwnIndex, ...]
    constraints: tuple[OwnConstraint, ...]

    @property
    def table(self) -> Name:
        return Name(self.relation.schema, self.relation.name)

    @property
    def names(self) -> dict[str, str]:
        """Each column with the one beside it."""
        return {column.name: column.new for column in self.columns}

    @property
    def function(self) -> Name:
        return Name(self.relation.schema, default_name(self.relation.name, "", f"{OURS}types"))

    @property
    def label(self) -> str:
        return ", ".join(f"{self.relation.name}.{column.name}" for column in self.columns)

    # --- the trigger -------------------------------------------------------------------------------------------

    def made(self) -> tuple[str, ...]:
        """The statements that add the new columns and keep them in step; the first needs no lock."""
        table = self.table
        added = [f"ALTER TABLE {table} ADD COLUMN {identifier(one.new)} {one.declared}" for one in self.columns]
        return (
            self._function(),
            *added,
            f"CREATE TRIGGER {_TRIGGER} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {self.function}()",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {_TRIGGER}",  # also for replicated changes
        )

    def without_trigger(self) -> tuple[str, str]:
        """The statements that take trigger and function away."""
        return f"DROP TRIGGER IF EXISTS {_TRIGGER} ON {self.table}", f"DROP FUNCTION IF EXISTS {self.function}()"

    def undone(self) -> tuple[str, ...]:
        """The statements that take all of it back, in the order in which they run."""
        drops = [f"ALTER TABLE {self.table} DROP COLUMN IF EXISTS {identifier(one.new)}" for one in self.columns]
        return (*self.without_trigger(), *drops)

    def _function(self) -> str:
        """The trigger's function. While rows are filled it undoes what triggers before it made of the row."""
        settings = " ".join(f"SET {name} FROM CURRENT" for name in _CASTS_DEPEND_ON)
        lines = "\n".join(_assigned(column) for column in self.columns)
        return f"CREATE FUNCTION {self.function}() RETURNS trigger LANGUAGE plpgsql {settings} AS " + code(
            "\n#variable_conflict use_column\nBEGIN\n"
            f"  IF TG_OP = 'UPDATE' AND current_setting('{_FILLING}', true) = 'on' THEN\n    NEW := OLD;\n  END IF;\n"
            f"{lines}\n  RETURN NEW;\nEND "
        )

    # --- rows --------------------------------------------------------------------------------------------------

    def fills(self, *, replica: bool) -> Iterator[Fill]:
        """The trigger writes the value; every column of the table is written along with the first that is missing."""
        settings: tuple[tuple[str, str], ...] = ((_FILLING, "on"),)
        if replica:
            settings += (("session_replication_role", "replica"),)
        for one in self.columns:
            new = identifier(one.new)
            only = f"t.{identifier(one.name)} IS NOT NULL" if one.plain else ""
            missing = f"t.{new} IS NULL AND {only}" if one.fits else ""  # others may stay NULL
            yield Fill(str(self.table), new, f"t.{new}", only=only, missing=missing, settings=settings)

    def questions(self) -> Iterator[RowCheck]:
        """Rows that do not convert, and rows that a unique index would refuse then."""
        risky = [column for column in self.columns if not column.fits]
        yield from (self._unconverted(column) for column in risky)
        values = {column.name: f"({column.value})" for column in risky}
        for index in self.indexes:
            if index.unique and set(index.keys) & values.keys():
                listed = [values.get(name, identifier(name)) for name in index.keys]
                yield duplicates(self.table, listed, nulls_distinct=index.nulls_distinct)

    def _unconverted(self, column: Retyped) -> RowCheck:
        function = f"pg_temp.{identifier(default_name(self.relation.name, column.name, 'converts'))}"
        null = f"new IS NOT NULL OR NOT {column.settings.not_null}"
        helper = (
            f"CREATE OR REPLACE FUNCTION {function}(livemigrations_row {self.table}) RETURNS boolean LANGUAGE plpgsql"
            " AS "
            + code(
                "\n#variable_conflict use_column\n"
                f"DECLARE new {column.type};\nBEGIN\n"
                f"  new := (SELECT {column.value} FROM (SELECT (livemigrations_row).*) AS r);\n  RETURN {null};\n"
                "EXCEPTION WHEN OTHERS THEN\n  RETURN false;\nEND "
            )
        )
        where = f"FROM {self.table} livemigrations_row WHERE NOT {function}(livemigrations_row)"
        name = identifier(column.name)
        return RowCheck(
            f"SELECT count(*) {where}",
            f"SELECT to_jsonb(livemigrations_row) {where} LIMIT {SAMPLES}",
            f"{{count}} rows of {self.table.plain} have a value in {column.name} that is no {column.type}",
            f"correct them (UPDATE {self.table} SET {name} = … WHERE …), or give ChangeColumnType the expression that"
            " converts them (using=…), then migrate again",
            helper,
        )


def _assigned(column: Retyped) -> str:
    line = f"  NEW.{identifier(column.new)} := (SELECT {column.value} FROM (SELECT NEW.*) AS livemigrations_row);"
    if not column.lenient:
        return line
    # No row of the running release is refused; those that do not convert are shown before the new column comes in.
    return f"  BEGIN\n  {line}\n  EXCEPTION WHEN OTHERS THEN\n    NEW.{identifier(column.new)} := NULL;\n  END;"
