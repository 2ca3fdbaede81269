"""Detected changes split into migrations of one stage and one kind of work each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import migrations
from django.db.migrations import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from livemigrations.translation import Part, Stage, Work, from_django
from livemigrations.translation.altered import is_unseen
from livemigrations.translation.naming import table_of
from livemigrations.translation.translator import as_it_is
from livemigrations.writing.doomed import Doomed
from livemigrations.writing.touching import Touched, meet, touched

Changes = dict[str, list[Migration]]
Key = tuple[str, str]
_SILENT = migrations.RunSQL | migrations.SeparateDatabaseAndState  # of these only what they come from tells the model


@dataclass(frozen=True, slots=True)
class Notes:
    """What a written migration says of itself.

    ``long``: a table is locked for as long as its rows take. ``unseen``: the database does not notice anything.
    """

    work: Work
    stage: Stage
    why: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    new: bool = False
    long: bool = False
    unseen: bool = False


@dataclass(slots=True)
class Piece:
    """One operation on its way into a file.

    ``number`` is that of its migration among the app's, ``phase`` counts how often it had to wait for a contract,
    and ``level`` how often, within its stage, for a later kind of work.
    """

    operation: Operation
    origin: Migration
    number: int
    part: Part
    touches: Touched
    table: str
    unseen: bool = False
    phase: int = 0
    level: int = 0

    @property
    def is_contract(self) -> bool:
        return self.part.stage == Stage.CONTRACT

    @property
    def turn(self) -> tuple[int, int]:
        return self.number, self.part.work.rank

    @property
    def place(self) -> tuple[int, bool, int, int, int]:
        return self.phase, self.is_contract, self.level, *self.turn


def split(changes: Changes, state: ProjectState, existing: set[str]) -> Changes:
    """The changes in more, smaller migrations, named part_1, part_2, …; apps that are not in ``existing`` stay as they are.

    ``state`` is the one before all of them. Where the parts would depend on each other in a circle, nothing is split.
    """
    pieces = list(_pieces(changes, state.clone(), existing))
    made: Changes = {}
    successor: dict[Key, Key] = {}
    for app_label, whole in changes.items():
        if app_label not in existing:
            made[app_label] = whole
            continue
        own = [piece for piece in pieces if piece.origin.app_label == app_label]
        made[app_label] = list(_files(app_label, whole, own, successor))
    depends = {
        (migration.app_label, migration.name): list(
            dict.fromkeys(successor.get(key, key) for key in _parents(migration))
        )
        for files in made.values()
        for migration in files
    }
    if not _is_acyclic(depends):
        return changes
    for migration in (one for files in made.values() for one in files):
        vars(migration)["dependencies"] = depends[migration.app_label, migration.name]
    return made


def _parents(migration: Migration) -> list[Key]:
    return [(app_label, name) for app_label, name in migration.dependencies]


def _pieces(changes: Changes, state: ProjectState, existing: set[str]) -> Iterator[Piece]:
    """The operations of all changes in the order in which they would run, translated, with the state before each."""
    new = {
        (migration.app_label, operation.name_lower)
        for whole in changes.values()
        for migration in whole
        for operation in migration.operations
        if isinstance(operation, migrations.CreateModel)
    }
    doomed = Doomed(changes, state)
    for migration in _in_order(changes):
        number = changes[migration.app_label].index(migration)
        for operation in doomed.in_order(migration, state):
            if doomed.keeps(operation, state, migration.app_label):
                continue
            parts = _translated(operation, state, migration.app_label, new)
            for part in doomed.whole(parts, migration.app_label):
                for inner in part.operations:
                    about = operation if isinstance(inner, _SILENT) else inner
                    touches = touched(about, state, migration.app_label, part.work)
                    table = _table(about, state, migration.app_label)
                    unseen = is_unseen(inner, state, migration.app_label)
                    yield Piece(inner, migration, number, part, touches, table, unseen)
            operation.state_forwards(migration.app_label, state)


def _translated(operation: Operation, state: ProjectState, app_label: str, new: set[Key]) -> tuple[Part, ...]:
    """The parts of an operation; a proposal that leads elsewhere stays a remark on the operation itself."""
    name = getattr(operation, "model_name", "") or getattr(operation, "name", "")
    if isinstance(name, str) and (app_label, name.lower()) in new:
        return as_it_is(operation)
    parts = from_django(operation, state, app_label)
    if all(part.exact for part in parts):
        return parts
    return (Part(parts[0].stage, parts[0].work, (operation,), parts[0].why, exact=False),)


def _table(operation: Any, state: ProjectState, app_label: str) -> str:
    name = getattr(operation, "model_name", "") or getattr(operation, "old_name", "") or getattr(operation, "name", "")
    model = state.models.get((app_label, str(name).lower()))
    options = model.options if model else getattr(operation, "options", {}) or {}
    return table_of(app_label, str(name), options) if name else ""


def _in_order(changes: Changes) -> list[Migration]:
    nodes = {(m.app_label, m.name): m for whole in changes.values() for m in whole}
    sorter = TopologicalSorter({key: [d for d in _parents(m) if d in nodes] for key, m in nodes.items()})
    return [nodes[key] for key in sorter.static_order()]


def _settle(pieces: list[Piece]) -> None:
    """Give each piece a place behind everything that it meets and that comes before it."""
    for position, piece in enumerate(pieces):
        met = [earlier for earlier in pieces[:position] if meet(earlier.touches, piece.touches)]
        piece.phase = max((one.phase + (one.is_contract and not piece.is_contract) for one in met), default=0)
        beside = [one for one in met if (one.phase, one.is_contract) == (piece.phase, piece.is_contract)]
        piece.level = max((one.level + (one.turn > piece.turn) for one in beside), default=0)


def _files(
    app_label: str, whole: list[Migration], pieces: list[Piece], successor: dict[Key, Key]
) -> Iterator[Migration]:
    """The migrations of one app, and in ``successor`` which of them others mean by a name that is gone."""
    _settle(pieces)
    pieces.sort(key=lambda piece: piece.place)
    previous: Migration | None = None
    for count, (_, group) in enumerate(groupby(pieces, key=lambda piece: piece.place), 1):
        held = list(group)
        migration = _file(f"part_{count}", app_label, held, previous)
        part = held[0].part
        if part.stage == Stage.EXPAND or part.work == Work.RENAME:
            successor[app_label, held[0].origin.name] = (app_label, migration.name)
        successor.setdefault((app_label, held[0].origin.name), (app_label, migration.name))
        yield migration
        previous = migration
    for migration in whole:
        successor.setdefault((app_label, migration.name), (app_label, previous.name if previous else migration.name))


class _Named(Migration):
    """A migration that is named after what happens to the models, or its work, where its operations have no name."""

    def suggest_name(self) -> str:
        notes: Notes = vars(self)["notes"]
        if not notes.tables or any(operation.migration_name_fragment for operation in self.operations):
            return super().suggest_name()
        inner = [one for operation in self.operations for one in getattr(operation, "state_operations", ())]
        named = [one.migration_name_fragment for one in inner if one.migration_name_fragment]
        return named[0] if named else "_".join([notes.work.value, *notes.tables[:2]]).replace(" ", "_").replace('"', "")


def _file(name: str, app_label: str, held: list[Piece], previous: Migration | None) -> Migration:
    origin, part = held[0].origin, held[0].part
    kind: Any = type("Migration", (_Named,), {"operations": [], "dependencies": []})
    migration: Migration = kind(name, app_label)
    chain = [(app_label, previous.name)] if previous else []
    vars(migration).update(
        operations=[piece.operation for piece in held],
        dependencies=[*(key for key in _parents(origin) if key[0] != app_label), *chain],
        initial=origin.initial,
    )
    why = dict.fromkeys(piece.part.why for piece in held if piece.part.why)
    tables = dict.fromkeys(piece.table for piece in held if piece.table)
    new = all(isinstance(piece.operation, migrations.CreateModel) for piece in held)
    long, unseen = any(_is_long(piece) for piece in held), all(piece.unseen for piece in held)
    vars(migration)["notes"] = Notes(part.work, part.stage, tuple(why), tuple(tables), new, long, unseen)
    return migration


def _is_long(piece: Piece) -> bool:
    """Whether there is no other way to it than one that locks the table while rows are read or written."""
    return not piece.part.exact or isinstance(getattr(piece.operation, "constraint", None), ExclusionConstraint)


def _is_acyclic(depends: dict[Key, list[Key]]) -> bool:
    try:
        TopologicalSorter(depends).prepare()
    except CycleError:
        return False
    return True
