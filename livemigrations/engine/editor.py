"""The schema editor of live runs, mixed into whatever editor the connection brings along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from livemigrations.engine.deferred import LateNames, LateNamesMixin
from livemigrations.engine.pending import Pending


class LiveEditorMixin(LateNamesMixin):
    """Adds the key of a new column in a statement of its own, and remembers what an operation adopted.

    With ``pending``, what an operation looks up includes what the script before it will have made.
    """

    sql_create_column_inline_fk = None
    connection: BaseDatabaseWrapper
    pending: Pending | None = None

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.adopted: list[str] = []

    def _constraint_names(self, model: Any, *arguments: Any, **keywords: Any) -> Any:
        search = super()._constraint_names  # type: ignore[misc]
        if self.pending is None:
            return search(model, *arguments, **keywords)
        pending, introspection, table = self.pending, self.connection.introspection, model._meta.db_table

        def get_constraints(cursor: Any, name: str) -> dict[str, Any]:
            found = type(introspection).get_constraints(introspection, cursor, pending.stands_as(name))
            return pending.over(table, found)

        vars(introspection)["get_constraints"] = get_constraints
        try:
            return search(model, *arguments, **keywords)
        finally:
            del vars(introspection)["get_constraints"]


def editor_class(connection: BaseDatabaseWrapper) -> type[BaseDatabaseSchemaEditor]:
    """The connection's own editor class with the mixin."""
    base = connection.SchemaEditorClass
    assert base is not None
    return type(f"Live{base.__name__}", (LiveEditorMixin, base), {})


@contextmanager
def collecting(
    connection: BaseDatabaseWrapper, pending: Pending | None = None, late: LateNames | None = None
) -> Iterator[Any]:
    """An editor that only collects SQL; ``adopted`` and ``collected_sql`` are read after the block.

    ``late`` are the names that operations before it in the migration gave; it comes to know those of this one.
    """
    editor: Any = editor_class(connection)(connection, collect_sql=True, atomic=False)
    editor.pending, editor.late = pending, late
    with editor:
        yield editor
        for statement in editor.finish_names():
            editor.execute(statement, params=None)
