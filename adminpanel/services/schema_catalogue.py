"""The schema catalogue: every table with its sprint, columns, keys and indexes, written from models and catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import CreateModel

from livemigrations.catalog.definitions import Table, read_table
from livemigrations.catalog.relations import fetch, relation_oid

APPS = ("core", "customers", "bookings", "payments", "adminpanel")


@dataclass(frozen=True, slots=True)
class Entry:
    """One table or view of the catalogue."""

    model: type[models.Model]
    name: str
    sprint: int | None
    definition: Table
    comments: dict[str, str]


def catalogue(connection: BaseDatabaseWrapper) -> str:
    """Write the catalogue of a migrated database as Markdown, ending with a newline."""
    entries = {label: list(_entries(connection, label)) for label in APPS}
    tables = [entry for found in entries.values() for entry in found if entry.model._meta.managed]
    indexes = sum(len(entry.definition.indexes) for entry in tables)
    lines = [
        "# Schema catalogue",
        "",
        "Written by `manage.py schema_catalogue` from the models and the migrated database; a test keeps it true.",
        f"{len(tables)} tables, {indexes} indexes.",
    ]
    for label, found in entries.items():
        if not found:
            continue
        lines += ["", f"## {label}", "", *_diagram(found)]
        for entry in found:
            lines += ["", *_section(entry)]
    return "\n".join(lines) + "\n"


def _entries(connection: BaseDatabaseWrapper, label: str) -> Iterator[Entry]:
    sprints = _sprints(connection, label)
    for model in sorted(apps.get_app_config(label).get_models(), key=lambda m: m._meta.db_table):
        name = model._meta.db_table
        oid = relation_oid(connection, name)
        if oid is None or model._meta.proxy:
            continue
        yield Entry(model, name, sprints.get(model.__name__), read_table(connection, oid), _comments(connection, oid))


def _sprints(connection: BaseDatabaseWrapper, label: str) -> dict[str, int]:
    """The sprint of the migration that brought each model of an app."""
    found = {}
    for (app, _), migration in MigrationLoader(connection).disk_migrations.items():
        sprint = getattr(migration, "sprint", None)
        if app == label and sprint is not None:
            found.update({op.name: int(sprint) for op in migration.operations if isinstance(op, CreateModel)})
    return found


def _comments(connection: BaseDatabaseWrapper, oid: int) -> dict[str, str]:
    rows = fetch(
        connection,
        "SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE i.indrelid = %s",
        [oid],
    )
    return {name: text or "" for name, text in rows}


def _diagram(entries: list[Entry]) -> list[str]:
    """The foreign keys of an app as an entity-relationship diagram."""
    edges = []
    for entry in entries:
        for field in entry.model._meta.local_concrete_fields:
            if isinstance(field, models.ForeignKey) and entry.model._meta.managed:
                target = field.related_model
                assert isinstance(target, type)
                mark = "|o" if field.null else "||"
                edges.append(f"    {target._meta.db_table} {mark}--o{{ {entry.name} : {field.column}")
    return ["```mermaid", "erDiagram", *edges, "```"] if edges else []


def _section(entry: Entry) -> list[str]:
    kind = "table" if entry.model._meta.managed else "view"
    sprint = "" if entry.sprint is None else f", sprint {entry.sprint}"
    lines = [f"### {entry.name} ({kind}{sprint})", "", "| column | definition |", "| --- | --- |"]
    lines += [f"| {column.name} | `{column}` |" for column in entry.definition.columns.values()]
    keys = [constraint for constraint in entry.definition.constraints.values() if constraint.kind != "p"]
    if keys:
        lines += ["", "| constraint | definition |", "| --- | --- |"]
        lines += [f"| {key.name} | `{key.body}` |" for key in keys]
    if entry.definition.indexes:
        lines += ["", "| index | definition | serves |", "| --- | --- | --- |"]
        for index in entry.definition.indexes.values():
            serves = entry.comments.get(index.name) or ("the constraint" if index.constraint else "")
            lines.append(f"| {index.name} | `{index.definition}` | {serves} |")
    return lines
