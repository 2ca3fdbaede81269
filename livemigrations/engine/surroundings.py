"""What a statement will meet: which tables are new in this run, which stand empty, which are populated."""

from __future__ import annotations

import re
from functools import cached_property

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.constraints import neighbours, referenced_by_column, referenced_by_constraint
from livemigrations.catalog.partitions import parents_of
from livemigrations.catalog.relations import Relation, fetch, has_rows, relation
from livemigrations.engine.keeping import Keeper
from livemigrations.engine.pending import Pending
from livemigrations.engine.steps import Step
from livemigrations.statements.names import Name, default_name


class Surroundings:
    """The catalog as it is, with what this run has created or renamed meanwhile laid over it.

    One object lives as long as a run or a script; in a script ``pending`` keeps what its statements will have made.
    """

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.new: set[Name] = set()  # with their schemas
        self.long_locks_allowed = False
        self.pending: Pending | None = None
        self.keeper = Keeper(connection)
        self.untriggered: set[tuple[Name, str]] = set()  # triggers that a statement before drops, with their tables
        self._renamed: dict[Name, Name] = {}
        self._gone: set[Name] = set()
        self._promised: set[Name] = set()
        self._loosened: dict[Name, set[str]] = {}

    @property
    def server_version(self) -> int:
        """As PostgreSQL counts: 180004 is 18.4."""
        return int(fetch(self.connection, "SHOW server_version_num")[0][0])

    @cached_property
    def _schema(self) -> str:
        return str(fetch(self.connection, "SELECT coalesce(current_schema(), '')")[0][0])

    def _qualified(self, table: Name) -> Name:
        """With the schema in which a new table of a plain name stands."""
        return table if table.schema else Name(self._schema, table.name)

    def is_new(self, table: Name) -> bool:
        """Whether a statement before made this table."""
        return self._qualified(table) in self.new

    def created(self, table: Name) -> None:
        """A statement before made this table."""
        self.new.add(self._qualified(table))
        self._gone.discard(self._qualified(table))

    def dropped(self, table: Name) -> None:
        """A statement before dropped this table; one that this run made is gone before anything else is locked."""
        if self.is_new(table):
            self._gone.add(self._qualified(table))
            self.new.discard(self._qualified(table))

    def renamed(self, table: Name, name: str) -> None:
        """A statement before gave the table another name."""
        old = self._qualified(table)
        if old in self.new:
            self.new.add(Name(old.schema, name))
        else:
            self._renamed[Name(old.schema, name)] = self._renamed.get(old, table)

    def loosened(self, table: Name, constraint: str) -> None:
        """A statement before dropped this constraint."""
        self._loosened.setdefault(self._qualified(table), set()).add(constraint)

    def find(self, table: Name) -> Relation | None:
        """The table in the catalog, under the name that it has there; None for one that is new or unknown."""
        if self.is_new(table) or self._qualified(table) in self._gone:
            return None
        return relation(self.connection, self._renamed.get(self._qualified(table), table))

    def in_catalog(self, table: Name) -> bool:
        """Whether the catalog has a relation of this name at this moment, whatever statements before will do."""
        return relation(self.connection, table) is not None

    def standing(self, table: Name) -> Relation | None:
        """The table as the catalog has it, one that this run made included; in a script, None for what it makes."""
        if self.pending is not None and self.is_new(table):
            return None
        return relation(self.connection, self._renamed.get(self._qualified(table), table))

    def placed(self, table: Name) -> Name:
        """The name with the schema in which the table stands, or in which a new one comes to stand."""
        found = None if table.schema else self.standing(table)
        return Name(found.schema, table.name) if found else self._qualified(table)

    def putting_back(self, planned: list[Step]) -> list[Step]:
        """The planned steps, and those that put back what was kept; a table with its rows back is new no more."""
        steps = self.keeper.steps_back(planned)
        self.new -= self.keeper.refilled
        return [*planned, *steps]

    def executed(self) -> None:
        """What was planned has run: tables stand under their new names."""
        self._renamed.clear()
        self._gone.clear()
        self._promised.clear()
        self._loosened.clear()
        self.untriggered.clear()

    def exists(self, table: Name) -> bool:
        """Whether traffic may know the table: it stands in the catalog and is not of this run."""
        return self.find(table) is not None

    def populated(self, table: Name) -> bool:
        """Whether the table is known to traffic and has rows."""
        found = self.find(table)
        return found is not None and found.kind in ("r", "p", "m") and has_rows(self.connection, found.oid)

    def table_of_index(self, index: Name) -> Name | None:
        """The table of an index, or None if there is no such index."""
        if self.pending is not None:
            if made := self.pending.table_of_index(index.name):
                return Name(index.schema, made)
            index = Name(index.schema, self.pending.was_called(index.name))
        found = relation(self.connection, index)
        if found is None:
            return None
        rows = fetch(
            self.connection,
            "SELECT n.nspname, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indexrelid = %s",
            [found.oid],
        )
        return Name(*rows[0]) if rows else None

    def free_name(self, table: Name, columns: str, label: str) -> Name:
        """The name that PostgreSQL gives an index of ``table``: it counts up while the name is taken, or promised."""
        for number in range(1000):
            name = Name(table.schema, default_name(table.name, columns, f"{label}{number or ''}"))
            if name not in self._promised and relation(self.connection, name) is None:
                self._promised.add(name)
                return name
        raise RuntimeError(f"No name is free for an index on {table.plain}.")

    def locked_with(self, table: Name, *, constraint: str = "", column: str = "") -> list[Name]:
        """The other tables that dropping a table, its constraint or its column locks too."""
        found = self.find(table)
        if found is None:
            return []
        if constraint:
            other = referenced_by_constraint(self.connection, found.oid, constraint)
            return [other] if other else []
        if column:
            gone = self._loosened.get(self._qualified(table), ())
            return referenced_by_column(self.connection, found.oid, column, gone)
        return sorted({*neighbours(self.connection, found.oid), *parents_of(self.connection, found.oid)})

    def constraint(self, table: Name, name: str) -> tuple[str, Name | None]:
        """A constraint's text as PostgreSQL writes it, without NOT VALID, and the table that a foreign key points at."""
        found = self.find(table)
        rows = fetch(
            self.connection,
            "SELECT regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''), n.nspname, c.relname"
            " FROM pg_constraint k LEFT JOIN pg_class c ON c.oid = k.confrelid"
            " LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE k.conrelid = %s AND k.conname = %s",
            [found.oid if found else 0, name],
        )
        body, schema, target = rows[0] if rows else ("", None, None)
        return body, Name(schema, target) if target else None

    def volatile(self, expression: str) -> list[str]:
        """The volatile functions that an expression calls."""
        found = re.findall(r'"?([A-Za-z_][\w$]*)"?\s*\(', expression)
        names = {*found, *map(str.lower, found)}
        rows = fetch(
            self.connection,
            "SELECT DISTINCT proname FROM pg_proc WHERE proname = ANY (%s) AND provolatile = 'v' ORDER BY 1",
            [sorted(names)],
        )
        return [row[0] for row in rows]

    def column_type(self, table: Name, column: str) -> str:
        """The type of a column with its length; empty if there is no such column."""
        found = self.find(table)
        rows = fetch(
            self.connection,
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = %s AND attname = %s AND NOT attisdropped",
            [found.oid if found else 0, column],
        )
        return str(rows[0][0]) if rows else ""

    def is_virtual(self, table: Name, column: str) -> bool:
        """Whether a column is generated when it is read (PostgreSQL 18), so that no row holds it."""
        found = self.find(table)
        rows = fetch(
            self.connection,
            "SELECT attgenerated = 'v' FROM pg_attribute WHERE attrelid = %s AND attname = %s AND NOT attisdropped",
            [found.oid if found else 0, column],
        )
        return bool(rows and rows[0][0])

    def type_named(self, text: str) -> str:
        """The catalog's name of a type that a statement spells."""
        base = re.split(r"\s+(?:USING|COLLATE)\s", text, maxsplit=1, flags=re.IGNORECASE)[0]
        size = re.search(r"\([\d\s,]+\)", base)
        rows = fetch(self.connection, "SELECT format_type(to_regtype(%s), NULL)", [base])
        name = str(rows[0][0]) if rows and rows[0][0] else base
        return name + (size[0].replace(" ", "") if size and "(" not in name else "")
