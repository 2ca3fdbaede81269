"""Names that Django gives only at the end of a migration.

Django keeps the indexes and keys of a new table or column back until the migration ends, and names them after what the
table and its columns are called by then. Here they are made with their operation, so a later operation of the same
migration that gives the table or a column another name gives them the name that they would have had.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db.backends.ddl_references import ForeignKeyName, IndexName, Statement
from django.db.models import Field, Model

from livemigrations.statements.names import identifier

Target = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LateName:
    """An index or a key that was made. ``target`` are the table and the column that a key points at."""

    table: str
    columns: tuple[str, ...]
    suffix: str
    target: Target | None = None

    def table_renamed(self, old: str, new: str) -> LateName:
        target = self.target and (new if self.target[0] == old else self.target[0], self.target[1])
        return replace(self, table=new if self.table == old else self.table, target=target)

    def column_renamed(self, table: str, old: str, new: str) -> LateName:
        columns = tuple(new if name == old else name for name in self.columns) if self.table == table else self.columns
        target = (table, new) if self.target == (table, old) else self.target
        return replace(self, columns=columns, target=target)


class LateNames:
    """What the operations of one migration made so far, by the names that it has."""

    def __init__(self) -> None:
        self.made: dict[str, LateName] = {}


class LateNamesMixin:
    """Follows renames: statements that give the new names end the operation that renames."""

    late: LateNames | None = None

    def _late_name(self, made: LateName) -> str:
        suffix = made.suffix
        if made.target:
            suffix %= {"to_table": made.target[0], "to_column": made.target[1]}
        return str(self._create_index_name(made.table, list(made.columns), suffix))  # type: ignore[attr-defined]

    def finish_names(self) -> list[str]:
        """The statements for the names that have changed; what the operation itself deferred is followed from now on."""
        if self.late is None:
            return []
        statements: list[str] = []
        for old, made in list(self.late.made.items()):
            new = self._late_name(made)
            if new != old:
                statements.append(_renaming(old, new, made))
                self.late.made[new] = self.late.made.pop(old)
        self._follow(self.deferred_sql)  # type: ignore[attr-defined]
        return statements

    def _follow(self, statements: Iterable[Any]) -> None:
        assert self.late is not None
        for statement in statements:
            part = statement.parts.get("name") if isinstance(statement, Statement) else None
            found = _late(part)
            if found and (name := self._late_name(found)) == str(part).strip('"'):
                self.late.made[name] = found

    def alter_db_table(self, model: type[Model], old_db_table: str, new_db_table: str) -> None:
        super().alter_db_table(model, old_db_table, new_db_table)  # type: ignore[misc]
        self._each(lambda made: made.table_renamed(old_db_table, new_db_table))

    def _rename_field_sql(self, table: str, old_field: Any, new_field: Any, new_type: str) -> Any:
        self._each(lambda made: made.column_renamed(table, old_field.column, new_field.column))
        return super()._rename_field_sql(table, old_field, new_field, new_type)  # type: ignore[misc]

    def delete_model(self, model: type[Model]) -> None:
        super().delete_model(model)  # type: ignore[misc]
        table = model._meta.db_table
        self._forget(lambda _, made: table == made.table or (made.target is not None and table == made.target[0]))

    def remove_field(self, model: type[Model], field: Field[Any, Any]) -> None:
        super().remove_field(model, field)  # type: ignore[misc]
        self._forget(lambda _, made: made.table == model._meta.db_table and field.column in made.columns)

    def _delete_constraint_sql(self, template: str, model: type[Model], name: str, **options: Any) -> Any:
        self._forget(lambda known, _: known == name)
        return super()._delete_constraint_sql(template, model, name, **options)  # type: ignore[misc]

    def _delete_index_sql(self, model: type[Model], name: str, *arguments: Any, **options: Any) -> Any:
        self._forget(lambda known, _: known == name)
        return super()._delete_index_sql(model, name, *arguments, **options)  # type: ignore[misc]

    def _rename_index_sql(self, model: type[Model], old_name: str, new_name: str) -> Any:
        self._forget(lambda known, _: known == old_name)
        return super()._rename_index_sql(model, old_name, new_name)  # type: ignore[misc]

    def _each(self, change: Any) -> None:
        if self.late is not None:
            self.late.made = {name: change(made) for name, made in self.late.made.items()}

    def _forget(self, gone: Any) -> None:
        if self.late is not None:
            self.late.made = {name: made for name, made in self.late.made.items() if not gone(name, made)}


def _late(part: Any) -> LateName | None:
    if isinstance(part, ForeignKeyName):
        target = (part.to_reference.table, part.to_reference.columns[0])
        return LateName(part.table, tuple(part.columns), part.suffix_template, target)
    if isinstance(part, IndexName):
        return LateName(part.table, tuple(part.columns), part.suffix)
    return None


def _renaming(old: str, new: str, made: LateName) -> str:
    if made.target:
        return f"ALTER TABLE {identifier(made.table)} RENAME CONSTRAINT {identifier(old)} TO {identifier(new)}"
    return f"ALTER INDEX {identifier(old)} RENAME TO {identifier(new)}"
