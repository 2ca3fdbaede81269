"""Which migrations a run takes: all, up or down to a sprint, or some steps from here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.loader import MigrationLoader

from livemigrations.errors import BrokenHistory, UnknownApplied, UnknownSprint

Key = tuple[str, str]
Plan = list[tuple[Migration, bool]]


class Begun(NamedTuple):
    """A migration that a run began, and whether it was only recorded (``fake``)."""

    migration: Migration
    backwards: bool
    fake: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """What the command line asked for: at most one of the three, and what of it ``stage`` takes.

    ``back`` of None means nothing, 0 means all. ``stage`` is None, expand or contract (see ``engine/stages.py``).
    """

    sprint: int | None = None
    forward: int | None = None
    back: int | None = None
    stage: str | None = None

    @property
    def chosen(self) -> bool:
        return any(value is not None for value in (self.sprint, self.forward, self.back))


def sprint_of(migration: Migration) -> int | None:
    """The sprint that a migration states, if any."""
    value = getattr(migration, "sprint", None)
    return None if value is None else int(value)


def full_order(loader: MigrationLoader) -> list[Key]:
    """Every migration in an order that respects all dependencies."""
    order: dict[Key, None] = {}
    for leaf in loader.graph.leaf_nodes():
        order.update(dict.fromkeys(loader.graph.forwards_plan(leaf)))
    return list(order)


def broken_history(loader: MigrationLoader, connection: BaseDatabaseWrapper) -> str:
    """Why Django's ``migrate`` refuses to run, in its own words; empty if it does not.

    It refuses a migration that is applied before one that it depends on, and two newest migrations of one app.
    """
    try:
        loader.check_consistent_history(connection)
    except InconsistentMigrationHistory as error:
        return str(error)
    conflicts = loader.detect_conflicts()
    if not conflicts:
        return ""
    names = "; ".join(f"{', '.join(names)} in {app}" for app, names in conflicts.items())
    return (
        f"Conflicting migrations detected; multiple leaf nodes in the migration graph: ({names}).\n"
        "To fix them run 'python manage.py makemigrations --merge'"
    )


def refuse_broken_history(loader: MigrationLoader, connection: BaseDatabaseWrapper) -> None:
    """Raise ``BrokenHistory`` where Django's ``migrate`` refuses to run."""
    if problem := broken_history(loader, connection):
        raise BrokenHistory(problem)


def select(loader: MigrationLoader, selection: Selection, applied: dict[Key, object], recorded: list[Key]) -> Plan:
    """The plan for a selection.

    ``applied`` are the migrations that count as applied, ``recorded`` the rows of ``django_migrations``, newest first.
    Backward parts come first. Raises ``UnknownSprint`` if no migration belongs to the sprint, and ``UnknownApplied`` if
    a migration would be taken back although one that is newer, and perhaps depends on it, is not in the code.
    """
    order = full_order(loader)
    ages = _Ages.of(loader, applied, recorded)
    if selection.sprint is not None:
        plan = _to_sprint(loader, order, selection.sprint, applied)
        ages.refuse_unknown((m.app_label, m.name) for m, backwards in plan if backwards)
        return plan
    if selection.forward is not None:
        pending = [key for key in order if key not in applied]
        most = None if selection.stage else selection.forward  # the stage chooses first
        return [(loader.graph.nodes[key], False) for key in pending[:most]]
    chosen = ages.newest_first[: selection.back or None]
    plan = _backwards(loader, order, chosen, applied)
    ages.refuse_unknown([*chosen, *((migration.app_label, migration.name) for migration, _ in plan)])
    return plan


@dataclass(frozen=True, slots=True)
class _Ages:
    """When each applied migration was applied: the place of its row, 0 for the newest."""

    places: dict[Key, int]
    unknown: dict[Key, int]

    @classmethod
    def of(cls, loader: MigrationLoader, applied: Iterable[Key], recorded: list[Key]) -> _Ages:
        """The places of what is applied. A migration that is only half applied, and has no row, is the newest.

        The row of a squashed migration may be written long after those that it replaces, or not at all: it is as old
        as the newest of those.
        """
        rows = {key: place for place, key in enumerate(recorded)}
        replaced = {key: set(squashed.replaces) for key, squashed in loader.replacements.items()}
        known = {*loader.graph.nodes, *loader.disk_migrations, *(one for keys in replaced.values() for one in keys)}
        places = {}
        for key in applied:
            if key in loader.graph.nodes:
                older = [rows[one] for one in replaced.get(key, ()) if one in rows]
                places[key] = min(older) if older else rows.get(key, -1)
        return cls(places, {key: place for key, place in rows.items() if key not in known})

    @property
    def newest_first(self) -> list[Key]:
        places = {**self.places, **self.unknown}
        return sorted(places, key=places.__getitem__)

    def refuse_unknown(self, taken_back: Iterable[Key]) -> None:
        """Raise ``UnknownApplied`` if one of these is unknown, or older than one that is."""
        found = list(taken_back)
        oldest = max((self.unknown.get(key, self.places.get(key, -1)) for key in found), default=-1)
        newer = [key for key, place in self.unknown.items() if place <= oldest]
        if newer:
            raise UnknownApplied(newer)


def _to_sprint(loader: MigrationLoader, order: list[Key], sprint: int, applied: dict[Key, object]) -> Plan:
    known = sorted({s for key in order if (s := sprint_of(loader.graph.nodes[key])) is not None})
    if sprint not in known:
        listed = ", ".join(map(str, known)) or "none: no migration states a sprint"
        raise UnknownSprint(f"There is no sprint {sprint}. Known sprints: {listed}. Nothing was changed.")
    later = {key for key in order if (sprint_of(loader.graph.nodes[key]) or 0) > sprint}
    beyond = later | {key for key in order if later & set(loader.graph.forwards_plan(key))}
    back = _backwards(loader, order, [key for key in beyond if key in applied], applied)
    forward = [key for key in order if key not in beyond and key not in applied]
    return [*back, *((loader.graph.nodes[key], False) for key in forward)]


def moves_no_sprint(plan: Plan) -> bool:
    """Whether a plan holds nothing but new migrations without a sprint: they come along when a sprint is moved."""
    return bool(plan) and all(not backwards and sprint_of(migration) is None for migration, backwards in plan)


def stands_at(sprint: int, plan: Plan) -> str:
    """What to say where a database stands at the sprint already, and ``plan`` is left."""
    first = plan[0][0]
    return (
        f"The database stands at sprint {sprint}. {len(plan)} pending without a sprint"
        f" ({first.app_label}.{first.name}, …): migrate applies them."
    )


def _backwards(loader: MigrationLoader, order: list[Key], chosen: Iterable[Key], applied: dict[Key, object]) -> Plan:
    """The chosen migrations and all applied ones that depend on them, newest dependency first."""
    wanted: set[Key] = set()
    for key in chosen:
        if key in loader.graph.node_map:
            wanted.update(k for k in loader.graph.backwards_plan(key) if k in applied)
    return [(loader.graph.nodes[key], True) for key in reversed(order) if key in wanted]
