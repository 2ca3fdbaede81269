"""Code in the database: functions, triggers, views. Each text is kept in the migration, so it is versioned."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState

from livemigrations.statements.names import identifier, literal


class _Code(Operation):
    """An object whose SQL creates it and whose previous SQL, or DROP, is the way back."""

    category = OperationCategory.SQL
    reduces_to_sql = True
    reversible = True
    arguments_to_keep: ClassVar[tuple[str, ...]] = ()

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Functions, triggers and views are no part of the model state."""

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        kept = {name: getattr(self, name) for name in self.arguments_to_keep}
        return (
            type(self).__name__,
            [],
            {name: value for name, value in kept.items() if value not in (None, "")},
        )

    def making(self, app_label: str, state: ProjectState) -> list[str]:
        """The statements that make the object; ``state`` is the one after the operation."""
        raise NotImplementedError

    def unmaking(self, app_label: str, state: ProjectState) -> list[str]:
        """The statements that take it back; ``state`` is the one after the operation as well."""
        raise NotImplementedError

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if router.allow_migrate(schema_editor.connection.alias, app_label):
            self._run(schema_editor, self.making(app_label, to_state))

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if router.allow_migrate(schema_editor.connection.alias, app_label):
            for statement in self.unmaking(app_label, from_state):
                schema_editor.execute(statement, params=None)

    def _run(self, editor: BaseDatabaseSchemaEditor, statements: list[str]) -> None:
        for statement in statements:
            editor.execute(statement, params=None)


class CommentIndexes(_Code):
    """Say on each index which query it serves. Lane: instant; locks nothing that traffic needs.

    ``comments`` maps names of indexes to texts. The way back removes the comments.
    """

    arguments_to_keep = ("comments",)

    def __init__(self, comments: dict[str, str]) -> None:
        self.comments = comments

    def making(self, app_label: str, state: ProjectState) -> list[str]:
        return [f"COMMENT ON INDEX {identifier(name)} IS {literal(text)}" for name, text in self.comments.items()]

    def unmaking(self, app_label: str, state: ProjectState) -> list[str]:
        return [f"COMMENT ON INDEX {identifier(name)} IS NULL" for name in self.comments]

    def _run(self, editor: BaseDatabaseSchemaEditor, statements: list[str]) -> None:
        """Behind the indexes, which Django itself defers to the end of the migration that creates their table."""
        editor.deferred_sql += statements

    def describe(self) -> str:
        return f"Comment {len(self.comments)} indexes"

    @property
    def migration_name_fragment(self) -> str:
        return "comment_indexes"


class CreateFunction(_Code):
    """Create or replace a function. Lane: instant; locks no table.

    ``sql`` is the whole ``CREATE OR REPLACE FUNCTION`` statement, ``arguments`` the argument types for DROP, and
    ``previous`` the statement of the version before, which the way back restores; without it the function is dropped.
    """

    arguments_to_keep = ("name", "sql", "arguments", "previous")

    def __init__(self, name: str, sql: str, arguments: str = "", previous: str | None = None) -> None:
        self.name, self.sql, self.arguments, self.previous = name, sql, arguments, previous

    def making(self, app_label: str, state: ProjectState) -> list[str]:
        return [self.sql]

    def unmaking(self, app_label: str, state: ProjectState) -> list[str]:
        return [self.previous or f"DROP FUNCTION IF EXISTS {identifier(self.name)}({self.arguments})"]

    def describe(self) -> str:
        return f"Create function {self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"function_{self.name}"


class CreateTrigger(_Code):
    """Create a trigger on a model's table. Lane: instant; SHARE ROW EXCLUSIVE for a few milliseconds.

    ``timing`` is for example ``"BEFORE UPDATE"``, ``function`` a call such as ``"set_updated_at()"``, ``level`` ROW or
    STATEMENT, ``condition`` the text of a WHEN. The way back drops the trigger (ACCESS EXCLUSIVE, as short).
    """

    arguments_to_keep = ("model_name", "name", "timing", "function", "level", "condition")

    def __init__(
        self,
        model_name: str,
        name: str,
        timing: str,
        function: str,
        level: str = "ROW",
        condition: str | None = None,
    ) -> None:
        self.model_name, self.name, self.timing = model_name, name, timing
        self.function, self.level, self.condition = function, level, condition

    def _table(self, app_label: str, state: ProjectState) -> str:
        table = str(state.apps.get_model(app_label, self.model_name)._meta.db_table)
        return table if table.startswith('"') else identifier(table)

    def making(self, app_label: str, state: ProjectState) -> list[str]:
        when = f" WHEN ({self.condition})" if self.condition else ""
        event = f"{self.timing} ON {self._table(app_label, state)}"
        action = f"FOR EACH {self.level}{when} EXECUTE FUNCTION {self.function}"
        return [f"CREATE TRIGGER {identifier(self.name)} {event} {action}"]

    def unmaking(self, app_label: str, state: ProjectState) -> list[str]:
        return [f"DROP TRIGGER IF EXISTS {identifier(self.name)} ON {self._table(app_label, state)}"]

    def describe(self) -> str:
        return f"Create trigger {self.name} on {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"trigger_{self.name}"


class CreateView(_Code):
    """Create or replace a view. Lane: instant; ACCESS SHARE on the tables that it reads.

    ``sql`` is the SELECT; ``previous`` the SELECT of the version before, which the way back restores after dropping
    this one; without it the view is dropped.
    """

    arguments_to_keep = ("name", "sql", "previous")

    def __init__(self, name: str, sql: str, previous: str | None = None) -> None:
        self.name, self.sql, self.previous = name, sql, previous

    def making(self, app_label: str, state: ProjectState) -> list[str]:
        return [f"CREATE OR REPLACE VIEW {identifier(self.name)} AS {self.sql}"]

    def unmaking(self, app_label: str, state: ProjectState) -> list[str]:
        drop = f"DROP VIEW IF EXISTS {identifier(self.name)}"
        return [drop, f"CREATE VIEW {identifier(self.name)} AS {self.previous}"] if self.previous else [drop]

    def describe(self) -> str:
        return f"Create view {self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"view_{self.name}"
