"""The one transaction in which columns of another type take the places of the old ones: catalog changes only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from livemigrations.catalog.attached import OwnConstraint, OwnIndex, OwnSequence, Settings
from livemigrations.engine.retyping_columns import Retyped, Side
from livemigrations.statements.names import Name, beside, identifier, literal

_LAST = "livemigrations.last"
_WHOLE = ("smallint", "integer", "bigint")


def swap(sides: list[Side], keys: Iterable[tuple[Name, str]], final: dict[tuple[Name, str], str]) -> list[str]:
    """The statements of the swap.

    ``keys`` are the (table, name) of the foreign keys from and to the old columns; ``final`` the names that some of
    them get, other than their own.
    """
    found = [side.without_trigger()[0] for side in sides]
    found += [f"ALTER TABLE {table} DROP CONSTRAINT {identifier(name)}" for table, name in keys]
    for side in sides:
        for column in side.columns:
            found += _columns(side, column)
    for side in sides:
        found += [sql for index in side.indexes for sql in _index(side, index)]
        found += [sql for one in side.constraints for sql in _constraint(side, one, final)]
        found += [sql for column in side.columns for sql in _settings(side, column)]
        found.append(side.without_trigger()[1])
    return found


def _columns(side: Side, column: Retyped) -> Iterator[str]:
    table, name, new = side.table, identifier(column.name), identifier(column.new)
    sequence = column.settings.sequence
    if sequence and sequence.kind:
        yield f"SELECT set_config('{_LAST}', last_value || ',' || is_called, true) FROM {sequence.name}"
    elif sequence:
        yield f"ALTER SEQUENCE {sequence.name} OWNED BY {table}.{new}"
    yield f"ALTER TABLE {table} DROP COLUMN {name}"
    yield f"ALTER TABLE {table} RENAME COLUMN {new} TO {name}"
    if column.settings.not_null:
        yield f"ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL"  # the CHECK spares it the scan
        yield f"ALTER TABLE {table} DROP CONSTRAINT {identifier(column.check)}"
    if sequence and sequence.kind:
        yield from _identity(table, name, column, sequence)
    elif column.settings.default:
        yield f"ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {column.settings.default}"


def _identity(table: Name, name: str, column: Retyped, sequence: OwnSequence) -> Iterator[str]:
    if column.type not in _WHOLE:
        return
    always = "ALWAYS" if sequence.kind == "a" else "BY DEFAULT"
    yield (
        f"ALTER TABLE {table} ALTER COLUMN {name} ADD GENERATED {always} AS IDENTITY"
        f" (SEQUENCE NAME {sequence.name} {sequence.options})"
    )
    last = f"current_setting('{_LAST}')"
    yield (
        f"SELECT setval({literal(str(sequence.name))}, split_part({last}, ',', 1)::bigint,"
        f" split_part({last}, ',', 2)::boolean)"
    )


def _index(side: Side, index: OwnIndex) -> Iterator[str]:
    table, name, made = side.table, identifier(index.name), identifier(beside(index.name))
    if index.kind:
        word = "PRIMARY KEY" if index.kind == "p" else "UNIQUE"
        deferred = re.search(r" DEFERRABLE.*$", index.constraint)
        yield f"ALTER TABLE {table} ADD CONSTRAINT {name} {word} USING INDEX {made}{deferred[0] if deferred else ''}"
    else:
        yield f"ALTER INDEX {Name(table.schema, beside(index.name))} RENAME TO {name}"
    if index.clustered:
        yield f"ALTER TABLE {table} CLUSTER ON {name}"
    if index.comment:
        yield f"COMMENT ON INDEX {Name(table.schema, index.name)} IS {literal(index.comment)}"
    if index.constraint_comment:
        yield f"COMMENT ON CONSTRAINT {name} ON {table} IS {literal(index.constraint_comment)}"


def _constraint(side: Side, one: OwnConstraint, final: dict[tuple[Name, str], str]) -> Iterator[str]:
    name = identifier(final.get((side.table, one.name), one.name))
    yield f"ALTER TABLE {side.table} RENAME CONSTRAINT {identifier(beside(one.name))} TO {name}"
    if one.comment:
        yield f"COMMENT ON CONSTRAINT {name} ON {side.table} IS {literal(one.comment)}"


def _settings(side: Side, column: Retyped) -> Iterator[str]:
    """What ALTER TYPE leaves as it is: comment, rights, the target and options of statistics."""
    stated: Settings = column.settings
    table, name = side.table, identifier(column.name)
    alter = f"ALTER TABLE {table} ALTER COLUMN {name}"
    if stated.comment:
        yield f"COMMENT ON COLUMN {table}.{name} IS {literal(stated.comment)}"
    if stated.target is not None:
        yield f"{alter} SET STATISTICS {stated.target}"
    if stated.options:
        yield f"{alter} SET ({stated.options})"
    for who, what, grantable in stated.grants:
        tail = " WITH GRANT OPTION" if grantable else ""
        yield f"GRANT {what} ({name}) ON {table} TO {who}{tail}"
