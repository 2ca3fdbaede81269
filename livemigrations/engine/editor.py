"""The schema editor of live runs, mixed into whatever editor the connection brings along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


class LiveEditorMixin:
    """Adds the key of a new column in a statement of its own, and remembers what an operation adopted."""

    sql_create_column_inline_fk = None

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.adopted: list[str] = []


def editor_class(connection: BaseDatabaseWrapper) -> type[BaseDatabaseSchemaEditor]:
    """The connection's own editor class with the mixin."""
    base = connection.SchemaEditorClass
    assert base is not None
    return type(f"Live{base.__name__}", (LiveEditorMixin, base), {})


@contextmanager
def collecting(connection: BaseDatabaseWrapper) -> Iterator[Any]:
    """An editor that only collects SQL; ``adopted`` and ``collected_sql`` are read after the block."""
    with editor_class(connection)(connection, collect_sql=True, atomic=False) as editor:
        yield editor
