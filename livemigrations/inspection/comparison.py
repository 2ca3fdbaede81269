"""Two schemas compared by definition, object by object."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from livemigrations.catalog.objects import BY_DEFINITION, Key, Kind, Objects, Thing

MISSING, EXTRA, DIFFERENT, RENAMED = "missing", "extra", "different", "other name"
_NEVER_EXTRA = (Kind.COMMENT, Kind.EXTENSION)


@dataclass(slots=True)
class Drifted:
    """One object that is not as expected. ``sql`` makes what is missing; ``there`` and ``here`` are definitions."""

    change: str
    object: str
    there: str = ""
    here: str = ""
    sql: str = ""
    table: str = ""
    app: str = ""


@dataclass(slots=True)
class Ignored:
    """What is left out: ``patterns`` of names as a shell has them, and all that hangs on the tables ``left_alone``."""

    patterns: Collection[str] = ()
    left_alone: Collection[str] = ()
    found: set[Key] = field(default_factory=set, init=False)

    def __call__(self, key: Key) -> bool:
        """Whether an object is left out. Names are tried bare, with their table, and with what they are."""
        table = key.table or (key.name if key.kind in (Kind.TABLE, Kind.VIEW) else "")
        if table in self.left_alone:
            return True
        names = {key.name, str(key), f"{table}.{key.name}", table} - {""}
        if found := any(fnmatchcase(name, pattern) for name in names for pattern in self.patterns):
            self.found.add(key)
        return found


def compare(expected: Objects, actual: Objects, ignored: Ignored, explicit: Collection[str]) -> Iterator[Drifted]:
    """What ``actual`` lacks, what it has beyond ``expected``, and what differs.

    Indexes and constraints are told by their definition; another name counts only if it is one of ``explicit``.
    """
    here = {key: thing for key, thing in expected.items() if not ignored(key)}
    there = {key: thing for key, thing in actual.items() if not ignored(key)}
    for wanted, found in _pairs(here, there):
        if wanted is None:
            assert found is not None
            if _worth_telling(found, here):
                yield Drifted(EXTRA, str(found.key), found.definition, table=_table(found.key))
        elif found is None:
            if _table(wanted.key) in ("", wanted.key.name) or _has_table(wanted.key, there):
                yield Drifted(
                    MISSING, str(wanted.key), here=wanted.definition, sql=wanted.sql, table=_table(wanted.key)
                )
        elif wanted.described != found.described:
            yield Drifted(DIFFERENT, str(wanted.key), found.described, wanted.described, table=_table(wanted.key))
        elif wanted.key != found.key and wanted.key.name in explicit:
            yield Drifted(RENAMED, str(wanted.key), found.key.name, wanted.key.name, table=_table(wanted.key))


def _pairs(here: Objects, there: Objects) -> Iterator[tuple[Thing | None, Thing | None]]:
    """Each object with its counterpart: of the same name and definition, of the same definition, of the same name."""
    left, right = dict(here), dict(there)
    for key in [key for key, thing in here.items() if key in there and there[key].described == thing.described]:
        yield left.pop(key), right.pop(key)
    alike: dict[tuple[Kind, str, str], list[Key]] = {}
    for key, thing in right.items():
        if key.kind in BY_DEFINITION:
            alike.setdefault((key.kind, key.table, thing.definition), []).append(key)
    for key in list(left):
        others = alike.get((key.kind, key.table, left[key].definition), [])
        if others:
            yield left.pop(key), right.pop(others.pop(0))
    for key in list(left):
        yield left.pop(key), right.pop(key, None)
    for thing in right.values():
        yield None, thing


def _table(key: Key) -> str:
    return key.table or (key.name if key.kind in (Kind.TABLE, Kind.VIEW) else "")


def _has_table(key: Key, objects: Objects) -> bool:
    """Whether the table (or view) of an object is there, so that the object is worth a line of its own."""
    return Key(Kind.TABLE, key.table, key.table) in objects or Key(Kind.VIEW, "", key.table) in objects


def _worth_telling(found: Thing, here: Objects) -> bool:
    if found.key.kind in _NEVER_EXTRA:
        return False
    return found.key.kind in (Kind.TABLE, Kind.VIEW) or not found.key.table or _has_table(found.key, here)
