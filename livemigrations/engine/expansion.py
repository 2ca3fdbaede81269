"""Operations that need more than another statement: those that write every row are taken apart before they are planned."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.sql import Query

from livemigrations import operations as live
from livemigrations.catalog.kept import hidden_rows
from livemigrations.catalog.silencing import update_rules
from livemigrations.conf import small_table_bytes
from livemigrations.engine.steps import Lane, Mode, Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.engine.touched import quoted, table_of
from livemigrations.errors import MissingRights, StepFailed
from livemigrations.operations.fills import Fill, quiet_for
from livemigrations.statements.names import parse_name
from livemigrations.translation import from_django, writes_rows
from livemigrations.translation.render import proposal

ON_THE_WAY_BACK = "# a new migration that makes the change forwards, in steps: this is the way back."

_TAKEN_APART = (migrations.AddField, migrations.AlterField, live.SetNotNull, live.ChangeColumnType)


def taken_apart(
    around: Surroundings, app: str, operation: Operation, before: ProjectState, after: ProjectState, *, backwards: bool
) -> list[Operation]:
    """The operations to run instead of one that would write a large table's rows in one go; empty for any other.

    ``before`` and ``after`` are in the order of the way that is gone: for ``backwards`` the operation is undone.
    """
    forward = undoing(operation, app, after) if backwards else operation
    if (
        forward is None
        or type(forward) not in _TAKEN_APART
        or around.long_locks_allowed
        or not _is_large(around, app, forward, before)
    ):
        return []

    def volatile(expression: Any) -> bool:
        return _volatile(around, expression)

    if not writes_rows(forward, before, app, volatile=volatile):
        return []
    parts = from_django(forward, before, app, volatile=volatile)
    found = [inner for part in parts for inner in part.operations]
    if type(forward) is migrations.AlterField and any(isinstance(inner, live.ChangeColumnType) for inner in found):
        return []  # nobody asked for another type in that way
    computed = all(inner.reduces_to_sql for inner in found)
    return found if computed and all(part.exact for part in parts) and len(found) > 1 else []


def undoing(operation: Operation, app: str, after: ProjectState) -> Operation | None:
    """The operation that does forwards what taking one back does; None if that adds or changes no column.

    ``after`` is the state that the way back leads to.
    """
    if not isinstance(operation, migrations.RemoveField | migrations.AlterField):
        return None
    model = after.models.get((app, operation.model_name_lower))
    field = model.fields.get(operation.name) if model else None
    if field is None:
        return None
    if isinstance(operation, live.ChangeColumnType):
        return live.ChangeColumnType(operation.model_name, operation.name, field, using=operation.reverse_using)
    kind = migrations.AddField if isinstance(operation, migrations.RemoveField) else migrations.AlterField
    return kind(operation.model_name, operation.name, field)


def _is_large(around: Surroundings, app: str, operation: Any, before: ProjectState) -> bool:
    key = (app, operation.model_name_lower)
    name = table_of(before, key) if key in before.models else None
    if name is None:
        return False
    table = quoted(name)
    found = around.find(table)
    return found is not None and found.size > small_table_bytes() and around.populated(table)


def _volatile(around: Surroundings, expression: Any) -> bool:
    """Whether the server has volatile functions in a ``db_default``."""
    if not hasattr(expression, "resolve_expression"):
        return False
    compiler: Any = Query(None).get_compiler(connection=around.connection)
    sql, _ = compiler.compile(expression)
    return bool(around.volatile(sql))


def fill_step(
    around: Surroundings, editor: BaseDatabaseSchemaEditor, app: str, operation: live.FillColumn, state: ProjectState
) -> list[Step]:
    """The step of a FillColumn; none where a router keeps its model away.

    Raises ``MissingRights`` if policies hide rows from the role, ``StepFailed`` if a rule rewrites its UPDATE.
    """
    fill = operation.fill(editor, app, state)
    if fill is None:
        return []
    _refuse_obstacles(around, fill)
    return [
        Step(
            operation.describe(),
            Lane.BATCH,
            (fill.script(quiet_for(around.connection, fill)),),
            {fill.table: Mode.ROW_EXCLUSIVE},
            (fill.table,),
            undo=("-- values go with their column",),
            transactional=False,
            fill=fill,
        )
    ]


def _refuse_obstacles(around: Surroundings, fill: Fill) -> None:
    found = around.find(parse_name(fill.table))
    if found is None:
        return
    start = f"The backfill of {fill.table}.{fill.column} would leave out rows"
    if hidden := hidden_rows(around.connection, found.oid):
        raise MissingRights(f"{start}: {hidden}. Nothing of this operation was changed.")
    if rules := update_rules(around.connection, found.oid):
        names = ", ".join(rules)
        raise StepFailed(
            f"{start}: the rule {names} rewrites each UPDATE of {fill.table}. Nothing of this operation was changed. To"
            f" fix this, drop the rule (or ALTER TABLE {fill.table} DISABLE RULE …), then run migrate again."
        )


def better_code(app: str, operation: Operation, before: ProjectState) -> str:
    """The code to write instead of an operation that is refused; empty if there is none but the operation itself."""
    parts = from_django(operation, before, app)
    if [inner for part in parts for inner in part.operations] == [operation]:
        return ""
    return proposal(parts)
