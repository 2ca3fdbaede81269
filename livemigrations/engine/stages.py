"""Stages: what must run before the new code is out (expand), and what only after it (contract).

A migration is contract if the release before it would break on it. It says so itself with a class attribute,
``stage = "contract"``, or its operations tell. What the release before does not know cannot break it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from livemigrations.engine.breaking import Known, breaks
from livemigrations.engine.selection import Key, Plan, full_order
from livemigrations.errors import StageRefused, UnknownStage
from livemigrations.translation import Stage


def stated(owner: object, label: str) -> Stage | None:
    """The stage that a migration or an operation states itself. Raises ``UnknownStage``."""
    value = getattr(owner, "stage", None)
    if value is None:
        return None
    try:
        return Stage(value)
    except ValueError as error:
        raise UnknownStage(
            f"{label} states the stage {value!r}. Remedy: write {' or '.join(map(repr, map(str, Stage)))}."
        ) from error


def stage_of(migration: Migration, known: Known | None = None, before: ProjectState | None = None) -> Stage:
    """The stage that a migration states, or the one that its operations have.

    ``known`` is what the previous release knows and ``before`` the state before the migration; both are carried on
    to after it. Without them every table counts as known, and changes of fields that need a comparison as expand.
    """
    label = f"{migration.app_label}.{migration.name}"
    found = stated(migration, label)
    broken = False
    for operation in migration.operations:
        own = stated(operation, f"{label}, {operation.describe()}")
        broken |= own == Stage.CONTRACT if own else breaks(operation, migration.app_label, known, before)
        if before is not None:
            operation.state_forwards(migration.app_label, before)
        if known is not None:
            known.learn(operation, migration.app_label)
    return found or (Stage.CONTRACT if broken else Stage.EXPAND)


def stages(loader: MigrationLoader, applied: Iterable[Key]) -> dict[Key, Stage]:
    """The stage of every migration that is not in ``applied``, in the order in which they would run."""
    done = set(applied)
    order = [key for key in full_order(loader) if key not in done]
    if not order:
        return {}
    nodes = [key for key in done if key in loader.graph.nodes]
    state = loader.graph.make_state(nodes=nodes, real_apps=loader.unmigrated_apps) if nodes else ProjectState()
    known = Known.of(state)
    return {key: stage_of(loader.graph.nodes[key], known, state) for key in order}


@dataclass(slots=True)
class Staged:
    """The part of a plan that a stage takes, and a line for each migration that waits."""

    plan: Plan
    waiting: list[str] = field(default_factory=list)


def staged(loader: MigrationLoader, stage: Stage, plan: Plan, applied: Iterable[Key]) -> Staged:
    """The part of a forward plan that belongs to a stage.

    Raises ``StageRefused`` for a plan that goes back, and for a contract whose expand part has not run.
    """
    if any(backwards for _, backwards in plan):
        raise StageRefused(
            f"--stage {stage} chooses among what runs forwards, and this goes back:"
            f" {_listed((m.app_label, m.name) for m, backwards in plan if backwards)}. Nothing was changed."
            " Remedy: leave --stage away."
        )
    found = stages(loader, applied)
    held = _held(loader, found)
    if stage == Stage.EXPAND:
        return _expand(plan, found, held)
    return _contract(loader, plan, found, held)


def _held(loader: MigrationLoader, found: dict[Key, Stage]) -> dict[Key, Key]:
    """The pending migrations that expand leaves: contract ones and their dependants, with the one that holds each."""
    held: dict[Key, Key] = {}
    for key, stage in found.items():
        parents = sorted(_parents(loader, key) & held.keys())
        if stage == Stage.CONTRACT:
            held[key] = key
        elif parents:
            held[key] = held[parents[0]]
    return held


def _expand(plan: Plan, found: dict[Key, Stage], held: dict[Key, Key]) -> Staged:
    taken = [(migration, False) for migration, _ in plan if (migration.app_label, migration.name) not in held]
    lines = [
        f"{_name(key)} (contract)" if held[key] == key else f"{_name(key)} (depends on {_name(held[key])})"
        for migration, _ in plan
        if (key := (migration.app_label, migration.name)) in held
    ]
    return Staged(taken, [f"waits for --stage contract: {line}" for line in lines])


def _contract(loader: MigrationLoader, plan: Plan, found: dict[Key, Stage], held: dict[Key, Key]) -> Staged:
    """The contract migrations and what depends on them, up to the next one that needs an expand of this same run."""
    taken: dict[Key, bool] = {}  # whether an expand is among it or before it in this run
    lines, unfinished = [], {}
    for key in ((migration.app_label, migration.name) for migration, _ in plan):
        pending = _parents(loader, key) & found.keys()
        missing = sorted(_ancestors(loader, key, found) - held.keys())
        fresh = any(taken.get(parent) for parent in pending)
        if key not in held:
            lines.append(f"waits for --stage expand: {_name(key)}")
        elif missing:
            unfinished[key] = missing
        elif pending - taken.keys() or (fresh and found[key] == Stage.CONTRACT):
            lines.append(f"waits for the next --stage contract: {_name(key)} (what it depends on runs only now)")
        else:
            taken[key] = fresh or found[key] == Stage.EXPAND
    if unfinished:
        raise StageRefused(_unfinished(unfinished))
    return Staged([(loader.graph.nodes[key], False) for key in taken], lines)


def _unfinished(blocked: dict[Key, list[Key]]) -> str:
    needs = "\n".join(f"  {_name(key)} needs {_listed(missing)}" for key, missing in blocked.items())
    return (
        f"The contract stage depends on migrations that are not finished:\n{needs}\nNothing was changed. Remedy: run"
        " migrate --stage expand, bring the new release out, then migrate --stage contract."
    )


def _parents(loader: MigrationLoader, key: Key) -> set[Key]:
    return {parent.key for parent in loader.graph.node_map[key].parents}


def _ancestors(loader: MigrationLoader, key: Key, pending: dict[Key, Stage]) -> set[Key]:
    """The pending migrations that one depends on, directly or not."""
    return {other for other in loader.graph.forwards_plan(key) if other in pending and other != key}


def _name(key: Key) -> str:
    return ".".join(key)


def _listed(keys: Iterable[Key]) -> str:
    return ", ".join(map(_name, keys))
