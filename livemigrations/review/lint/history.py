"""The migrations in their order, each operation with the states before and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import AddField, Migration, RemoveField, RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from livemigrations.engine.beyond_django import refused_by_django
from livemigrations.engine.planner import is_collected
from livemigrations.operations.fills import FillColumn
from livemigrations.operations.rows import SeedRows
from livemigrations.review.lint import fields
from livemigrations.review.lint.code import Code, code_of
from livemigrations.review.lint.effects import Change, Effect
from livemigrations.review.lint.fields import Facts
from livemigrations.review.lint.findings import Engine
from livemigrations.review.lint.from_operations import Scene, changes
from livemigrations.review.lint.from_sql import changes_of
from livemigrations.review.lint.safer import is_taken_apart, safer_code
from livemigrations.review.lint.sources import Source, Span, source_of

Key = tuple[str, str]


@dataclass(slots=True)
class Run:
    """Migrations that run together: a table that one of them makes is new to the others."""

    new: set[str] = field(default_factory=set)


@dataclass
class Whole:
    """What all migrations together tell: the state after the last, the indexes that SQL makes, and every name that the
    models ever had in the database: tables, and columns as pairs with their table. ``filled`` are the columns, by app,
    model and field, that the migrations read so far fill in batches.
    """

    end: Facts
    sql_indexes: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    names: set[str | tuple[str, str]] = field(default_factory=set)
    filled: set[tuple[str, str, str]] = field(default_factory=set)


@dataclass
class Step:
    """One operation with everything that a rule may ask about it. ``number`` counts from 1."""

    migration: Migration
    operation: Operation
    scene: Scene
    engine: Engine
    number: int
    span: Span
    changes: list[Change]
    whole: Whole
    python: Code | None = None
    filled: bool = False

    @property
    def end(self) -> Facts:
        return self.whole.end

    @property
    def contract(self) -> bool:
        """Whether it says itself that it runs only when the new release is out."""
        return "contract" in (getattr(self.migration, "stage", None), getattr(self.operation, "stage", None))

    @property
    def translated(self) -> bool:
        """Whether the live engine turns its statements into safe ones."""
        return self.engine == Engine.LIVE and is_collected(self.operation)

    @cached_property
    def taken_apart(self) -> bool:
        """Whether the live engine writes its rows in batches."""
        return self.translated and is_taken_apart(self.scene.app, self.operation, self.scene.before)

    @property
    def instead(self) -> str:
        """The safe code with the operation's own names; empty where the translator has none."""
        return safer_code(self.scene.app, self.operation, self.scene.before)

    @property
    def atomic(self) -> bool:
        """Whether it runs inside a transaction: Django's is the whole migration's, whatever an operation says."""
        own, whole = getattr(self.operation, "atomic", None), bool(self.migration.atomic)
        return bool(own) or (whole and (own is not False or self.engine == Engine.DJANGO))

    def existing(self, *effects: Effect) -> Iterator[Change]:
        """The effects of these kinds on what traffic may know."""
        return (change for change in self.changes if change.effect in effects and change.existing)


@dataclass
class Chapter:
    """One migration: its file, and its operations as steps."""

    migration: Migration
    source: Source
    engine: Engine
    steps: list[Step] = field(default_factory=list)

    @cached_property
    def label(self) -> str:
        return f"{self.migration.app_label}.{self.migration.name}"


@dataclass
class Reader:
    """Carries a project state along while migrations are read."""

    connection: BaseDatabaseWrapper
    engine: Engine
    state: ProjectState
    whole: Whole

    def skip(self, migration: Migration) -> None:
        """Only the state."""
        for operation in migration.operations:
            self.whole.filled |= _fills(migration.app_label, operation)
            with refused_by_django(operation):
                operation.state_forwards(migration.app_label, self.state)

    def chapter(self, migration: Migration, run: Run) -> Chapter:
        """Read a migration operation by operation."""
        chapter = Chapter(migration, source_of(migration), self.engine)
        spans = chapter.source.operations(len(migration.operations))
        for number, (operation, own) in enumerate(zip(migration.operations, spans, strict=True), 1):
            before = self.state
            self.state = before.clone()
            with refused_by_django(operation):
                operation.state_forwards(migration.app_label, self.state)
            for part, one, other, span, told in _parts(migration.app_label, operation, before, self.state, own):
                scene = Scene(migration.app_label, part, one, other, self.connection, run.new)
                if not _allowed(scene):
                    continue
                step = Step(migration, part, scene, self.engine, number, span, [], self.whole)
                step.changes = told(scene)
                step.python = _python(part)
                step.filled = bool(_column(migration.app_label, part) & self.whole.filled)
                self.whole.filled |= _fills(migration.app_label, part)
                chapter.steps.append(step)
        return chapter


def _column(app: str, operation: Operation) -> set[tuple[str, str, str]]:
    """The column that an operation is about, if it is about one."""
    model, name = getattr(operation, "model_name", None), getattr(operation, "name", None)
    return {(app, model.lower(), name.lower())} if model and name else set()


def _fills(app: str, operation: Operation) -> set[tuple[str, str, str]]:
    """The column in whose rows the operation leaves a value: the fill, or a column that is added with a default."""
    given = isinstance(operation, AddField) and operation.field.has_default()
    return _column(app, operation) if given or isinstance(operation, FillColumn) else set()


Told = Callable[[Scene], list[Change]]
Part = tuple[Operation, ProjectState, ProjectState, Span, Told]


def _parts(
    app: str, operation: Operation, before: ProjectState, after: ProjectState, spans: list[Span]
) -> Iterator[Part]:
    """The operation, or those inside a SeparateDatabaseAndState: first its database half, then that of the state."""
    if not isinstance(operation, SeparateDatabaseAndState):
        yield operation, before, after, spans[0], _effects
        return
    inner = spans[1:] if len(spans) - 1 == len(operation.database_operations) else []
    one = before.clone()
    for number, part in enumerate(operation.database_operations):
        other = one.clone()
        part.state_forwards(app, other)
        span = inner[number] if inner else spans[0]
        yield from _parts(app, part, one, other, [span])
        one = other
    one = before.clone()
    for part in operation.state_operations:
        other = one.clone()
        part.state_forwards(app, other)
        yield part, one, other, spans[0], _forgotten
        one = other


def _effects(scene: Scene) -> list[Change]:
    operation = scene.operation
    if _overrides(operation):
        return []
    if isinstance(operation, RunSQL):
        return changes_of(scene, operation.sql)
    if isinstance(operation, RunPython):
        return _python_effects(scene)
    if isinstance(operation, SeedRows):
        return []
    return changes(scene)


def _overrides(operation: Operation) -> bool:
    """Whether the operation does something of its own to the database, whatever it is derived from."""
    owner = next(kind for kind in type(operation).__mro__ if "database_forwards" in vars(kind))
    return not owner.__module__.startswith(("django.", "livemigrations."))


def _python(operation: Operation) -> Code | None:
    return code_of(operation.code) if isinstance(operation, RunPython) and _does_something(operation.code) else None


def _does_something(code: Any) -> bool:
    return code is not RunPython.noop and code is not None


def _python_effects(scene: Scene) -> list[Change]:
    """One effect for each table whose rows the code changes; one without a table where it cannot be told."""
    if not _does_something(scene.operation.code):
        return []
    code = code_of(scene.operation.code)
    if not code.changes:
        return []
    models = [model for pair in sorted(code.changed) if (model := scene.now.model(*pair)) is not None]
    found = [scene.change(Effect.PYTHON, scene.now.table(model)) for model in models if scene.now.managed(model)]
    return [*found, *([Change(effect=Effect.PYTHON, existing=True)] if code.unknown else [])]


def _forgotten(scene: Scene) -> list[Change]:
    """What the state half of a SeparateDatabaseAndState takes away from the code while the database keeps it."""
    if not isinstance(scene.operation, RemoveField):
        return []
    model = scene.old.model(scene.app, scene.operation.model_name)
    if model is None or not scene.old.managed(model):
        return []
    name, one = scene.operation.name, model.fields[scene.operation.name]
    if not fields.has_column(one):
        return []
    kept = {"name": fields.column(name, one), "null": one.null, "default": fields.default(one)[0]}
    return [scene.change(Effect.FORGET_COLUMN, scene.old.table(model), **kept)]


def _allowed(scene: Scene) -> bool:
    """Whether the routers let the operation touch this database."""
    named = getattr(scene.operation, "model_name", None) or getattr(scene.operation, "name", None)
    model = scene.now.model(scene.app, named) if isinstance(named, str) else None
    hints = dict(getattr(scene.operation, "hints", None) or {})
    if model is not None:
        hints["model_name"] = model.name_lower
    return bool(router.allow_migrate(scene.connection.alias, scene.app, **hints))
