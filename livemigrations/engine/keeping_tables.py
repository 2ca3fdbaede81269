"""A dropped table is moved: instant, whatever its size, and without room for a copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog import dependents, kept
from livemigrations.catalog.cascades import Dependent, dependents_outside, note_sql
from livemigrations.catalog.relations import Relation
from livemigrations.engine.steps import Lane, Step
from livemigrations.errors import DataWouldBeLost
from livemigrations.statements.names import MAX_BYTES, Name, clip, code, identifier, literal

_CREATES_SCHEMA = 7309452918732  # IF NOT EXISTS alone fails for the second of two sessions


def steps(
    connection: BaseDatabaseWrapper, found: Relation, plain: Step, line: kept.Kept, *, cascade: bool
) -> Iterator[Step]:
    """Instead of ``plain``, which drops the table: take off what hangs on it and move it, then count its rows.

    Without ``cascade`` a table that others still refer to by then is refused, as PostgreSQL does.
    """
    label = f"table {found.name}, kept as {line.table.plain}"
    statements = moving(connection, found, plain.sql[:-1], line, cascade=cascade)
    yield replace(plain, label=label, sql=tuple(statements), unlocked=0, undo=())
    count = f"UPDATE livemigrations_kept SET rows = (SELECT count(*) FROM {line.table}), state = 'kept'"
    yield Step(
        f"count what is kept of {found.name}",
        Lane.BATCH,
        (f"{count} WHERE kept_as = {literal(line.kept_as)}",),
        later=True,
    )


def moving(
    connection: BaseDatabaseWrapper, found: Relation, before: tuple[str, ...], line: kept.Kept, *, cascade: bool
) -> list[str]:
    """The statements that move a table; ``before`` comes first, then those that drop what depends on it.

    Without ``cascade`` they fail if anything does. Raises ``DataWouldBeLost`` if something is dropped with the table
    that nobody could create again.
    """
    members = dependents.family(connection, found.oid)
    outside = dependents_outside(connection, [oid for oid, _ in members]) if cascade else []
    _refuse_losses(found, outside, line)
    others = [one.drop for one in reversed(outside)] if cascade else [_refuse_dependents(members)]
    parents = dependents.parting(connection, found.oid)
    statements = [*schema_sql(connection), *before, *(sql for sql in others if sql not in before), *parents]
    for number, (oid, name) in enumerate(members):
        apart = bool(parents) and not number
        statements += [sql for sql in _stripped(connection, oid, name, apart=apart) if sql not in before]
    statements += [register_sql(connection, line, found.oid)]
    statements += _without_defaults(connection, *members[0])
    statements += _without_collations(connection, *members[0])
    for number, (oid, name) in enumerate(members):
        new = line.kept_as if not number else _part_name(line.kept_as, number)
        statements += _moved(connection, oid, name, new)
    return [*statements, *note_sql(line.table, outside)]


def _refuse_losses(found: Relation, outside: list[Dependent], line: kept.Kept) -> None:
    """Raise ``DataWouldBeLost`` for what the engine could not create again."""
    lost = [one for one in outside if not one.create]
    if lost:
        names = ", ".join(one.described for one in lost)
        remedy = "; ".join(one.drop for one in lost)
        raise DataWouldBeLost(
            f"{line.app}.{line.migration} ({line.direction}) drops the table {found.name}, and with it {names}, which"
            f" nothing could restore.\nNothing of this operation was changed. Remedy: drop that in a migration before"
            f" this one ({remedy}), or run again with --discard-data if the data may be lost."
        )


def _refuse_dependents(members: list[tuple[int, Name]]) -> str:
    """A statement that fails as DROP TABLE does while a view or a foreign key needs the table.

    It finds the tables by their names: the journal keeps it, and in a restored database their oids are others.
    """
    oids = ", ".join(f"{literal(str(name))}::regclass" for _, name in members)
    message = literal(f"cannot drop table {members[0][1].plain} because other objects depend on it")
    body = (
        f" DECLARE needed text := ({dependents.needed_by_sql(oids)}); BEGIN\n"
        "IF needed IS NOT NULL THEN RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',"
        f" MESSAGE = {message}, DETAIL = needed; END IF; END "
    )
    return f"DO {code(body)}"


def schema_sql(connection: BaseDatabaseWrapper) -> list[str]:
    """The statements that create the schema for dropped data, if it is missing; several tenants may do so at once."""
    if kept.schema_exists(connection):
        return []
    return [f"SELECT pg_advisory_xact_lock({_CREATES_SCHEMA})", f"CREATE SCHEMA IF NOT EXISTS {kept.SCHEMA}"]


def register_sql(connection: BaseDatabaseWrapper, line: kept.Kept, oid: int | None = None) -> str:
    """The line of the register; with ``oid`` it notes how far the table's sequences are."""
    state = "kept" if oid is not None else line.state
    found = dependents.sequences_of(connection, oid) if oid is not None else []
    positions = ", ".join(
        f"{literal(s.column)}, (SELECT jsonb_build_array(last_value, is_called) FROM {s.name})" for s in found
    )
    values = [
        line.kept_as,
        line.schema,
        line.relation,
        line.attribute,
        line.app,
        line.migration,
        line.direction,
        state,
        line.narrowed_to,
    ]
    return (
        "INSERT INTO livemigrations_kept (kept_as, relation_schema, relation, attribute, app, migration, direction,"
        f" state, narrowed_to, sequences) VALUES ({', '.join(map(literal, values))}, jsonb_build_object({positions}))"
    )


def _part_name(kept_as: str, number: int) -> str:
    return _ending(kept_as, f"_p{number}")


def _ending(name: str, ending: str) -> str:
    """A name with an ending; the digest at the end of what it is made of stays whole."""
    return clip(name[:-9], MAX_BYTES - 9 - len(ending)) + name[-9:] + ending


def _stripped(connection: BaseDatabaseWrapper, oid: int, name: Name, *, apart: bool) -> list[str]:
    """Take off everything that is not rows or the primary key: it may name what later steps drop, or show the rows.

    An earlier statement of the same way back may have dropped some of it. ``apart``: it was parted from a parent.
    """
    table, gone = f"ALTER TABLE {name}", "IF EXISTS"
    found = [f"DROP TRIGGER {gone} {identifier(one)} ON {name}" for one in dependents.triggers_of(connection, oid)]
    found += [f"DROP POLICY {gone} {identifier(one)} ON {name}" for one in dependents.policies_of(connection, oid)]
    if dependents.has_row_security(connection, oid):  # without its policies it would hide every row, forever
        found.append(f"{table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY")
    found += [f"DROP RULE {gone} {identifier(one)} ON {name}" for one in dependents.rules_of(connection, oid)]
    found += [f"DROP STATISTICS {gone} {one}" for one in dependents.statistics_of(connection, oid)]
    found += [f"REVOKE ALL ON {name} FROM {one} CASCADE" for one in dependents.grantees_of(connection, oid)]
    constraints = dependents.constraints_of(connection, oid, inherited=apart)
    found += [f"{table} DROP CONSTRAINT IF EXISTS {identifier(constraint)}" for constraint in constraints]
    found += [f"DROP INDEX {gone} {index}" for index in dependents.indexes_of(connection, oid, inherited=apart)]
    return found


def _moved(connection: BaseDatabaseWrapper, oid: int, name: Name, new: str) -> list[str]:
    renamed = Name(name.schema, new)
    found = []
    if key := dependents.primary_key_of(connection, oid):
        found.append(f"ALTER TABLE {name} RENAME CONSTRAINT {identifier(key)} TO {identifier(_ending(new, '_pkey'))}")
    found.append(f"ALTER TABLE {name} RENAME TO {identifier(new)}")
    found.append(f"ALTER TABLE {renamed} SET SCHEMA {kept.SCHEMA}")
    return found


def _without_defaults(connection: BaseDatabaseWrapper, oid: int, name: Name) -> list[str]:
    """Defaults and sequences go: their names are needed again, and they may use functions that go as well."""
    actions = {"": "ALTER COLUMN {} DROP DEFAULT", "s": "ALTER COLUMN {} DROP EXPRESSION", "v": "DROP COLUMN {}"}
    found = [
        f"ALTER TABLE {name} {actions[kind].format(identifier(column))}"
        for column, kind in dependents.defaults_of(connection, oid)
    ]
    for sequence in dependents.sequences_of(connection, oid):
        if sequence.identity:
            found.append(f"ALTER TABLE {name} ALTER COLUMN {identifier(sequence.column)} DROP IDENTITY")
        else:
            found.append(f"DROP SEQUENCE {sequence.name}")
    return found


def _without_collations(connection: BaseDatabaseWrapper, oid: int, name: Name) -> list[str]:
    """A collation of one's own may be dropped in a later step; a change of it touches no row."""
    return [
        f'ALTER TABLE {name} ALTER COLUMN {identifier(column)} TYPE {kind} COLLATE pg_catalog."default"'
        for column, kind in dependents.collated(connection, oid)
    ]
