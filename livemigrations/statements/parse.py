"""What a statement does, as far as its locks and its cost on a populated table depend on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from livemigrations.statements.constraints import LABELS, constraint_name, index_name
from livemigrations.statements.names import Name
from livemigrations.statements.tokens import Token, split, split_commas, tokens


class Kind(StrEnum):
    """The statements that matter."""

    CREATE_TABLE = "create table"
    DROP_TABLE = "drop table"
    RENAME_TABLE = "rename table"
    ADD_COLUMN = "add column"
    DROP_COLUMN = "drop column"
    ALTER_TYPE = "alter type"
    SET_NOT_NULL = "set not null"
    ADD_CONSTRAINT = "add constraint"
    VALIDATE = "validate constraint"
    DROP_CONSTRAINT = "drop constraint"
    ALTER_TABLE = "alter table"
    REWRITE = "rewrite table"
    CREATE_INDEX = "create index"
    DROP_INDEX = "drop index"
    TRIGGER = "trigger"
    DROP_TRIGGER = "drop trigger"
    COMMENT = "comment"
    SET_CONSTRAINTS = "set constraints"
    ROWS = "rows"
    OBJECT = "object"
    UNTRANSACTIONAL = "cannot run in a transaction"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    ``table`` is the relation that it changes; ``name`` the column, constraint, index or new name; ``body`` the text
    behind the name; ``references`` the tables that foreign keys in it point at, or that are dropped together with
    ``table``; ``guarded`` says that it does nothing where the object exists (IF NOT EXISTS), ``only`` that an index is
    not one of the table's partitions too (ON ONLY).
    """

    sql: str
    kind: Kind
    table: Name | None = None
    name: str = ""
    body: str = ""
    references: tuple[Name, ...] = ()
    unique: bool = False
    concurrently: bool = False
    guarded: bool = False
    only: bool = False


class _Reader:
    """A position in the tokens of one statement."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.all = list(tokens(sql))
        self.at = 0

    def peek(self, ahead: int = 0) -> Token | None:
        return self.all[self.at + ahead] if self.at + ahead < len(self.all) else None

    def accept(self, *words: str) -> bool:
        """Step over these keywords if all of them come next."""
        here = [token.word for token in self.all[self.at : self.at + len(words)]]
        if here == list(words):
            self.at += len(words)
            return True
        return False

    def name(self) -> Name:
        """Read a name that may be qualified."""
        parts = []
        while (token := self.peek()) and token.kind in ("word", "quoted"):
            parts.append(token.name)
            self.at += 1
            if not self.accept("."):
                break
        if not parts:
            raise ValueError(f"A name was expected in: {self.sql}")
        return Name(parts[-2] if len(parts) > 1 else "", parts[-1])

    def rest(self) -> str:
        token = self.peek()
        return self.sql[token.start :].strip() if token else ""

    def references(self) -> tuple[Name, ...]:
        """The tables behind every REFERENCES from here on."""
        found, start = [], self.at
        while token := self.peek():
            self.at += 1
            if token.word == "REFERENCES":
                found.append(self.name())
        self.at = start
        return tuple(found)

    def parents(self) -> tuple[Name, ...]:
        """The table that a new partition belongs to."""
        if not self.accept("PARTITION", "OF"):
            return ()
        return (self.name(),)


def parse(script: str) -> Iterator[Statement]:
    """Yield the statements of a script; an ALTER TABLE with several actions becomes one statement for each."""
    for text in split(script):
        reader = _Reader(text)
        try:
            yield from _statement(reader)
        except ValueError:
            yield Statement(text, Kind.OBJECT)


def _statement(reader: _Reader) -> Iterator[Statement]:
    first = reader.all[0].word
    if first == "ALTER" and reader.accept("ALTER", "TABLE"):
        yield from _alter_table(reader)
    elif first == "CREATE":
        yield _create(reader)
    elif first == "DROP":
        yield from _drop(reader)
    elif first == "COMMENT":
        yield Statement(reader.sql, Kind.COMMENT)
    elif reader.accept("SET", "CONSTRAINTS"):
        yield Statement(reader.sql, Kind.SET_CONSTRAINTS)
    elif first in ("INSERT", "UPDATE", "DELETE", "SELECT", "WITH", "MERGE", "COPY", "DO", "CALL", "VALUES"):
        yield Statement(reader.sql, Kind.ROWS)
    elif first in _UNTRANSACTIONAL or reader.accept("ALTER", "SYSTEM") or _adds_enum_value(reader):
        yield Statement(reader.sql, Kind.UNTRANSACTIONAL)
    else:
        yield Statement(reader.sql, Kind.OBJECT)


_UNTRANSACTIONAL = ("VACUUM", "CLUSTER", "REINDEX", "BEGIN", "START", "COMMIT", "ROLLBACK", "END")
_UNTRANSACTIONAL_OBJECTS = ("DATABASE", "TABLESPACE", "SUBSCRIPTION")  # neither their CREATE nor their DROP


def _adds_enum_value(reader: _Reader) -> bool:
    words = [token.word for token in reader.all]
    adds_enum_value = words[:2] == ["ALTER", "TYPE"] and "ADD" in words and "VALUE" in words
    return adds_enum_value or words[:2] == ["ALTER", "SYSTEM"]


def _create(reader: _Reader) -> Statement:
    reader.accept("CREATE")
    reader.accept("OR", "REPLACE")
    unique = reader.accept("UNIQUE")
    if reader.accept("INDEX"):
        return _create_index(reader, unique=unique)
    if any(map(reader.accept, _UNTRANSACTIONAL_OBJECTS)):
        return Statement(reader.sql, Kind.UNTRANSACTIONAL)
    reader.accept("CONSTRAINT")
    if reader.accept("TRIGGER"):
        name = reader.name().name
        while (token := reader.peek()) and token.word != "ON":
            reader.at += 1
        reader.accept("ON")
        return Statement(reader.sql, Kind.TRIGGER, reader.name(), name)
    for word in ("UNLOGGED", "TEMP", "TEMPORARY"):
        reader.accept(word)
    if reader.accept("TABLE"):
        guarded = reader.accept("IF", "NOT", "EXISTS")
        table = reader.name()
        body, references = reader.rest(), reader.references() + reader.parents()
        return Statement(reader.sql, Kind.CREATE_TABLE, table, "", body, references, guarded=guarded)
    return Statement(reader.sql, Kind.OBJECT)


def _create_index(reader: _Reader, *, unique: bool) -> Statement:
    concurrently = reader.accept("CONCURRENTLY")
    guarded = reader.accept("IF", "NOT", "EXISTS")
    name = "" if reader.accept("ON") else reader.name().name
    reader.accept("ON")
    only = reader.accept("ONLY")
    table, body = reader.name(), reader.rest()
    return Statement(
        reader.sql,
        Kind.CREATE_INDEX,
        table,
        name or index_name(table.name, body),
        body,
        unique=unique,
        concurrently=concurrently,
        guarded=guarded,
        only=only,
    )


def _drop(reader: _Reader) -> Iterator[Statement]:
    reader.accept("DROP")
    if reader.accept("INDEX"):
        concurrently = reader.accept("CONCURRENTLY")
        guarded = reader.accept("IF", "EXISTS")
        for index, tail in _names(reader):
            sql = f"DROP INDEX {'CONCURRENTLY ' * concurrently}{'IF EXISTS ' * guarded}{index}{tail}"
            yield Statement(sql, Kind.DROP_INDEX, index, index.name, tail.strip(), concurrently=concurrently)
    elif reader.accept("TABLE"):
        reader.accept("IF", "EXISTS")
        found = list(_names(reader))
        tables, tail = [table for table, _ in found], found[0][1]
        yield Statement(reader.sql, Kind.DROP_TABLE, tables[0], "", tail.strip(), tuple(tables[1:]))
    elif reader.accept("TRIGGER"):
        reader.accept("IF", "EXISTS")
        name = reader.name().name
        reader.accept("ON")
        yield Statement(reader.sql, Kind.DROP_TRIGGER, reader.name(), name)
    else:
        kind = Kind.UNTRANSACTIONAL if any(map(reader.accept, _UNTRANSACTIONAL_OBJECTS)) else Kind.OBJECT
        yield Statement(reader.sql, kind)


def _names(reader: _Reader) -> Iterator[tuple[Name, str]]:
    """Each of the names in a DROP, with the CASCADE or RESTRICT that follows all of them."""
    names = split_commas(reader.rest())
    last = list(tokens(names[-1]))
    tail = f" {last[-1].word}" if len(last) > 1 and last[-1].word in ("CASCADE", "RESTRICT") else ""
    for text in names:
        yield _Reader(text).name(), tail


def _alter_table(reader: _Reader) -> Iterator[Statement]:
    guarded = reader.accept("IF", "EXISTS")
    only = reader.accept("ONLY")
    table = reader.name()
    head = f"ALTER TABLE {'IF EXISTS ' * guarded}{'ONLY ' * only}{table} "
    for action in split_commas(reader.rest()):
        yield _action(head, table, _Reader(action))


_REWRITING = ("LOGGED", "UNLOGGED", "TABLESPACE", "ACCESS")


def _action(head: str, table: Name, action: _Reader) -> Statement:
    """One action of an ALTER TABLE; ``head`` is the statement up to the table's name."""
    sql = head + action.sql
    if action.accept("ADD"):
        return _add(head, table, action)
    if action.accept("VALIDATE", "CONSTRAINT"):
        return Statement(sql, Kind.VALIDATE, table, action.name().name)
    if action.accept("RENAME", "TO"):
        return Statement(sql, Kind.RENAME_TABLE, table, action.name().name)
    if action.accept("DROP"):
        kind = Kind.DROP_CONSTRAINT if action.accept("CONSTRAINT") else Kind.DROP_COLUMN
        action.accept("COLUMN")
        action.accept("IF", "EXISTS")
        return Statement(sql, kind, table, action.name().name)
    if action.accept("ALTER"):
        return _alter_column(sql, table, action)
    if action.accept("SET") and (token := action.peek()) and token.word in _REWRITING:
        return Statement(sql, Kind.REWRITE, table, token.word)
    detached = action.accept("DETACH", "PARTITION") and action.all[-1].word == "CONCURRENTLY"
    return Statement(sql, Kind.UNTRANSACTIONAL if detached else Kind.ALTER_TABLE, table)


def _alter_column(sql: str, table: Name, action: _Reader) -> Statement:
    action.accept("COLUMN")
    column = action.name().name
    if action.accept("SET", "NOT", "NULL"):
        return Statement(sql, Kind.SET_NOT_NULL, table, column)
    if action.accept("SET", "EXPRESSION"):
        return Statement(sql, Kind.REWRITE, table, column)
    action.accept("SET", "DATA")
    if action.accept("TYPE"):
        return Statement(sql, Kind.ALTER_TYPE, table, column, action.rest())
    return Statement(sql, Kind.ALTER_TABLE, table, column)


def _add(head: str, table: Name, action: _Reader) -> Statement:
    sql = head + action.sql
    if action.accept("CONSTRAINT"):
        name = action.name().name
        return Statement(sql, Kind.ADD_CONSTRAINT, table, name, action.rest(), action.references())
    token = action.peek()
    if token and token.word in LABELS:
        name = constraint_name(table.name, action.rest())
        body, references = action.rest(), action.references()
        sql = f"{head}ADD CONSTRAINT {Name('', name)} {body}"
        return Statement(sql, Kind.ADD_CONSTRAINT, table, name, body, references)
    action.accept("COLUMN")
    guarded = action.accept("IF", "NOT", "EXISTS")
    name = action.name().name
    return Statement(sql, Kind.ADD_COLUMN, table, name, action.rest(), action.references(), guarded=guarded)
