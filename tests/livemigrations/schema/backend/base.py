"""The backend: every table that stands counts as populated, and the steps run at once, in the editor's transaction."""

from __future__ import annotations

import re
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.schema import DatabaseSchemaEditor

from livemigrations.engine.editor import LiveEditorMixin
from livemigrations.engine.surroundings import Surroundings
from livemigrations.engine.translate import steps_for
from livemigrations.statements.names import Name
from livemigrations.statements.parse import parse


class Everywhere(Surroundings):
    """Surroundings in which every table has rows."""

    def populated(self, table: Name) -> bool:
        found = self.find(table)
        return found is not None and found.kind in ("r", "p", "m")


class TranslatingEditor(LiveEditorMixin, DatabaseSchemaEditor):  # type: ignore[misc]
    """Runs the steps that a statement becomes, instead of the statement."""

    def __enter__(self) -> Any:
        self.around = Everywhere(self.connection)
        self.around.long_locks_allowed = self.around.keeper.discard = True
        return super().__enter__()

    def execute(self, sql: Any, params: Any = ()) -> None:
        if self.collect_sql or not hasattr(self, "around"):
            super().execute(sql, params)
            return
        text = str(sql)
        if params:
            text %= tuple(self.quote_value(value) for value in params)
        for step in steps_for(self.around, parse(text)):
            for statement in step.sql:
                within = self.connection.in_atomic_block
                super().execute(re.sub(r"\bCONCURRENTLY\s+", "", statement) if within else statement, None)


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL with that editor."""

    SchemaEditorClass = TranslatingEditor
