"""Tables and columns that may be there already: adopted where they match, created where they do not exist."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState

from livemigrations.catalog.adoption import adopt_column, adopt_table
from livemigrations.catalog.relations import relation_oid


class CreateTableIfMissing(migrations.CreateModel):
    """Create the model's table, or adopt the one that stands there.

    Lane: instant. A new table locks nothing but, for its foreign keys, the tables that it references (SHARE ROW
    EXCLUSIVE, a few milliseconds). An existing table keeps its rows and what else it has; missing columns, indexes
    and constraints are added through the lanes of their kind; a column that differs is refused with a comparison
    of every column. The way back drops a table that was created here and leaves an adopted one as it was found.
    """

    adopts = True

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        if relation_oid(schema_editor.connection, model._meta.db_table) is None:
            schema_editor.create_model(model)
        else:
            adopt_table(schema_editor, model)

    def describe(self) -> str:
        return f"Create model {self.name}, or adopt its table"


class AddColumnIfMissing(migrations.AddField):
    """Add the field's column, or adopt the one that stands there if its definition is the same.

    Lane: instant (ACCESS EXCLUSIVE for a few milliseconds). To an adopted column the field's foreign key, unique
    constraint, check and indexes are added through the lanes of their kind, where it lacks them. The way back drops
    only what was added here.
    """

    adopts = True

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        before = from_state.apps.get_model(app_label, self.model_name)
        if not adopt_column(schema_editor, model, model._meta.get_field(self.name)):
            field = model._meta.get_field(self.name)
            if not self.preserve_default:
                field.default = self.field.default
            schema_editor.add_field(before, field)

    def describe(self) -> str:
        return f"Add field {self.name} to {self.model_name}, or adopt its column"
