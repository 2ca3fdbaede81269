"""What a statement will meet: which tables are new in this run, which stand empty, which are populated."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog import cascade
from livemigrations.catalog.constraints import joined_by_column, referencing
from livemigrations.catalog.partitions import parents_of, size_with_partitions
from livemigrations.catalog.relations import Relation, fetch, has_rows, owned_sequences, relation
from livemigrations.catalog.types import has_constraints, named_type, tables_with
from livemigrations.engine.deferred import LateNames
from livemigrations.engine.keeping import Keeper
from livemigrations.engine.pending import Pending
from livemigrations.engine.steps import Step
from livemigrations.engine.unnamed import Names
from livemigrations.statements import tree
from livemigrations.statements.columns import type_in
from livemigrations.statements.names import Name
from livemigrations.statements.tokens import with_parameters


@dataclass(frozen=True, slots=True)
class Overlay:
    """What planned statements will have changed by the time that the next operation is planned."""

    pending: Pending | None
    known: tuple[Any, ...]
    late: LateNames
    late_names: dict[str, Any]


class RunFirst(Exception):
    """An operation can only be planned when the ones that are planned before it have run."""


class Surroundings:
    """The catalog as it is, with what this run has created or renamed meanwhile laid over it.

    One object lives as long as a run or a script; ``pending`` keeps what planned statements will have made. ``plain`` asks
    for statements as they are written, to be run in one transaction.
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
        self.names = Names(connection)
        self._unborn: set[Name] = set()
        self.plain = False
        self.may_run_first = False  # whether what is planned may still run before the operation that is planned now
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
        self._unborn.add(self._qualified(table))
        self._gone.discard(self._qualified(table))

    def dropped(self, table: Name) -> None:
        """A statement before dropped this table; one that this run made is gone before anything else is locked."""
        if self.is_new(table):
            self._gone.add(self._qualified(table))
            self.new.discard(self._qualified(table))

    def renamed(self, table: Name, name: str) -> None:
        """A statement before gave the table another name."""
        old = self._qualified(table)
        if old in self._unborn:
            self._unborn.add(Name(old.schema, name))
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
        if self._qualified(table) in self._unborn:
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

    def need_names(self, table: Name) -> None:
        """Raise ``RunFirst`` if planned statements rename the table or parts of it, and may still run first.

        What keeps its rows is composed from the names in the catalog.
        """
        if self.may_run_first and self.pending is not None and self.pending.renames(table.name):
            raise RunFirst

    def look_ahead(self, late: LateNames) -> Overlay:
        """Plan what comes before the statements that are planned already have run. Returns what is known so far."""
        if self.pending is None:
            self.pending = Pending()
        return self.overlay(late)

    def overlay(self, late: LateNames) -> Overlay:
        """What is known of planned statements now; ``late`` are the names that they give."""
        known = (self.new, self._renamed, self._gone, self._unborn, self._loosened, self.untriggered, self.names.state)
        return Overlay(copy.deepcopy(self.pending), copy.deepcopy(known), late, dict(late.made))

    def restore(self, overlay: Overlay) -> None:
        """Forget what was learnt since ``overlay``."""
        self.pending = copy.deepcopy(overlay.pending)
        sets = copy.deepcopy(overlay.known)
        self.new, self._renamed, self._gone, self._unborn, self._loosened, self.untriggered, self.names.state = sets
        overlay.late.made = dict(overlay.late_names)

    def executed(self) -> None:
        """What was planned has run: the catalog knows it."""
        self.pending = None
        self.names.forget()
        for known in (self._renamed, self._gone, self._unborn, self._loosened):
            known.clear()
        self.untriggered.clear()

    def exists(self, table: Name) -> bool:
        """Whether traffic may know the table: it stands in the catalog and is not of this run."""
        return self.find(table) is not None

    def populated(self, table: Name) -> bool:
        """Whether the table is known to traffic and has rows."""
        found = self.find(table)
        return found is not None and found.kind in ("r", "p", "m") and has_rows(self.connection, found.oid)

    def extent(self, found: Relation) -> tuple[int, int]:
        """The server's estimate of the rows in a table with its partitions, and their size in bytes."""
        return size_with_partitions(self.connection, found.oid)

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

    def columns_of_index(self, table: Name, index: str) -> list[str]:
        """The columns of an index of a table; empty for one that is planned or unknown."""
        found = self.find(table)
        rows = fetch(
            self.connection,
            "SELECT a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)"
            " WHERE i.indrelid = %s AND c.relname = %s",
            [found.oid if found else 0, index],
        )
        return [row[0] for row in rows]

    def locked_with(self, table: Name, *, constraint: str = "", column: str = "") -> list[Name]:
        """The other tables that dropping a table, its constraint or its column locks too."""
        found = self.find(table)
        if found is None:
            return []
        if constraint:
            return cascade.locked_with_constraint(self.connection, found.oid, constraint)
        if column:
            gone = self._loosened.get(self._qualified(table), ())
            return cascade.locked_with_column(self.connection, found.oid, column, gone)
        others = cascade.locked_with_table(self.connection, found.oid)
        return sorted({*others, *parents_of(self.connection, found.oid)})

    def sequences_of(self, table: Name) -> list[Name]:
        """The sequences of serial and identity columns: they follow their table to another schema or owner."""
        found = self.find(table)
        return owned_sequences(self.connection, found.oid) if found else []

    def joined_by(self, table: Name, column: str) -> list[Name]:
        """The tables that foreign keys over a column join to its own: a new type makes the keys anew."""
        found = self.find(table)
        return joined_by_column(self.connection, found.oid, column) if found else []

    def referencing(self, tables: Iterable[Name]) -> list[Name]:
        """The tables with foreign keys to these, and to those: TRUNCATE … CASCADE empties them too."""
        found = [one.oid for one in map(self.find, tables) if one]
        return referencing(self.connection, found) if found else []

    def with_domain(self, domain: str) -> list[Name]:
        """The tables with a column of a domain, or of one that is made of it; ``domain`` is quoted."""
        return tables_with(self.connection, domain)

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
        """The volatile functions that an expression calls; the expression itself if it cannot be read."""
        node = tree.expression_node(with_parameters(expression))
        if node is None:
            return [expression]
        rows = fetch(
            self.connection,
            "SELECT DISTINCT proname FROM pg_proc WHERE proname = ANY (%s) AND provolatile = 'v' ORDER BY 1",
            [tree.functions(node)],
        )
        return [row[0] for row in rows]

    def constrained(self, kind: str) -> bool:
        """Whether a type is a domain whose rules every value must meet, NULL included."""
        return has_constraints(self.connection, kind)

    def column_type(self, table: Name, column: str) -> str:
        """The type of a column with its length, once the planned statements have run; empty if there is none."""
        if self.pending is not None:
            if planned := self.pending.type_of(table.name, column):
                return named_type(self.connection, planned)
            was = self.pending.column_was(table.name, column)
            if was == column and self.pending.has_left(table.name, column):
                return ""
            column = was
        return self.column_type_now(table, column)

    def column_type_now(self, table: Name, column: str) -> str:
        """The type of a column as the catalog has it; empty if there is no such column."""
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

    def type_named(self, body: str) -> str:
        """The catalog's name of the type in what follows TYPE, with its length."""
        return named_type(self.connection, type_in(body))
