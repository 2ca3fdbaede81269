"""What a database holds beside the rows of its tables: large objects, materialized views, positions of sequences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.catalog.checksums import TableSum, checksums
from livemigrations.catalog.relations import fetch
from livemigrations.statements.names import Name

_PIECE = 1 << 20
_AT_ONCE = 200
# Piece by piece, since an object may hold terabytes; by lo_get, since only superusers may read pg_largeobject.
_HASH = f"""
LATERAL (SELECT length(d), sha256(convert_to(o || '/' || a || '/', 'UTF8') || d)
         FROM (SELECT o, a, lo_get(o, a, {_PIECE}) AS d OFFSET 0) read) AS h (length, hash)
"""
_OBJECTS = f"""
WITH RECURSIVE piece (o, a, length, hash) AS (
    SELECT o, a, h.* FROM (SELECT oid AS o, 0::bigint AS a FROM pg_largeobject_metadata) first, {_HASH}
    UNION ALL
    SELECT o, a, h.* FROM (SELECT o, a + length AS a FROM piece WHERE length = {_PIECE}) further, {_HASH}
)
SELECT count(*) FILTER (WHERE a = 0),
       coalesce(sum(('x' || encode(substr(hash, 1, 8), 'hex'))::bit(64)::bigint), 0) FROM piece
"""
_OWN = """
c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""
_VIEWS = f"""
SELECT n.nspname, c.relname, c.relispopulated, c.relfilenode::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' AND {_OWN} ORDER BY 1, 2
"""
_SEQUENCES = f"""
SELECT n.nspname, c.relname, s.seqmin, s.seqmax, s.seqcycle
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
WHERE {_OWN} ORDER BY 1, 2
"""


class View(NamedTuple):
    """A materialized view: whether it is populated, and the sum of its rows where that could be read."""

    populated: bool
    sum: TableSum | None


class Position(NamedTuple):
    """Where a sequence stood: between two values, since it does not keep to snapshots. ``called`` says of a single
    value whether it was given out (None: it moved, and nobody can tell)."""

    lowest: int
    highest: int
    called: bool | None

    def holds(self, other: Position) -> bool:
        """Whether a sequence that stands still there may be this one."""
        return self.lowest <= other.lowest <= self.highest and self.called in (None, other.called)

    def __str__(self) -> str:
        if self.lowest != self.highest:
            return f"between {self.lowest:,} and {self.highest:,}"
        return f"at {self.lowest:,}{' (not given out yet)' if self.called is False else ''}"


@dataclass(frozen=True, slots=True)
class Contents:
    """``objects`` are the number and the sum of the large objects."""

    objects: TableSum
    views: dict[Name, View] = field(default_factory=dict)
    sequences: dict[Name, Position] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: BaseDatabaseWrapper) -> Contents:
        """All of it, as the transaction sees it if there is one. Locks that this takes are given back at once."""
        with passing(connection):
            objects = large_objects(connection)
        return cls(objects, _views(connection), positions(connection))

    def until(self, connection: BaseDatabaseWrapper) -> Contents:
        """The same with the room that the sequences took until now."""
        after, bounds = positions(connection), _bounds(connection)
        moved = {name: _widened(here, after.get(name), bounds.get(name)) for name, here in self.sequences.items()}
        return Contents(self.objects, self.views, moved)

    def to_json(self) -> dict[str, Any]:
        return {
            "objects": {"number": self.objects.rows, "checksum": self.objects.checksum},
            "views": [
                {**asdict(name), "populated": view.populated, "rows": view.sum and view.sum.rows,
                 "checksum": view.sum and view.sum.checksum}
                for name, view in self.views.items()
            ],
            "sequences": [
                {**asdict(name), "lowest": at.lowest, "highest": at.highest, "called": at.called}
                for name, at in self.sequences.items()
            ],
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Contents:
        """What ``to_json`` wrote. Raises ``TypeError`` where a number is none."""
        numbers = [data["objects"]["number"], *(s[key] for s in data["sequences"] for key in ("lowest", "highest"))]
        if not all(type(number) is int for number in numbers):
            raise TypeError("contents: a number is of another kind")
        return cls(
            TableSum(data["objects"]["number"], str(data["objects"]["checksum"])),
            {
                _name(v): View(bool(v["populated"]), v["checksum"] and TableSum(int(v["rows"]), str(v["checksum"])))
                for v in data["views"]
            },
            {_name(s): Position(s["lowest"], s["highest"], s["called"]) for s in data["sequences"]},
        )


def problems(expected: Contents, actual: Contents) -> list[str]:
    """Where ``actual``, read from a restored database, is not what was dumped, a line each."""
    found = []
    if not expected.objects.is_like(actual.objects):
        there, wanted = actual.objects.rows, expected.objects.rows
        other = f"{wanted:,}" if there != wanted else "the same number with another content"
        found.append(f"the database has {there:,} large objects instead of {other}")
    found += [f"{name.plain} is missing" for name in expected.views if name not in actual.views]
    for name, wanted_at in expected.sequences.items():
        at = actual.sequences.get(name)
        if at is None:
            found.append(f"{name.plain} is missing")
        elif not wanted_at.holds(at):
            found.append(f"{name.plain} stands {at} instead of {wanted_at}")
    return found


def recomputed(expected: Contents, actual: Contents) -> list[str]:
    """Materialized views that are not as they were, a line each: no dump holds their rows, a restore computes them."""
    found = []
    for name, was in expected.views.items():
        now = actual.views.get(name, was)
        if was.populated != now.populated:
            told = "has rows now and had none" if now.populated else f"is empty now: REFRESH MATERIALIZED VIEW {name}"
            found.append(f"the materialized view {name.plain} {told}")
        elif was.sum and now.sum and not was.sum.is_like(now.sum):
            found.append(
                f"the materialized view {name.plain} was computed anew and is not as it was when the backup was made:"
                f" {was.sum.rows:,} rows then, {now.sum.rows:,} now"
            )
    return found


def large_objects(connection: BaseDatabaseWrapper) -> TableSum:
    """The number of the large objects and the checksum of all of their bytes."""
    number, total = fetch(connection, _OBJECTS)[0]
    return TableSum(int(number), f"{int(total) % 2**64:016x}")


def positions(connection: BaseDatabaseWrapper) -> dict[Name, Position]:
    """Where every sequence stands. One that goes meanwhile is left out."""
    found: dict[Name, Position] = {}
    for names in _parts(list(_bounds(connection))):
        try:
            found |= _positions(connection, names)
        except DatabaseError:
            for name in names:
                with _where_possible(connection):
                    found |= _positions(connection, [name])
    return found


@contextmanager
def passing(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Only look inside the block: its locks are given back at the end, also in the middle of a transaction."""
    connection.ensure_connection()
    with connection.connection.transaction(force_rollback=True):
        yield


@contextmanager
def _where_possible(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """A look that may fail: the transaction goes on without it."""
    try:
        with passing(connection):
            yield
    except DatabaseError:
        if connection.connection is None or connection.connection.closed:
            raise


def _views(connection: BaseDatabaseWrapper) -> dict[Name, View]:
    found = {}
    for schema, label, populated, file in fetch(connection, _VIEWS):
        name, total = Name(schema, label), None
        if populated:
            with _where_possible(connection):
                total = checksums(connection, [name])[name]
                # Refreshed since the snapshot was taken: its rows are too young to be seen.
                if fetch(connection, "SELECT pg_relation_filenode(%s::regclass)::bigint", [str(name)])[0][0] != file:
                    total = None
        found[name] = View(populated, total)
    return found


def _positions(connection: BaseDatabaseWrapper, names: list[Name]) -> dict[Name, Position]:
    queries = [f"SELECT {place}, last_value, is_called FROM {name}" for place, name in enumerate(names)]
    with passing(connection):
        rows = fetch(connection, " UNION ALL ".join(queries))
    return {names[place]: Position(value, value, called) for place, value, called in rows}


def _bounds(connection: BaseDatabaseWrapper) -> dict[Name, tuple[int, int] | None]:
    """The sequences, and the least and the greatest value of those that begin again at their end."""
    rows = fetch(connection, _SEQUENCES)
    return {Name(schema, name): (least, greatest) if cycles else None for schema, name, least, greatest, cycles in rows}


def _widened(before: Position, after: Position | None, cycle: tuple[int, int] | None) -> Position:
    if after is None:  # it has gone, and who knows where it stood then
        return Position(-(2**63), 2**63 - 1, None)
    if after == before:
        return before
    lowest, highest = min(before.lowest, after.lowest), max(before.highest, after.highest)
    return Position(*(cycle or (lowest, highest)), None)


def _parts(names: list[Name]) -> Iterable[list[Name]]:
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE]


def _name(data: Mapping[str, Any]) -> Name:
    return Name(str(data["schema"]), str(data["name"]))
