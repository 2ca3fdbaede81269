"""Adopting what stands in the database already: verified by definition, completed where something is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Field, ForeignKey, Model

from livemigrations.catalog.constraints import foreign_keys
from livemigrations.catalog.definitions import Column, Constraint, Table, read_table
from livemigrations.catalog.equivalence import same_columns, same_expression
from livemigrations.catalog.relations import relation, relation_oid
from livemigrations.catalog.twins import table_of_model
from livemigrations.errors import DefinitionConflict
from livemigrations.statements.tokens import tokens


def adopt_table(editor: BaseDatabaseSchemaEditor, model: type[Model]) -> None:
    """Verify the table of ``model`` and add what it lacks through ``editor``; its rows stay.

    Raises ``DefinitionConflict`` with a comparison column by column if something there differs.
    """
    table = model._meta.db_table
    found = relation(editor.connection, table)
    assert found is not None
    if found.kind not in ("r", "p"):
        raise DefinitionConflict(
            f"{table} exists and is no table but a relation of kind {found.kind!r}. Remedy: rename or drop it."
        )
    actual, wanted = read_table(editor.connection, found.oid), table_of_model(editor, model)
    if differences := _differences(editor, found.oid, actual.columns, wanted.columns):
        raise DefinitionConflict(_comparison(table, differences, wanted.columns))
    actual = _respelled(editor, table, actual, wanted)
    _note(editor, table)
    _add_columns(editor, model, actual, wanted)
    _add_indexes(editor, model, actual, wanted)
    _add_constraints(editor, model, actual, wanted)
    _add_foreign_keys(editor, model, model._meta.local_concrete_fields, actual, found.oid)
    _add_relations(editor, model)


def adopt_column(editor: BaseDatabaseSchemaEditor, model: type[Model], field: Field[Any, Any]) -> bool:
    """Verify the column of ``field`` and add what it lacks: its key, unique constraint, checks and indexes.

    Returns whether there is such a column. Raises ``DefinitionConflict`` if something there differs.
    """
    table = model._meta.db_table
    oid = relation_oid(editor.connection, table)
    if oid is None:
        return False
    actual = read_table(editor.connection, oid)
    column = str(field.column)
    if column not in actual.columns:
        return False
    wanted = _of_column(table_of_model(editor, model), column)
    if differences := _differences(editor, oid, {column: actual.columns[column]}, wanted.columns):
        raise DefinitionConflict(_comparison(table, differences, wanted.columns))
    actual = _respelled(editor, table, actual, wanted)
    _note(editor, f"{table}.{column}")
    _add_indexes(editor, model, actual, wanted)
    _add_constraints(editor, model, actual, wanted)
    _add_foreign_keys(editor, model, [field], actual, oid)
    return True


def _of_column(whole: Table, column: str) -> Table:
    """The part of a table's definition that is about this column alone."""

    def is_own(body: str) -> bool:
        return _columns_of(body, whole) == {column}

    return Table(
        {column: whole.columns[column]},
        {name: index for name, index in whole.indexes.items() if is_own(index.body)},
        {name: constraint for name, constraint in whole.constraints.items() if is_own(constraint.body)},
    )


def _note(editor: BaseDatabaseSchemaEditor, what: str) -> None:
    """Tell a live editor that the operation met something that it must not take away again."""
    adopted = getattr(editor, "adopted", None)
    if adopted is not None:
        adopted.append(what)


def _respelled(editor: BaseDatabaseSchemaEditor, table: str, actual: Table, wanted: Table) -> Table:
    """The table with each check that differs from a wanted one in spelling only in the wanted spelling."""
    checks = [one.body for one in wanted.constraints.values() if one.kind == "c"]
    known = set(checks)
    name = editor.quote_name(table)

    def spelled(constraint: Constraint) -> Constraint:
        if constraint.kind != "c" or constraint.body in known:
            return constraint
        mine = constraint.body.removeprefix("CHECK ")
        same = (
            body for body in checks if same_expression(editor.connection, mine, body.removeprefix("CHECK "), table=name)
        )
        return replace(constraint, body=next(same, constraint.body))

    return replace(actual, constraints={name: spelled(one) for name, one in actual.constraints.items()})


def _differences(
    editor: BaseDatabaseSchemaEditor, oid: int, actual: dict[str, Column], wanted: dict[str, Column]
) -> dict[str, tuple[str, str]]:
    same = same_columns(editor.connection, oid, actual, wanted)
    found = {
        name: (str(actual[name]), str(column)) for name, column in wanted.items() if name in actual and name not in same
    }
    for name, column in actual.items():
        if name not in wanted and column.not_null and not (column.default or column.identity):
            found[name] = (str(column), "not known here, and without a default no row could be inserted")
    return found


def _comparison(table: str, differences: dict[str, tuple[str, str]], wanted: dict[str, Column]) -> str:
    width = max(len(name) for name in [*differences, *wanted])
    lines = [f"The table {table} exists, but not as this migration defines it. Nothing was changed.", ""]
    for name in dict.fromkeys([*wanted, *differences]):
        if name in differences:
            there, here = differences[name]
            lines += [
                f"  {name:<{width}}  DIFFERS  there: {there}",
                f"  {'':<{width}}           here:  {here}",
            ]
        else:
            lines.append(f"  {name:<{width}}  same or missing (a missing column would be added)")
    known, unknown = ", ".join(n for n in differences if n in wanted), [n for n in differences if n not in wanted]
    remedies = [f"bring {known} of {table} to the definition here"] if known else []
    remedies += [f"give {name} a default or let it be NULL" for name in unknown]
    lines += ["", f"Remedy: {', '.join(remedies)}, or rename the table; then migrate again."]
    return "\n".join(lines)


def _add_columns(editor: BaseDatabaseSchemaEditor, model: type[Model], actual: Table, wanted: Table) -> None:
    for field in model._meta.local_concrete_fields:
        if field.column in wanted.columns and field.column not in actual.columns:
            editor.add_field(model, field)


def _add_indexes(editor: BaseDatabaseSchemaEditor, model: type[Model], actual: Table, wanted: Table) -> None:
    named = {index.name: index for index in model._meta.indexes}
    constraints = {constraint.name for constraint in model._meta.constraints}
    valid = {index.definition for index in actual.indexes.values() if index.valid}
    for name, index in wanted.indexes.items():
        if index.constraint or name in constraints:
            continue
        same = actual.indexes.get(name)
        if same is not None and same.valid and same.definition != index.definition:
            raise _conflict(model, "index", name, same.definition, index.definition)
        if (same is not None and same.valid) or (same is None and index.definition in valid):
            continue
        if name in named:
            editor.add_index(model, named[name])
        elif not _came_along(index.body, actual, wanted):
            unique = "UNIQUE " * index.unique
            table = editor.quote_name(model._meta.db_table)
            editor.execute(f"CREATE {unique}INDEX {editor.quote_name(name)} ON {table} {index.body}")


def _add_constraints(editor: BaseDatabaseSchemaEditor, model: type[Model], actual: Table, wanted: Table) -> None:
    bodies = {constraint.body for constraint in actual.constraints.values()}
    named = {constraint.name: constraint for constraint in model._meta.constraints}
    for name, constraint in wanted.constraints.items():
        if constraint.body in bodies:
            continue
        if constraint.kind == "p":
            raise DefinitionConflict(
                f"The table {model._meta.db_table} exists without the {constraint.body}. Remedy: add it, then migrate again."
            )
        if name in actual.constraints:
            raise _conflict(model, "constraint", name, actual.constraints[name].body, constraint.body)
        if name in named:
            editor.add_constraint(model, named[name])
        elif not _came_along(constraint.body, actual, wanted):
            table = editor.quote_name(model._meta.db_table)
            editor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {editor.quote_name(name)} {constraint.body}")
    indexes = {index.definition for index in actual.indexes.values() if index.valid}
    for name, missing in wanted.indexes.items():
        if name in named and not missing.constraint and missing.definition not in indexes:
            editor.add_constraint(model, named[name])


def _conflict(model: type[Model], kind: str, name: str, there: str, here: str) -> DefinitionConflict:
    return DefinitionConflict(
        f"The {kind} {name} of {model._meta.db_table} exists with another definition. Nothing was changed.\n"
        f"  there: {there}\n  here:  {here}\nRemedy: rename or drop it, then migrate again."
    )


def _came_along(body: str, actual: Table, wanted: Table) -> bool:
    """Whether this belongs to one column that is missing: then adding the column makes it."""
    columns = _columns_of(body, wanted)
    return len(columns) == 1 and not columns & set(actual.columns)


def _columns_of(body: str, table: Table) -> set[str]:
    """The columns of a table that the definition of an index or a constraint names."""
    return {token.name for token in tokens(body)} & set(table.columns)


def _add_relations(editor: BaseDatabaseSchemaEditor, model: type[Model]) -> None:
    for field in model._meta.local_many_to_many:
        through: Any = field.remote_field.through
        if not through._meta.auto_created:
            continue
        if relation_oid(editor.connection, through._meta.db_table) is None:
            editor.create_model(through)
        else:
            adopt_table(editor, through)


def _add_foreign_keys(
    editor: BaseDatabaseSchemaEditor, model: type[Model], fields: Iterable[Field[Any, Any]], actual: Table, oid: int
) -> None:
    keys = foreign_keys(editor.connection, oid)
    adder: Any = editor
    for field in fields:
        if not isinstance(field, ForeignKey) or not getattr(field, "db_constraint", True):
            continue
        if field.column not in actual.columns:  # the key came with its column
            continue
        wanted = " ".join(str(adder._create_on_delete_sql(model, field)).split()) or "ON DELETE NO ACTION"
        target = field.remote_field.model._meta.db_table
        there = [key for key in keys if key.column == field.column and key.table == target]
        if not there:
            adder.execute(adder._create_fk_sql(model, field, "_fk_%(to_table)s_%(to_column)s"))
        for key in there:
            if key.on_delete != wanted:
                raise DefinitionConflict(
                    f"The foreign key {key.name} of {model._meta.db_table} exists with another action. Nothing was"
                    f" changed.\n  there: {key.on_delete}\n  here:  {wanted}\nRemedy: drop it"
                    f" (ALTER TABLE {editor.quote_name(model._meta.db_table)} DROP CONSTRAINT"
                    f" {editor.quote_name(key.name)}), then migrate again: it is added anew without a stop."
                )
            if not key.validated:
                table, name = editor.quote_name(model._meta.db_table), editor.quote_name(key.name)
                editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
