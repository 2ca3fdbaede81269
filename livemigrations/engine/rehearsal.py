"""A rehearsal: the migrations of one database run on a copy of its schema, as if its rows were there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.relations import Relation, fetch, has_rows
from livemigrations.engine.confinement import confined, refuse_database, running
from livemigrations.engine.probe import Probe
from livemigrations.engine.reporter import Silent
from livemigrations.engine.session import Session
from livemigrations.engine.steps import Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.errors import LiveMigrationError
from livemigrations.pgtools.addresses import beside
from livemigrations.results import StepReport
from livemigrations.statements.names import Name


@dataclass(frozen=True, slots=True)
class Seen:
    """A table as it is in the source. ``rows`` is the server's estimate, ``size`` is in bytes."""

    populated: bool
    rows: int
    size: int


_TABLES = """
SELECT c.oid::bigint, n.nspname, c.relname, pg_table_size(c.oid),
       CASE WHEN c.relkind = 'p' THEN 0 WHEN c.reltuples >= 0 THEN c.reltuples ELSE pg_stat_get_live_tuples(c.oid) END::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""


def observe(connection: BaseDatabaseWrapper) -> dict[Name, Seen]:
    """Every table of a database: has it rows, how many about, how large is it. A parent has what its partitions have."""
    found = {}
    for oid, schema, name, size, rows in fetch(connection, _TABLES):
        found[Name(schema, name)] = Seen(has_rows(connection, oid), rows, size)
    for *above, schema, name in fetch(connection, _PARTITIONS):
        parent, child = Name(*above), Name(schema, name)
        if parent in found and child in found:
            one, other = found[parent], found[child]
            found[parent] = replace(one, rows=one.rows + other.rows, size=one.size + other.size)
    return found


_PARTITIONS = """
SELECT pn.nspname, p.relname, cn.nspname, c.relname
FROM pg_class p JOIN pg_namespace pn ON pn.oid = p.relnamespace CROSS JOIN LATERAL pg_partition_tree(p.oid) t
JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace cn ON cn.oid = c.relnamespace
WHERE p.relkind = 'p' AND t.isleaf
"""


class Mirrored(Surroundings):
    """Surroundings in which the copy's tables count as populated and large as they are in the source."""

    def __init__(self, copy: BaseDatabaseWrapper, seen: dict[Name, Seen]) -> None:
        super().__init__(copy)
        rows = fetch(copy, _TABLES)
        self.seen = {oid: seen[name] for oid, *parts, _, _ in rows if (name := Name(*parts)) in seen}

    def find(self, table: Name) -> Relation | None:
        found = super().find(table)
        seen = self.seen.get(found.oid) if found else None
        return replace(found, rows=seen.rows, size=seen.size) if found and seen else found

    def populated(self, table: Name) -> bool:
        found = self.find(table)
        if found is None or found.oid not in self.seen:
            return super().populated(table)
        return self.seen[found.oid].populated

    def extent(self, found: Relation) -> tuple[int, int]:
        seen = self.seen.get(found.oid)
        return (seen.rows, seen.size) if seen else super().extent(found)


class _Still(Probe):
    """A probe that asks nothing: nobody is stalled on a copy."""

    @contextmanager
    def watch(self, tables: tuple[str, ...], *, calm: bool = False) -> Iterator[Probe]:
        yield self


class Rehearsal(Session):
    """A run on a copy. It tells no signals: nothing of it happens to the database that receivers care for."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.probe = _Still(self.connection)

    def step_started(self, migration: str, operation: int, step: Step) -> None:
        """Nobody is told."""

    def step_finished(self, step: Step, report: StepReport) -> None:
        self.steps.append(report)


@contextmanager
def standing_in(copy: BaseDatabaseWrapper, alias: str) -> Iterator[BaseDatabaseWrapper]:
    """Have ``connections[alias]`` be the copy, in this thread and those started from it, and nothing else be reached.

    The Python of a migration often names no alias and means the default one: on a copy it must not reach the
    database that was copied, nor anything else that stays when the copy goes (see ``engine.confinement``). Its
    replicas, as far as ``TEST["MIRROR"]`` names them, are the copy as well.
    """
    wrapper: BaseDatabaseWrapper = beside(copy, alias=alias)
    name = str(copy.settings_dict["NAME"])
    [(there,)] = fetch(wrapper, "SELECT current_database()")
    if there != name:
        raise LiveMigrationError(f"The copy {name} was to stand in for {alias}, but the connection leads to {there}.")
    same = {alias, *_mirrors(alias)}
    before = {other: connections[other] for other in same}
    try:
        with ExitStack() as stack:
            for other in same:
                connections[other] = wrapper
            for other in connections:
                if other not in (*same, copy.alias):
                    stack.enter_context(connections[other].execute_wrapper(_refuse))
            stack.enter_context(confined(wrapper, same))
            yield wrapper
    finally:
        wrapper.close()
        for other, usual in before.items():
            connections[other] = usual


def _mirrors(alias: str) -> Iterator[str]:
    """The aliases that say of themselves, for tests, that they are replicas of this one: routers send reads there."""
    for other, settings in connections.settings.items():
        if settings["TEST"].get("MIRROR") == alias:
            yield other


def _refuse(execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    refuse_database(context["connection"].alias, str(sql))


class Naming(Silent):
    """Tells nothing but which migration runs, to those who may have to name it."""

    def migration(self, name: str, *, backwards: bool, fake: bool = False) -> None:
        running(name)

    def migrated(self) -> None:
        running("")
