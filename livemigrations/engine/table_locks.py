"""Which tables a plain statement locks, and how: its own, those that it names, those that the catalog ties to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from livemigrations.catalog.partitions import default_partition
from livemigrations.engine.steps import Mode
from livemigrations.engine.surroundings import Surroundings
from livemigrations.statements.names import Name, parse_name
from livemigrations.statements.parse import Kind, Statement
from livemigrations.statements.tokens import split_commas, tokens

_ALL, _WRITERS, _NO_OTHER_DDL = Mode.ACCESS_EXCLUSIVE, Mode.SHARE_ROW_EXCLUSIVE, Mode.SHARE_UPDATE_EXCLUSIVE

_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_NAMES = r"(?P<names>.*?)(?:\s+(?:RESTART|CONTINUE)\s+IDENTITY)?(?:\s+(?:CASCADE|RESTRICT))?\s*$"
_ONE = rf"(?P<names>{_NAME}(?:\s*\.\s*{_NAME})*)"

# Statements about what is no table, or that are read no further: the relations that they name, and their mode on them.
_OTHERS = [
    (re.compile(rf"{start}", re.IGNORECASE | re.DOTALL), mode)
    for start, mode in [
        (rf"DROP\s+(?:MATERIALIZED\s+)?VIEW\s+(?:IF\s+EXISTS\s+)?{_NAMES}", _ALL),
        (
            rf"(?:CREATE\s+OR\s+REPLACE|ALTER)\s+(?:(?:MATERIALIZED|RECURSIVE)\s+)?VIEW\s+(?:IF\s+EXISTS\s+)?{_ONE}",
            _ALL,
        ),
        (rf"REFRESH\s+MATERIALIZED\s+VIEW\s+CONCURRENTLY\s+{_ONE}", Mode.EXCLUSIVE),
        (rf"REFRESH\s+MATERIALIZED\s+VIEW\s+(?!CONCURRENTLY\b){_ONE}", _ALL),
        (rf"TRUNCATE\s+(?:TABLE\s+)?{_NAMES}", _ALL),
        (rf"CREATE\s+(?:OR\s+REPLACE\s+)?RULE\b.*?\sTO\s+{_ONE}", _ALL),
        (rf"(?:(?:CREATE|ALTER|DROP)\s+POLICY|(?:ALTER|DROP)\s+RULE)\s+(?:IF\s+EXISTS\s+)?{_NAME}\s+ON\s+{_ONE}", _ALL),
        (rf"COMMENT\s+ON\s+(?:TABLE|VIEW|MATERIALIZED\s+VIEW)\s+{_ONE}", _NO_OTHER_DDL),
        (rf"COMMENT\s+ON\s+COLUMN\s+(?P<names>(?:{_NAME}\s*\.\s*)?{_NAME})\s*\.\s*{_NAME}\s+IS\b", _NO_OTHER_DDL),
        (rf"CREATE\s+STATISTICS\b.*\sFROM\s+{_ONE}", _NO_OTHER_DDL),
        (rf"ANALYZE\s+(?:VERBOSE\s+)?{_ONE}", _NO_OTHER_DDL),
    ]
]
_STORED = r"(?:toast\.)?(?:autovacuum_\w+|vacuum_\w+|log_autovacuum_\w+)|fillfactor|parallel_workers|toast_tuple_target"
_GENTLE = re.compile(
    rf"ALTER\s+(?:COLUMN\s+)?{_NAME}\s+(?:SET\s+STATISTICS|(?:RE)?SET\s*\()|CLUSTER\s+ON\b|SET\s+WITHOUT\s+CLUSTER\b"
    rf"|(?:RE)?SET\s*\(\s*(?:{_STORED})\b[^,()]*(?:,\s*(?:{_STORED})\b[^,()]*)*\)$",
    re.IGNORECASE,
)
_TRIGGERS = re.compile(r"(?:ENABLE|DISABLE)\s+(?:(?:REPLICA|ALWAYS)\s+)?TRIGGER\b", re.IGNORECASE)
_PARTITION = re.compile(rf"(?P<word>ATTACH|DETACH)\s+PARTITION\s+{_ONE}(?P<rest>.*)", re.IGNORECASE | re.DOTALL)


def table_locks(around: Surroundings, statement: Statement) -> dict[Name, Mode]:
    """The locks of a plain statement; tables that do not exist yet may be among them."""
    locks: dict[Name, Mode] = dict.fromkeys(statement.references, _WRITERS)
    table = statement.table
    if table is None:
        return dict(_of_another(statement.sql))
    if statement.kind in (Kind.CREATE_INDEX, Kind.TRIGGER):
        locks[table] = _WRITERS
    elif statement.kind == Kind.VALIDATE:
        locks[table] = _NO_OTHER_DDL
    elif statement.kind == Kind.ADD_CONSTRAINT and statement.references:
        locks[table] = _WRITERS
    elif statement.kind == Kind.ALTER_TABLE:
        locks |= _of_alter(around, table, statement)
    elif statement.kind != Kind.CREATE_TABLE:
        locks[table] = _ALL
    elif re.match(r"\s*PARTITION\s+OF\b", statement.body, re.IGNORECASE):
        locks = dict.fromkeys(statement.references, _ALL)
    return locks | dict.fromkeys(_tied(around, table, statement), _ALL)


def _tied(around: Surroundings, table: Name, statement: Statement) -> list[Name]:
    """The other tables that a DROP locks like its own."""
    if statement.kind == Kind.DROP_TABLE:
        tables = (table, *statement.references)
        return [*statement.references, *(other for one in tables for other in around.locked_with(one))]
    if statement.kind == Kind.DROP_CONSTRAINT:
        return around.locked_with(table, constraint=statement.name)
    if statement.kind == Kind.DROP_COLUMN:
        return around.locked_with(table, column=statement.name)
    return []


def _of_another(sql: str) -> Iterator[tuple[Name, Mode]]:
    for pattern, mode in _OTHERS:
        if match := pattern.match(sql):
            for text in split_commas(match["names"]):
                yield parse_name(re.sub(r"^ONLY\s+", "", text, flags=re.IGNORECASE)), mode
            return


def _of_alter(around: Surroundings, table: Name, statement: Statement) -> dict[Name, Mode]:
    action = _action(statement.sql)
    if _GENTLE.match(action):
        return {table: _NO_OTHER_DDL}
    if _TRIGGERS.match(action):
        return {table: _WRITERS}
    if match := _PARTITION.match(action):
        attaches = match["word"].upper() == "ATTACH"
        own = _NO_OTHER_DDL if attaches or match["rest"].strip().upper() == "FINALIZE" else _ALL
        others = [parse_name(match["names"])]
        if found := around.find(table):  # it is searched for rows of the new one, or may take those of the old one
            others += default_partition(around.connection, found.oid)
        return {table: own, **dict.fromkeys(others, _ALL)}
    return {table: _ALL}


def _action(sql: str) -> str:
    """What stands behind the name in an ALTER TABLE of one action."""
    words = list(tokens(sql))
    at = 2 + 2 * (words[2].word == "IF")
    at += words[at].word == "ONLY"
    while words[at + 1].text == ".":
        at += 2
    return sql[words[at + 1].start :]
