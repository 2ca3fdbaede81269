"""What a script has not run yet: constraints and indexes of pending statements, laid over the catalog.

Django looks up in the catalog what an operation has to drop. In a script an earlier statement may be what makes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from livemigrations.statements.columns import take_apart
from livemigrations.statements.constraints import constraint_name
from livemigrations.statements.names import parse_name
from livemigrations.statements.parse import Kind, Statement
from livemigrations.statements.tokens import first_parentheses, split_commas, tokens

Info = dict[str, Any]
_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_RENAMED_INDEX = re.compile(
    rf"\s*ALTER\s+INDEX\s+(?:IF\s+EXISTS\s+)?({_NAME})\s+RENAME\s+TO\s+({_NAME})", re.IGNORECASE
)
_RENAMED_CONSTRAINT = re.compile(rf"\bRENAME\s+CONSTRAINT\s+({_NAME})\s+TO\s+({_NAME})", re.IGNORECASE)
_TABLE_LEVEL = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE")


class Pending:
    """Learns from statements in their order, and answers as Django's introspection does."""

    def __init__(self) -> None:
        self._added: dict[str, dict[str, Info]] = {}
        self._gone: set[tuple[str, str]] = set()
        self._gone_indexes: set[str] = set()
        self._names: dict[str, str] = {}
        self._columns: dict[str, dict[str, str]] = {}
        self._tables: dict[str, str] = {}
        self._left: set[tuple[str, str]] = set()

    def stands_as(self, table: str) -> str:
        """The name under which the catalog still has a table."""
        return self._tables.get(table, table)

    def has_left(self, table: str, column: str = "") -> bool:
        """Whether a statement takes away, or renames, what the catalog still has under this name."""
        return (table, column) in self._left

    def table_of_index(self, name: str) -> str:
        """The table on which a statement made this index; empty where none did."""
        return next((table for table, found in self._added.items() if name in found and found[name]["index"]), "")

    def was_called(self, name: str) -> str:
        """The name under which the catalog still has an index or a constraint."""
        return next((old for old, new in self._names.items() if new == name), name)

    def over(self, table: str, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Info]:
        """The constraints and indexes of ``table``, where ``found`` are those of the catalog."""
        renamed = self._columns.get(table, {})
        kept: dict[str, Info] = {}
        for name, info in found.items():
            columns = [renamed.get(column, column) for column in info["columns"] or []]
            if (table, name) not in self._gone and name not in self._gone_indexes:
                kept[self._names.get(name, name)] = {**info, "columns": columns}
        return {**kept, **self._added.get(table, {})}

    def learn(self, statement: Statement) -> None:
        """Take note of a statement that will run."""
        table = statement.table.name if statement.table else ""
        if lesson := self._lessons.get(statement.kind):
            lesson(table, statement)
        elif table:
            self._rename_column(table, statement.sql)
            self._rename(_RENAMED_CONSTRAINT.search(statement.sql))

    @cached_property
    def _lessons(self) -> dict[Kind, Callable[[str, Statement], None]]:
        return {
            Kind.OBJECT: lambda table, s: self._rename(_RENAMED_INDEX.match(s.sql)),
            Kind.CREATE_TABLE: lambda table, s: self._added.update({table: dict(_of_table(table, s.body))}),
            Kind.ADD_COLUMN: lambda table, s: self._add(table, *take_apart(table, s.name, s.body).constraints),
            Kind.ADD_CONSTRAINT: lambda table, s: self._add(table, (s.name, s.body)),
            Kind.CREATE_INDEX: lambda table, s: self._added.setdefault(table, {}).update({s.name: _index(s)}),
            Kind.DROP_CONSTRAINT: lambda table, s: self._drop(table, s.name),
            Kind.DROP_INDEX: lambda table, s: self._drop_indexes([table, *(name.name for name in s.references)]),
            Kind.DROP_TABLE: lambda table, s: self._drop_tables([table, *(name.name for name in s.references)]),
            Kind.DROP_COLUMN: lambda table, s: self._drop_column(table, s.name),
            Kind.RENAME_TABLE: lambda table, s: self._rename_table(table, s.name),
        }

    def _add(self, table: str, *constraints: tuple[str, str]) -> None:
        for name, body in constraints:
            self._added.setdefault(table, {})[name] = _constraint(body)

    def _drop(self, table: str, name: str) -> None:
        if self._added.get(table, {}).pop(name, None) is None:
            self._gone.add((table, self.was_called(name)))

    def _drop_indexes(self, names: list[str]) -> None:
        """The name of an index tells its table only where this script made it."""
        for name in names:
            holder = next((found for found in self._added.values() if name in found), None)
            if holder is not None:
                del holder[name]
            else:
                self._gone_indexes.add(self.was_called(name))

    def _drop_tables(self, tables: list[str]) -> None:
        for table in tables:
            self._added.pop(table, None)
            self._left.add((table, ""))

    def _drop_column(self, table: str, column: str) -> None:
        added = self._added.get(table, {})
        self._left.add((table, column))
        self._added[table] = {name: info for name, info in added.items() if column not in info["columns"]}

    def _rename_table(self, table: str, name: str) -> None:
        self._tables[name] = self._tables.pop(table, table)
        self._left |= {(name, column) for holder, column in self._left if holder == table and column} | {(table, "")}
        if table in self._added:
            self._added[name] = self._added.pop(table)
        if table in self._columns:
            self._columns[name] = self._columns.pop(table)
        self._gone |= {(name, gone) for holder, gone in self._gone if holder == table}

    def _rename_column(self, table: str, sql: str) -> None:
        match = re.search(rf"\bRENAME\s+COLUMN\s+({_NAME})\s+TO\s+({_NAME})", sql, re.IGNORECASE)
        if not match:
            return
        old, new = parse_name(match[1]).name, parse_name(match[2]).name
        for info in self._added.get(table, {}).values():
            info["columns"] = [new if column == old else column for column in info["columns"]]
        self._left.add((table, old))
        known = self._columns.setdefault(table, {})
        known[next((first for first, last in known.items() if last == old), old)] = new

    def _rename(self, match: re.Match[str] | None) -> None:
        """An index or a constraint gets another name."""
        if not match:
            return
        old, new = parse_name(match[1]).name, parse_name(match[2]).name
        for found in self._added.values():
            if old in found:
                found[new] = found.pop(old)
                return
        self._names[self.was_called(old)] = new


def _of_table(table: str, body: str) -> list[tuple[str, Info]]:
    """The constraints in the parentheses of a CREATE TABLE."""
    inner = first_parentheses(body)
    found: list[tuple[str, str]] = []
    for item in split_commas(inner) if inner else []:
        first = next(tokens(item))
        rest = item[first.end :].strip()
        if first.word == "CONSTRAINT":
            name = next(tokens(rest))
            found.append((name.name, rest[name.end :].strip()))
        elif first.word in _TABLE_LEVEL:
            found.append((constraint_name(table, item), item))
        else:
            found += take_apart(table, first.name, rest).constraints
    return [(name, _constraint(text)) for name, text in found]


def _columns(text: str) -> list[str | None]:
    """The plain columns of a list; an expression counts as None, as in Django's introspection."""
    found: list[str | None] = []
    for part in split_commas(first_parentheses(text)):
        pieces = list(tokens(part))
        plain = pieces and pieces[0].kind in ("quoted", "word") and not (len(pieces) > 1 and pieces[1].text == "(")
        found.append(pieces[0].name if plain else None)
    return found


def _constraint(body: str) -> Info:
    word = next(tokens(body)).word
    quoted = [token.name for token in tokens(first_parentheses(body)) if token.kind == "quoted"]
    columns: list[Any] = list(dict.fromkeys(quoted)) if word == "CHECK" else _columns(body)
    return {
        "columns": columns,
        "primary_key": word == "PRIMARY",
        "unique": word in ("PRIMARY", "UNIQUE"),
        "foreign_key": ("", "") if word == "FOREIGN" else None,
        "check": word == "CHECK",
        "index": False,
        "definition": None,
        "options": None,
        "type": None,
    }


def _index(statement: Statement) -> Info:
    using = re.match(r"USING\s+(\w+)", statement.body, re.IGNORECASE)
    method = using[1].lower() if using else "btree"
    return {
        **_constraint(f"UNIQUE {statement.body}"),
        "unique": statement.unique,
        "index": True,
        "type": "idx" if method == "btree" else method,
    }
