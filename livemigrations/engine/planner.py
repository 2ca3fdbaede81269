"""From an operation of a migration to its steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import operations as django_operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from livemigrations.engine import releasing
from livemigrations.engine.beyond_django import refused_by_django
from livemigrations.engine.context import confined
from livemigrations.engine.deferred import LateNames
from livemigrations.engine.editor import collecting, editor_class
from livemigrations.engine.expansion import ON_THE_WAY_BACK, better_code, fill_step, taken_apart
from livemigrations.engine.retyping import retyped
from livemigrations.engine.routing import is_kept_away, kept_away_step
from livemigrations.engine.steps import Lane, Mode, Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.engine.translate import steps_for
from livemigrations.errors import MigrationRefused, RefusedByDjango
from livemigrations.operations import ChangeColumnType, FillColumn
from livemigrations.statements.names import parse_name
from livemigrations.statements.parse import Kind, Statement, parse

_COLLECTED = (
    "django.db.migrations.operations",
    "django.contrib.postgres.operations",
    "livemigrations.",
    "pgtrigger.",
)

_NAMES = django_operations.CreateModel | django_operations.AddField
_RENAMES = django_operations.RenameModel | django_operations.AlterModelTable | django_operations.RenameField


class Planner:
    """Plans the operations of one run against its surroundings."""

    def __init__(self, connection: BaseDatabaseWrapper, around: Surroundings) -> None:
        self.connection, self.around = connection, around
        self.late = LateNames()

    def follow(
        self, app: str, operation: Operation, before: ProjectState, after: ProjectState, *, backwards: bool
    ) -> None:
        """Take note of the names that an operation gave which ran before this process came."""
        makes_names = django_operations.DeleteModel | django_operations.RemoveField if backwards else _NAMES
        if isinstance(operation, makes_names | _RENAMES):
            with collecting(self.connection, self.around.pending, self.late) as editor:
                _apply(operation, app, editor, before, after, backwards=backwards)

    def steps(
        self,
        app: str,
        operation: Operation,
        before: ProjectState,
        after: ProjectState,
        *,
        backwards: bool,
        atomic: bool,
    ) -> list[Step]:
        """The steps that take the database from state ``before`` to ``after``.

        ``atomic`` says whether the migration asks for transactions. For ``backwards`` the operation is undone.
        """
        if is_noop(operation, backwards=backwards):
            return []
        asks = is_collected(operation) or isinstance(operation, django_operations.RunPython)
        if asks and is_kept_away(self.connection.alias, app, operation, before, after):
            return [kept_away_step(self.connection.alias, operation)]
        if is_collected(operation):
            found = self._safely(app, operation, before, after, backwards=backwards)
            return [confined(step) for step in _grouped(self.around, _copies_first(self.around, found))]
        first = releasing.before_operation(self.around, operation, backwards=backwards)
        return [*first, self._python(app, operation, before, after, backwards=backwards, atomic=atomic)]

    def statements(
        self, app: str, operation: Operation, before: ProjectState, after: ProjectState, *, backwards: bool
    ) -> list[Statement]:
        """The statements of an operation as Django writes them; none where they cannot be told yet."""
        if backwards and not operation.reversible:
            return []
        if is_kept_away(self.connection.alias, app, operation, before, after):
            return []
        try:
            with refused_by_django(operation), collecting(self.connection, self.around.pending) as editor:
                before.apps, after.apps  # noqa: B018
                _apply(operation, app, editor, before, after, backwards=backwards)
        except (RefusedByDjango, DatabaseError):
            return []
        return [statement for text in editor.collected_sql for statement in parse(text)]

    def _safely(
        self, app: str, operation: Operation, before: ProjectState, after: ProjectState, *, backwards: bool
    ) -> list[Step]:
        """The steps of an operation, taken apart where it would write all rows at once; refused with code to write."""
        if self.around.plain:
            return self._collected(app, operation, before, after, backwards=backwards)
        instead = taken_apart(self.around, app, operation, before, after, backwards=backwards)
        try:
            if instead:
                return self._one_by_one(app, instead, before)
            return self._collected(app, operation, before, after, backwards=backwards)
        except MigrationRefused as refused:
            code = ON_THE_WAY_BACK if backwards else better_code(app, operation, before)
            raise refused.proposing(code or refused.instead) from None

    def _one_by_one(self, app: str, instead: list[Operation], before: ProjectState) -> list[Step]:
        """What belongs to a new column goes with it when the first step, which adds it, is taken back."""
        adds = isinstance(instead[0], django_operations.AddField)
        steps: list[Step] = []
        for operation in instead:
            after = before.clone()
            operation.state_forwards(app, after)
            found = self._collected(app, operation, before, after, backwards=False)
            if adds and steps:
                undo = ("-- it goes with the column",)
                found = [replace(step, undo=step.undo or undo) for step in found if not _is_update(step)]
            steps += found
            before = after
        return steps

    def _collected(
        self, app: str, operation: Operation, before: ProjectState, after: ProjectState, *, backwards: bool
    ) -> list[Step]:
        with refused_by_django(operation):
            before.apps, after.apps  # noqa: B018 - rendered now, so that no lock waits for it
        with collecting(self.connection, self.around.pending, self.late) as editor:
            if isinstance(operation, FillColumn) and not backwards:
                return fill_step(self.around, editor, app, operation, after)
            with refused_by_django(operation):
                _apply(operation, app, editor, before, after, backwards=backwards)
        statements = (statement for text in editor.collected_sql for statement in parse(text))
        adopted = [Step(f"adopt {what}", Lane.INSTANT, adopted=True) for what in editor.adopted]
        translate = retyped if isinstance(operation, ChangeColumnType) else steps_for
        return [*adopted, *translate(self.around, statements)]

    def _python(
        self,
        app: str,
        operation: Operation,
        before: ProjectState,
        after: ProjectState,
        *,
        backwards: bool,
        atomic: bool,
    ) -> Step:
        # As in Django: an operation that asks for no transaction runs in that of an atomic migration all the same.
        wrapped = (atomic and not leaves_transaction(operation)) or getattr(operation, "atomic", False)

        def work() -> None:
            editor = editor_class(self.connection)(self.connection, atomic=wrapped)
            with editor:
                _apply(operation, app, editor, before, after, backwards=backwards)

        before.apps, after.apps  # noqa: B018
        return Step(operation.describe(), Lane.BATCH, transactional=bool(wrapped), work=work)


def is_collected(operation: Operation) -> bool:
    """Whether the SQL of an operation can be collected and translated, rather than only run."""
    if not operation.reduces_to_sql or isinstance(operation, django_operations.RunPython):
        return False
    owners = [_owner(type(operation), name) for name in ("database_forwards", "database_backwards")]
    known = all(owner.__module__.startswith(_COLLECTED) for owner in owners)
    return known and not any(owner.__name__.endswith("Extension") for owner in (type(operation), *owners))


def leaves_transaction(operation: Operation) -> bool:
    """Whether an operation of this package commits by itself, batch by batch."""
    return isinstance(operation, FillColumn)


def _is_update(step: Step) -> bool:
    """Whether a step is Django's UPDATE before SET NOT NULL, which a fill leaves nothing to do but fires triggers."""
    kinds = {statement.kind for sql in step.sql for statement in parse(sql)}
    return bool(kinds) and kinds <= {Kind.ROWS, Kind.SET_CONSTRAINTS} and step.fill is None


def _owner(kind: type[Operation], method: str) -> type:
    """The class that says what an operation does: one that only gives it arguments may stand anywhere."""
    return next(owner for owner in kind.__mro__ if method in vars(owner))


def is_noop(operation: Operation, *, backwards: bool) -> bool:
    """Whether the operation is Python that does nothing in this direction."""
    if not isinstance(operation, django_operations.RunPython):
        return False
    code = operation.reverse_code if backwards else operation.code
    return code is django_operations.RunPython.noop


def _apply(
    operation: Operation, app: str, editor: Any, before: ProjectState, after: ProjectState, *, backwards: bool
) -> None:
    if backwards:
        operation.database_backwards(app, editor, before, after)
    else:
        operation.database_forwards(app, editor, before, after)


def parts(
    app: str, operation: Operation, before: ProjectState, after: ProjectState
) -> Iterator[tuple[Operation, ProjectState, ProjectState]]:
    """The operation itself, or those inside a SeparateDatabaseAndState, each with the states before and after it.

    Django's editor looks into the catalog for what an operation drops, so each is planned when those before it ran.
    """
    if type(operation) is not django_operations.SeparateDatabaseAndState or not operation.database_operations:
        yield operation, before, after
        return
    one = before.clone()
    for inner in operation.database_operations:
        other = one.clone()
        with refused_by_django(inner):
            inner.state_forwards(app, other)
        yield from parts(app, inner, one, other)
        one = other


def _copies_first(around: Surroundings, steps: list[Step]) -> list[Step]:
    """Move what copies a column before it is dropped to the front, so that the drops can share a transaction.

    A copy that notes the values of a new column as well stays behind the step that adds it.
    """
    first: list[int] = []
    for number, step in enumerate(steps):
        line = around.keeper.planned.get(step.transfer.kept_as) if step.copies and step.transfer else None
        if line is not None and not line.became:
            first += [number - 1, number]
    return [*(steps[number] for number in first), *(s for number, s in enumerate(steps) if number not in first)]


def _grouped(around: Surroundings, steps: list[Step]) -> Iterator[Step]:
    """Join neighbours of one lane: one operation, one transaction, as far as PostgreSQL lets it be one."""
    open_: list[Step] = []
    for step in steps:
        # Checks are asked before the transaction begins: what comes first must be there by then.
        if open_ and (not _joins(step) or step.checks or step.lane != open_[0].lane):
            yield from _joined(around, open_)
            open_ = []
        if _joins(step):
            open_.append(step)
        else:
            yield step
    yield from _joined(around, open_)


def _joins(step: Step) -> bool:
    joined = step.lane in (Lane.INSTANT, Lane.BATCH) and step.transactional
    return joined and not (step.adopted or step.later) and step.work is None and step.transfer is None


def _joined(around: Surroundings, steps: list[Step]) -> Iterator[Step]:
    if not steps:
        return
    if len(steps) == 1:
        yield steps[0]
        return
    steps = _keys_last(steps)
    locks: dict[str, Mode] = {}
    called = _one_name_each(around, steps)
    for step in steps:
        for table, mode in step.locks.items():
            locks[called[table]] = max(mode, locks.get(called[table], mode), key=lambda m: m.strength)
    unlocked = next((i for i, step in enumerate(steps) if step.locks), len(steps))
    yield replace(
        steps[0],
        label=steps[0].label if len(steps) == 2 else f"{steps[0].label} (and {len(steps) - 1} statements)",
        sql=tuple(sql for step in steps for sql in step.sql),
        locks=locks,
        hot=tuple(dict.fromkeys(called[table] for step in steps for table in step.hot)),
        unlocked=sum(len(step.sql) for step in steps[:unlocked]),
        undo=tuple(sql for step in reversed(steps) for sql in step.undo) if all(s.undo for s in steps) else (),
        checks=tuple(check for step in steps for check in step.checks),
    )


def _one_name_each(around: Surroundings, steps: list[Step]) -> dict[str, str]:
    """The names of the tables in the steps' locks, each with the first one of the same table.

    A lock that is asked for twice, the second time in a stronger mode, can deadlock with one who does the same.
    """
    first: dict[int | str, str] = {}
    called: dict[str, str] = {}
    for table in dict.fromkeys(table for step in steps for table in step.locks):
        found = around.find(parse_name(table))
        called[table] = first.setdefault(found.oid if found else table, table)
    return called


def _keys_last(steps: list[Step]) -> list[Step]:
    """Foreign keys to tables in use behind everything else: nothing builds on them, and all else needs no such lock."""
    locking = [step for step in steps if step.locks]
    if all(" FOREIGN KEY " in sql and " ADD CONSTRAINT " in sql for step in locking for sql in step.sql):
        return [step for step in steps if not step.locks] + locking
    return steps
