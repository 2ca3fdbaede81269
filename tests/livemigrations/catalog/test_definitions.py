"""Definitions: what a constraint says, apart from when it is checked, and whatever its texts look like."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.state import ModelState, ProjectState

from livemigrations.catalog.definitions import constraint_body, read_constraints
from livemigrations.catalog.objects import Key, Kind, read_objects
from livemigrations.catalog.relations import relation_oid
from livemigrations.catalog.twins import table_of_model

TABLES = """
CREATE SCHEMA other; CREATE TABLE other.place (id int PRIMARY KEY);
CREATE TABLE thing (id int, place int, note text,
    CONSTRAINT words CHECK (note <> ' NOT VALID' AND note <> ' DEFERRABLE' AND note <> 'REFERENCES a.b('),
    CONSTRAINT once UNIQUE (id) DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE thing ADD CONSTRAINT positive CHECK (id > 0) NO INHERIT NOT VALID;
ALTER TABLE thing ADD CONSTRAINT key FOREIGN KEY (place) REFERENCES other.place DEFERRABLE INITIALLY DEFERRED NOT VALID;
"""
BODIES = {
    "words": "CHECK (((note <> ' NOT VALID'::text) AND (note <> ' DEFERRABLE'::text) AND (note <> 'REFERENCES a.b('::text)))",
    "once": "UNIQUE (id)",
    "positive": "CHECK ((id > 0)) NO INHERIT",
    "key": "FOREIGN KEY (place) REFERENCES place(id)",
}


@pytest.fixture
def thing(connection: BaseDatabaseWrapper) -> int:
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
    oid = relation_oid(connection, "thing")
    assert oid is not None
    return oid


def test_constraints(connection: BaseDatabaseWrapper, thing: int) -> None:
    found = read_constraints(connection, thing)
    assert {name: one.body for name, one in found.items()} == BODIES
    assert {name for name, one in found.items() if not one.validated} == {"positive", "key"}


def test_constraints_as_objects(connection: BaseDatabaseWrapper, thing: int) -> None:
    found = read_objects(connection, ["public"])
    things = {name: found[Key(Kind.CONSTRAINT, "thing", name)] for name in BODIES}
    elsewhere = BODIES | {"key": "FOREIGN KEY (place) REFERENCES other.place(id)"}
    assert {name: one.definition for name, one in things.items()} == elsewhere
    assert {name for name, one in things.items() if one.note == "deferrable"} == {"once", "key"}
    with connection.cursor() as cursor:
        for name, one in things.items():  # what makes the constraint anew makes the same one
            cursor.execute(f"ALTER TABLE thing DROP CONSTRAINT {name}; {one.sql}")
    assert {name: one.body for name, one in read_constraints(connection, thing).items()} == BODIES


def test_a_constraint_that_is_not_enforced_is_another_one() -> None:
    text = "FOREIGN KEY (a) REFERENCES s.b(id) DEFERRABLE INITIALLY DEFERRED NOT ENFORCED"
    assert constraint_body(text) == "FOREIGN KEY (a) REFERENCES b(id) NOT ENFORCED"


def test_a_twin_of_a_table_with_a_backslash(connection: BaseDatabaseWrapper) -> None:
    state = ProjectState()
    fields: list[tuple[str, models.Field[Any, Any]]] = [("id", models.BigAutoField(primary_key=True))]
    state.add_model(ModelState("odd", "Odd", fields, {"db_table": r"odd\d \1 name"}))
    with connection.schema_editor() as editor:
        assert list(table_of_model(editor, state.apps.get_model("odd", "Odd")).columns) == ["id"]
