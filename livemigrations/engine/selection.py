"""Which migrations a run takes: all, up or down to a sprint, or some steps from here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from livemigrations.errors import UnknownSprint

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


def select(loader: MigrationLoader, selection: Selection, applied: dict[Key, object], newest_first: list[Key]) -> Plan:
    """The plan for a selection.

    ``applied`` are the migrations that count as applied, ``newest_first`` the same by time. Backward parts come first.
    Raises ``UnknownSprint`` if no migration belongs to the sprint.
    """
    order = full_order(loader)
    if selection.sprint is not None:
        return _to_sprint(loader, order, selection.sprint, applied)
    if selection.forward is not None:
        pending = [key for key in order if key not in applied]
        most = None if selection.stage else selection.forward  # the stage chooses first
        return [(loader.graph.nodes[key], False) for key in pending[:most]]
    chosen = newest_first if not selection.back else newest_first[: selection.back]
    return _backwards(loader, order, chosen, applied)


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
