"""A column that gets another type while its table is in use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState

from livemigrations.operations.fills import sql_of


class ChangeColumnType(migrations.AlterField):
    """Give a column another type; ``field`` is the final field.

    ``using`` is an expression over the row's own columns that makes the new value (``Cast(F("n"), …)``), without one
    the cast that Django sends; ``reverse_using`` is the same for the way back. On a new, empty or small table this is
    Django's ALTER TYPE. On any other the new column is built beside the old one and takes its place in the end:

    - rows whose value cannot be converted are counted and shown, before anything is changed;
    - instant: the new column and a trigger that keeps it in step (ACCESS EXCLUSIVE for a few milliseconds);
    - batch: the rows that were there before, in transactions of their own;
    - online: its indexes, NOT NULL, checks and foreign keys, built concurrently or validated, and its statistics;
    - where the new type does not hold all that the values said, a copy of them in the schema ``rolled_back``;
    - instant: one short transaction drops the old column and gives its name and all that belonged to it to the new one.

    The way back is the same in the other direction, and values that the type had cut return where nobody changed them
    since. A primary key takes the foreign keys that point at it along. Refused, before anything is changed, is what
    PostgreSQL cannot move to another column: views, policies, generated columns and triggers over it, partitions.
    """

    def __init__(
        self,
        model_name: str,
        name: str,
        field: models.Field[Any, Any],
        preserve_default: bool = True,
        using: Any = None,
        reverse_using: Any = None,
    ) -> None:
        for given in (using, reverse_using):
            if given is not None and not hasattr(given, "resolve_expression"):
                raise TypeError(f"ChangeColumnType for {model_name}.{name} takes an expression, not {given!r}.")
        super().__init__(model_name, name, field, preserve_default)
        self.using, self.reverse_using = using, reverse_using

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        name, arguments, keywords = super().deconstruct()
        given = {"using": self.using, "reverse_using": self.reverse_using}
        return name, list(arguments), {**keywords, **{key: one for key, one in given.items() if one is not None}}

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        with self._by(self.using, schema_editor, app_label, from_state):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        with self._by(self.reverse_using, schema_editor, app_label, from_state):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    @contextmanager
    def _by(self, expression: Any, editor: Any, app_label: str, state: ProjectState) -> Iterator[None]:
        """Have the editor convert the values of this field by an expression."""
        if expression is None:
            yield
            return
        model = state.apps.get_model(app_label, self.model_name)
        text = sql_of(editor, model, model._meta.get_field(self.name), expression).replace("%", "%%")
        djangos = editor._using_sql  # noqa: SLF001

        def using(new_field: Any, old_field: Any) -> str:
            own = new_field.model._meta.label_lower == model._meta.label_lower and new_field.name == self.name
            return f" USING {text}" if own else str(djangos(new_field, old_field))

        editor._using_sql = using  # noqa: SLF001
        try:
            yield
        finally:
            del editor._using_sql  # noqa: SLF001

    def describe(self) -> str:
        return f"Change the type of {self.model_name}.{self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"{self.model_name_lower}_{self.name_lower}_type"
