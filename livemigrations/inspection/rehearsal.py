"""The history of the schema as the migrations write it: run on a scratch database, operation by operation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from livemigrations.catalog.following import Following
from livemigrations.catalog.objects import Key, Objects, Thing, own_schemas, read_objects, used_schemas
from livemigrations.catalog.relations import fetch
from livemigrations.engine.confinement import running
from livemigrations.engine.dry import rendered
from livemigrations.engine.planner import is_noop, parts
from livemigrations.engine.rehearsal import standing_in
from livemigrations.errors import RehearsalFailed
from livemigrations.inspection.seeds import SeedProof
from livemigrations.inspection.withholding import reads_rows, withheld
from livemigrations.operations.rows import SeedRows
from livemigrations.pgtools.scratch import scratch_database
from livemigrations.statements.names import identifier

_READS = re.compile(r"\s*(SELECT|SHOW|SAVEPOINT|RELEASE|ROLLBACK|SET)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Change:
    """What an operation did to one object; None is its absence."""

    key: Key
    before: Thing | None
    after: Thing | None


@dataclass(slots=True)
class Rehearsed:
    """An operation that ran: its place in the whole history and in its migration, and what it changed.

    ``wrote`` says whether it sent anything but questions, ``seed`` how its rows can be found. ``withheld`` says why
    adoption does not run the operation on a database that is in use: it is code, or it changes rows. Empty if it may run.
    """

    position: int
    migration: tuple[str, str]
    index: int
    operation: Operation
    changes: list[Change] = field(default_factory=list)
    wrote: bool = False
    withheld: str = ""
    reads_rows: bool = False
    seed: SeedProof | None = None


@dataclass(slots=True)
class History:
    """All the operations in their order, the objects at the end, and the schemas that they stand in."""

    operations: list[Rehearsed] = field(default_factory=list)
    objects: Objects = field(default_factory=dict)
    schemas: list[str] = field(default_factory=list)
    state: ProjectState | None = None


def rehearse(
    connection: BaseDatabaseWrapper,
    migrations: Iterable[Migration],
    *,
    purpose: str,
    each: bool,
    tell: Callable[[str], None] = lambda text: None,
) -> History:
    """Run ``migrations`` on a scratch database beside ``connection``; with ``each``, look after every operation.

    ``tell`` is called with the label of each migration. Raises ``RehearsalFailed`` if one of them does not run, and
    ``MissingRights`` where the role may not make a database.
    """
    history = History()
    schemas = [f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}" for schema in own_schemas(connection)]
    prerequisites = _prerequisites(connection)
    with scratch_database(connection, purpose=purpose) as scratch, standing_in(scratch, connection.alias) as twin:
        _make(twin, ["SET synchronous_commit = off", *schemas])
        stage = _Stage(twin, prerequisites, Following(twin) if each else None)
        stage.look()
        state = rendered(ProjectState(real_apps=set()))
        for migration in migrations:
            tell(str(migration))
            running(str(migration))
            _rehearse(stage, migration, state, history)
        history.state = state
        history.schemas = used_schemas(twin)
        if not each:
            history.objects = read_objects(twin, history.schemas)
    return history


@dataclass(slots=True)
class _Stage:
    """The scratch database; ``prerequisites`` it may still need, by name; ``following`` looks after each operation."""

    twin: BaseDatabaseWrapper
    prerequisites: dict[str, str]
    following: Following | None

    def look(self) -> list[Change]:
        """What changed since the last look."""
        if self.following is None:
            return []
        before, now = self.following.look()
        pairs = [(key, before.get(key), now.get(key)) for key in dict.fromkeys([*before, *now])]
        return [Change(key, old, new) for key, old, new in pairs if _version(old) != _version(new)]

    def supply(self, error: DatabaseError) -> bool:
        """Put in what an error names, or else all that is left. Returns whether there was anything."""
        named = [name for name in self.prerequisites if name in str(error)] or list(self.prerequisites)
        _make(self.twin, [self.prerequisites.pop(name) for name in named])
        self.look()
        return bool(named)


def _version(thing: Thing | None) -> tuple[str, bool] | None:
    return None if thing is None else (thing.definition, thing.valid)


def _rehearse(stage: _Stage, migration: Migration, state: ProjectState, history: History) -> None:
    index = 0
    for operation in migration.operations:
        before = state.clone()
        operation.state_forwards(migration.app_label, state)
        for part, one, other in parts(migration.app_label, operation, before, state.clone()):
            key = (migration.app_label, migration.name)
            done = Rehearsed(len(history.operations), key, index, part)
            history.operations.append(done)
            index += 1
            try:
                sent = _run(stage, migration, part, one, other)
            except Exception as error:
                raise RehearsalFailed(
                    f"{migration.app_label}.{migration.name}, operation {index} ({part.describe()}) does not run on an"
                    f" empty database: {type(error).__name__}: {str(error).strip()}\nNothing was changed. Remedy: what"
                    " the migrations make can only be compared if they can be run from the first one on: correct it."
                ) from error
            done.withheld = withheld(part, sent)
            done.wrote = bool(done.withheld) or any(not _READS.match(sql) for sql in sent)
            done.reads_rows = reads_rows(sent)
            if isinstance(part, SeedRows):
                done.seed = SeedProof.of(stage.twin, part, other)
            if done.wrote:
                done.changes = stage.look()


def _run(
    stage: _Stage, migration: Migration, operation: Operation, before: ProjectState, after: ProjectState
) -> list[str]:
    """Run one operation, again if it misses something that no migration makes. Returns the statements that it sent."""
    if is_noop(operation, backwards=False):
        return []
    while True:
        try:
            return _sent(stage.twin, migration, operation, before, after)
        except DatabaseError as error:
            if not stage.supply(error):
                raise


def _sent(
    twin: BaseDatabaseWrapper, migration: Migration, operation: Operation, before: ProjectState, after: ProjectState
) -> list[str]:
    """Run one operation in the transaction that it asks for. Returns the statements that it sent."""
    own: Any = getattr(operation, "atomic", None)
    sent: list[str] = []

    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        sent.append(str(sql))
        return execute(sql, params, many, context)

    with (
        twin.execute_wrapper(note),
        twin.schema_editor(atomic=bool(own or (migration.atomic and own is not False))) as editor,
    ):
        operation.database_forwards(migration.app_label, editor, before, after)
    return sent


def _prerequisites(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """What migrations may find but do not make, as statements by name: extensions, functions of defaults."""
    wanted = {}
    for name, schema in fetch(
        connection,
        "SELECT e.extname, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
        " WHERE e.extname <> 'plpgsql' AND n.nspname = ANY (current_schemas(true)) ORDER BY e.oid",
    ):
        wanted[name] = f"CREATE EXTENSION IF NOT EXISTS {identifier(name)} WITH SCHEMA {identifier(schema)} CASCADE"
    return wanted | {f"{name}(": text for name, text in fetch(connection, _FUNCTIONS_OF_DEFAULTS)}


def _make(twin: BaseDatabaseWrapper, prerequisites: list[str]) -> None:
    for statement in prerequisites:
        try:
            with twin.cursor() as cursor:
                cursor.execute(statement)
        except DatabaseError:
            continue  # whatever needs it will say so


_FUNCTIONS_OF_DEFAULTS = """
SELECT p.proname, string_agg(DISTINCT pg_get_functiondef(p.oid), ';') FROM pg_attrdef a
JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_proc'::regclass
JOIN pg_proc p ON p.oid = d.refobjid JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY (current_schemas(false)) AND p.prokind = 'f' AND NOT EXISTS
    (SELECT 1 FROM pg_depend x WHERE x.classid = 'pg_proc'::regclass AND x.objid = p.oid AND x.deptype = 'e')
GROUP BY p.proname ORDER BY p.proname
"""


def names_in_use(history: History) -> set[str]:
    """The names that migrations give to indexes and constraints, and by which later ones look for them."""
    assert history.state is not None
    found: set[str] = set()
    for model in history.state.models.values():
        options: dict[str, Any] = model.options
        for one in [*(options.get("indexes") or []), *(options.get("constraints") or [])]:
            found.add(str(one.name))
    return found
