"""What a database has, held against every version that the history of an object knows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from livemigrations.catalog.objects import BY_DEFINITION, Key, Kind, Objects, Thing
from livemigrations.inspection.rehearsal import Change, History

_RELATIONS = (Kind.TABLE, Kind.VIEW)
_KEY = re.compile(r"FOREIGN KEY \(.*?\) REFERENCES |PRIMARY KEY")


class Standing(StrEnum):
    """How an object stands in the database against one change of it."""

    THERE = "there"
    MISSING = "missing"
    DIFFERS = "differs"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Found:
    """The standing of one change; ``actual`` is what is there, ``name`` the name that it has there if another one."""

    change: Change
    standing: Standing
    actual: Thing | None = None
    name: str = ""

    @property
    def key(self) -> Key:
        return self.change.key


@dataclass(slots=True)
class Versions:
    """The versions of one object: ``positions[n]`` is the operation that made ``things[n]``, -1 for its absence."""

    positions: list[int] = field(default_factory=lambda: [-1])
    things: list[Thing | None] = field(default_factory=lambda: [None])
    matched: list[int] = field(default_factory=list)


class Evidence:
    """The objects of a database, and the versions of the history that they match."""

    def __init__(self, history: History, actual: Objects) -> None:
        self.actual = actual
        self.versions: dict[Key, Versions] = {}
        self._alike: dict[tuple[Kind, str, str], Thing] = {}
        self._unfinished: dict[tuple[Kind, str, str], Thing] = {}
        self._keys: dict[str, list[Thing]] = {}
        self._needed: dict[str, list[Thing]] = {}
        for thing in actual.values():
            if thing.key.kind == Kind.CONSTRAINT and _KEY.match(thing.definition):
                self._keys.setdefault(thing.key.table, []).append(thing)
            if thing.key.kind == Kind.COLUMN and thing.needed:
                self._needed.setdefault(thing.key.table, []).append(thing)
            if thing.key.kind in BY_DEFINITION:
                found = self._alike if thing.valid else self._unfinished
                found.setdefault((thing.key.kind, thing.key.table, thing.definition), thing)
        for operation in history.operations:
            for change in operation.changes:
                versions = self.versions.setdefault(change.key, Versions())
                if versions.positions == [-1] and change.before is not None:
                    versions.things[0] = change.before
                versions.positions.append(operation.position)
                versions.things.append(change.after)
        self._known = {(t.key.table, t.definition) for v in self.versions.values() for t in v.things if t is not None}
        for key, versions in self.versions.items():
            versions.matched = [n for n, thing in enumerate(versions.things) if self.matches(key, thing)]

    def matches(self, key: Key, wanted: Thing | None) -> bool:
        """Whether the database has an object as it is wanted, or does not have one that is not wanted."""
        if wanted is None:
            return key not in self.actual and self._in_the_way(key) is None
        return self.alike(wanted) is not None

    def alike(self, wanted: Thing) -> Thing | None:
        """The object of that definition; keys, checks, uniques and indexes may have another name."""
        found = self.actual.get(wanted.key)
        if found is not None and found.valid and found.definition == wanted.definition:
            return found
        if wanted.key.kind not in BY_DEFINITION:
            return None
        return self._alike.get((wanted.key.kind, wanted.key.table, wanted.definition))

    def found(self, change: Change, position: int) -> Found:
        """How one change of an object stands: made (by now perhaps superseded), not made yet, or made otherwise."""
        versions = self.versions[change.key]
        begun = self._unfinished.get(
            (change.key.kind, change.key.table, change.after.definition if change.after else "")
        )
        if begun is not None and (not versions.matched or versions.positions[versions.matched[-1]] < position):
            return Found(change, Standing.UNFINISHED, begun)
        if versions.matched:
            newest = versions.matched[-1]
            wanted = versions.things[newest]
            there = self.alike(wanted) if wanted is not None else None
            if versions.positions[newest] < position:
                return Found(change, Standing.MISSING, there)
            other = there is not None and there.key != change.key
            return Found(change, Standing.THERE, there, there.key.name if there is not None and other else "")
        actual = self.actual.get(change.key) or self._in_the_way(change.key)
        if change.key.kind == Kind.COMMENT:
            return Found(change, Standing.MISSING, actual)
        return Found(change, Standing.DIFFERS, actual)

    def unknown_columns(self, table: str) -> list[Thing]:
        """Columns of a table that the history knows nothing of, and that every insert would have to fill."""
        return [thing for thing in self._needed.get(table, []) if thing.key not in self.versions]

    def _in_the_way(self, key: Key) -> Thing | None:
        """What stands where an object should: a relation of another kind, or another key that excludes it."""
        if key.kind == Kind.CONSTRAINT:
            return self._other_key(key)
        if key.kind not in _RELATIONS:
            return None
        other = Key(Kind.VIEW, "", key.name) if key.kind == Kind.TABLE else Key(Kind.TABLE, key.name, key.name)
        return self.actual.get(other)

    def _other_key(self, key: Key) -> Thing | None:
        """Another primary key, or a foreign key of the same columns, with a definition that the history does not know."""
        things = [thing for thing in self.versions[key].things if thing is not None]
        columns = {found[0] for thing in things if (found := _KEY.match(thing.definition))}
        for thing in self._keys.get(key.table, []):
            found = _KEY.match(thing.definition)
            if found and found[0] in columns and (key.table, thing.definition) not in self._known:
                return thing
        return None
