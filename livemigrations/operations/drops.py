"""Columns and tables that go in two steps: retired while the previous release still uses them, dropped when nobody does."""

from __future__ import annotations

from copy import copy
from typing import Any, ClassVar, cast

from django.db import models, router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ModelState, ProjectState

from livemigrations.operations.leftovers import has_key, relaxed, without_key


class RetireColumn(Operation):
    """Take a field out of the models and keep its column, so that both releases can write the table.

    The column's default moves into the database, or without one it takes NULL; its foreign key goes, since the new
    release deletes rows without knowing of it. Lane: instant; locks ACCESS EXCLUSIVE on the table (and on the one that
    the key points at) for a few milliseconds. The way back asks for the values again: rows written meanwhile get the
    field's default, and rows without one, or whose key points at nothing, are shown before anything is changed.
    ``DropColumn`` follows in a contract migration.
    """

    category = OperationCategory.ALTERATION
    reduces_to_sql = True
    reversible = True
    stage: ClassVar[str] = "expand"

    def __init__(self, model_name: str, name: str) -> None:
        self.model_name, self.name = model_name, name

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "RetireColumn", [], {"model_name": self.model_name, "name": self.name}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.remove_field(app_label, self.model_name.lower(), self.name)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        _loosen(app_label, self.model_name, [self.name], schema_editor, from_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        _loosen(app_label, self.model_name, [self.name], schema_editor, to_state, back=True)

    def describe(self) -> str:
        return f"Retire field {self.name} from {self.model_name}, keeping its column"

    @property
    def migration_name_fragment(self) -> str:
        return f"retire_{self.model_name.lower()}_{self.name.lower()}"


class RetireTable(Operation):
    """Take a model out of the code and keep its table; the foreign keys from it to other tables go.

    Lane: instant; locks ACCESS EXCLUSIVE on the tables at both ends of each key for a few milliseconds, and nothing
    if there is none. The way back adds the keys again (NOT VALID, then VALIDATE). ``DropTable`` follows in a contract
    migration.
    """

    category = OperationCategory.ALTERATION
    reduces_to_sql = True
    reversible = True
    stage: ClassVar[str] = "expand"

    def __init__(self, name: str) -> None:
        self.name = name

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "RetireTable", [], {"name": self.name}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.remove_model(app_label, self.name.lower())

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        _loosen(app_label, self.name, None, schema_editor, from_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        _loosen(app_label, self.name, None, schema_editor, to_state, back=True)

    def describe(self) -> str:
        return f"Retire model {self.name}, keeping its table"

    @property
    def migration_name_fragment(self) -> str:
        return f"retire_{self.name.lower()}"


class DropColumn(Operation):
    """Drop the column of a field that was retired before; ``field`` is what remained of it.

    Lane: instant; locks ACCESS EXCLUSIVE on the table for a few milliseconds. What stood in the column is kept in the
    schema ``rolled_back``. The way back adds the column as it was retired, and its values return. Stage: contract.
    """

    category = OperationCategory.REMOVAL
    reduces_to_sql = True
    reversible = True
    stage: ClassVar[str] = "contract"

    def __init__(self, model_name: str, name: str, field: models.Field[Any, Any]) -> None:
        self.model_name, self.name, self.field = model_name, name, field

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "DropColumn", [], {"model_name": self.model_name, "name": self.name, "field": self.field}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The field left the state when it was retired."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model, field = self._model_and_field(app_label, from_state)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.remove_field(model, field)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model, field = self._model_and_field(app_label, to_state)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.add_field(model, field)

    def _model_and_field(self, app_label: str, state: ProjectState) -> tuple[type[models.Model], Any]:
        """The model with the field back in it."""
        whole = state.clone()
        taken = {name for model in whole.models.values() for name in model.fields}  # children may not have it either
        name = self.name if self.name not in taken else f"{self.name}_retired"
        field = self.field.clone()
        field.db_column = field.db_column or self.name
        whole.add_field(app_label, self.model_name.lower(), name, field, preserve_default=True)
        model = whole.apps.get_model(app_label, self.model_name)
        return model, model._meta.get_field(name)

    def describe(self) -> str:
        return f"Drop the column of {self.model_name}.{self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"drop_{self.model_name.lower()}_{self.name.lower()}"


class DropTable(Operation):
    """Drop the table of a model that was retired before; ``fields`` and ``options`` describe the table.

    Lane: instant; locks ACCESS EXCLUSIVE on the table for a few milliseconds. Its rows are kept in the schema
    ``rolled_back``. The way back creates the table as it was retired, and the rows return. Stage: contract.
    """

    category = OperationCategory.REMOVAL
    reduces_to_sql = True
    reversible = True
    serialization_expand_args: ClassVar[list[str]] = ["fields", "options"]
    stage: ClassVar[str] = "contract"

    def __init__(
        self, name: str, fields: list[tuple[str, models.Field[Any, Any]]], options: dict[str, Any] | None = None
    ) -> None:
        self.name, self.fields, self.options = name, fields, options or {}

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return "DropTable", [], {"name": self.name, "fields": self.fields, "options": self.options}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The model left the state when it was retired."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = self._model(app_label, from_state)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.delete_model(model)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = self._model(app_label, to_state)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.create_model(model)

    def _model(self, app_label: str, state: ProjectState) -> type[models.Model]:
        """The model of the table, which the state does not have any more."""
        whole = state.clone()
        name = self.name if (app_label, self.name.lower()) not in whole.models else f"{self.name}Retired"
        fields = [(key, field.clone()) for key, field in self.fields]
        whole.add_model(ModelState(app_label, name, fields, {"indexes": [], "constraints": [], **self.options}))
        return whole.apps.get_model(app_label, name)

    def describe(self) -> str:
        return f"Drop the table of {self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"drop_{self.name.lower()}"


def _loosen(
    app_label: str,
    model_name: str,
    names: list[str] | None,
    editor: BaseDatabaseSchemaEditor,
    state: ProjectState,
    *,
    back: bool = False,
) -> None:
    """Alter a model's fields to what remains of them, or back; without names only its keys are cut."""
    model = state.apps.get_model(app_label, model_name)
    if not router.allow_migrate_model(editor.connection.alias, model):
        return
    many = [field for field in model._meta.local_many_to_many if names is None or field.name in names]
    for through in (cast("Any", field.remote_field).through for field in many):
        for key in _keys(through) if through._meta.auto_created else []:
            cut = copy(key)
            cut.db_constraint = False
            editor.alter_field(through, *((cut, key) if back else (key, cut)))
    loose = _loosened(app_label, model, names, state)
    other = loose.apps.get_model(app_label, model_name)
    for field in model._meta.local_concrete_fields:
        if names is None or field.name in names:
            pair = (model, field), (other, other._meta.get_field(field.name))
            (owner, old), (_, new) = reversed(pair) if back else pair
            editor.alter_field(owner, old, cast("Any", new))


def _loosened(app_label: str, model: type[models.Model], names: list[str] | None, state: ProjectState) -> ProjectState:
    loose = state.clone()
    for field in model._meta.local_concrete_fields:
        if names is None or field.name in names:
            stated = loose.models[app_label, str(model._meta.model_name)].fields.get(field.name)
            kept = stated and (without_key(stated) if names is None else relaxed(stated))
            if kept and kept is not stated:
                loose.alter_field(app_label, str(model._meta.model_name), field.name, kept, preserve_default=True)
    return loose


def _keys(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.local_concrete_fields if has_key(field)]
