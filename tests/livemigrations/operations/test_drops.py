"""Columns and tables that go in two steps: both releases write in between, and every value comes back."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import OperationWriter

from livemigrations import operations as live
from livemigrations.operations.leftovers import relaxed
from tests.livemigrations.site import Site
from tests.support.catalogs import catalog

BASE = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True))]),
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField()),
    ("code", models.CharField(max_length=20, default="x", db_index=True)),
    ("place", models.ForeignKey("Place", models.CASCADE)), ("tag", models.CharField(max_length=9, unique=True)),
    ("places", models.ManyToManyField("Place", related_name="+"))]),
"""
RETIRE = """
live.RetireColumn("thing", "n"), live.RetireColumn("thing", "code"), live.RetireColumn("thing", "place"),
live.RetireColumn("thing", "tag"), live.RetireColumn("thing", "places"),
"""
DROP = """
live.DropColumn("thing", "n", models.IntegerField(null=True)),
live.DropColumn("thing", "code", models.CharField(max_length=20, default="x", db_default="x", db_index=True)),
live.DropColumn("thing", "place", models.BigIntegerField(db_column="place_id", null=True, db_index=True)),
live.DropColumn("thing", "tag", models.CharField(max_length=9, unique=True, null=True)),
live.DropTable("Thing_places", [("id", models.BigAutoField(primary_key=True)),
    ("thing", models.BigIntegerField(db_column="thing_id", db_index=True)),
    ("place", models.BigIntegerField(db_column="place_id", db_index=True))],
    {"db_table": "shop_thing_places", "unique_together": {("thing", "place")}}),
"""
ROWS = """
INSERT INTO shop_place SELECT FROM generate_series(1, 10);
INSERT INTO shop_thing (n, code, place_id, tag) SELECT g, 'c' || g, g % 10 + 1, g FROM generate_series(1, 3000) g;
INSERT INTO shop_thing_places (thing_id, place_id) SELECT g, g % 10 + 1 FROM generate_series(1, 3000) g;
"""
OF_THE_NEW = "INSERT INTO shop_thing DEFAULT VALUES"
OF_THE_OLD = "INSERT INTO shop_thing (n, code, place_id, tag) VALUES (7, 'old', 1, 'old')"


def rows(connection: psycopg.Connection[Any], table: str) -> list[Any]:
    return connection.execute(f"SELECT to_jsonb(t) FROM {table} t ORDER BY id").fetchall()


def plain(found: dict[str, str]) -> dict[str, str]:
    """A catalog without the places of columns: what was dropped comes back as the last one."""
    return {name: text.split(" place=")[0] for name, text in found.items()}


@pytest.mark.slow
def test_columns(site: Site) -> None:
    site.shop(BASE, RETIRE, DROP)
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS)
    with site.database.connect() as connection:
        before, held = catalog(connection), rows(connection, "shop_thing")
        linked = rows(connection, "shop_thing_places")
        with pytest.raises(psycopg.errors.NotNullViolation):
            connection.execute(OF_THE_NEW)
        site.migrate("shop", "0002", "-v0")
        for statement in (OF_THE_NEW, OF_THE_OLD, "DELETE FROM shop_place WHERE id = 10"):
            with connection.transaction(force_rollback=True):  # neither release trips over the other's columns
                connection.execute(statement)
        retired = catalog(connection)
        site.migrate("-v0")
        assert not any("thing.code" in name or "thing_places" in name for name in catalog(connection))
        connection.execute(OF_THE_NEW)
        connection.execute("DELETE FROM shop_thing WHERE id > 3000")
        site.migrate("shop", "0002", "-v0")
        assert plain(catalog(connection)) == plain(retired)
        site.migrate("shop", "0001", "-v0")
        assert plain(catalog(connection)) == plain(before)
        assert rows(connection, "shop_thing") == held
        assert rows(connection, "shop_thing_places") == linked


@pytest.mark.slow
def test_rows_that_cannot_go_back_are_named(site: Site) -> None:
    site.shop(BASE, RETIRE)
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS)
    site.migrate("-v0")
    with site.database.connect() as connection:
        connection.execute("DELETE FROM shop_place WHERE id = 10")
        assert "rows of shop_thing_places are orphans" in site.refused("shop", "0001")
        connection.execute("INSERT INTO shop_place (id) VALUES (10)")
        connection.execute(OF_THE_NEW)
        assert "1 rows of shop_thing have NULL in" in site.refused("shop", "0001")
        connection.execute("DELETE FROM shop_thing WHERE n IS NULL")
        site.migrate("shop", "0001", "-v0")
        with pytest.raises(psycopg.errors.NotNullViolation):
            connection.execute(OF_THE_NEW)


@pytest.mark.slow
def test_a_table(site: Site) -> None:
    gone = """
    live.DropTable("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField()),
        ("code", models.CharField(max_length=20, default="x", db_index=True)),
        ("place", models.BigIntegerField(db_column="place_id", db_index=True)),
        ("tag", models.CharField(max_length=9, unique=True))], {"db_table": "shop_thing"}),
    """
    many = DROP[DROP.index("live.DropTable") :]
    site.shop(BASE, 'live.RetireTable("Thing"),', f"{many}{gone}")
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS)
    with site.database.connect() as connection:
        before, held = catalog(connection), rows(connection, "shop_thing")
        site.migrate("shop", "0002", "-v0")
        connection.execute(OF_THE_OLD)
        connection.execute("DELETE FROM shop_thing WHERE tag = 'old'")
        site.migrate("-v0")
        assert not any("shop_thing" in name for name in catalog(connection))
        site.migrate("shop", "0001", "-v0")
        assert catalog(connection) == before
        assert rows(connection, "shop_thing") == held


OPERATIONS: list[Operation] = [
    live.RetireColumn("thing", "n"),
    live.RetireTable("Thing"),
    live.DropColumn("thing", "n", models.IntegerField(null=True)),
    live.DropTable("Thing", [("id", models.BigAutoField(primary_key=True))], {"db_table": "t"}),
    live.FillColumn("thing", "n", models.F("m") + 1),
    live.FillColumn("thing", "n", 7, batch_size=5),
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: type(operation).__name__)
def test_its_text_makes_it_again(operation: Operation) -> None:
    text, imports = OperationWriter(operation, indentation=0).serialize()
    names: dict[str, object] = {}
    exec("from django.db import models\n" + "\n".join(imports), names)  # noqa: S102 - what a migration would do
    again = eval(text.rstrip(",\n"), names)
    assert OperationWriter(again, indentation=0).serialize()[0] == text
    assert operation.reversible
    assert operation.describe() == again.describe() != ""
    assert operation.migration_name_fragment


def test_the_state_forgets_what_is_retired() -> None:
    state = ProjectState()
    key = models.BigAutoField(primary_key=True)
    migrations.CreateModel("Thing", [("id", key), ("n", models.IntegerField())]).state_forwards("shop", state)
    live.RetireColumn("thing", "n").state_forwards("shop", state)
    assert list(state.models["shop", "thing"].fields) == ["id"]
    live.DropColumn("thing", "n", models.IntegerField(null=True)).state_forwards("shop", state)
    live.RetireTable("Thing").state_forwards("shop", state)
    assert ("shop", "thing") not in state.models
    live.DropTable("Thing", [("id", key)]).state_forwards("shop", state)
    assert not state.models


@pytest.mark.parametrize(
    ("field", "null", "default"),
    [
        (models.IntegerField(), True, models.NOT_PROVIDED),
        (models.IntegerField(default=5), False, 5),
        (models.JSONField(default=dict), True, models.NOT_PROVIDED),
        (models.IntegerField(default=5, unique=True), True, models.NOT_PROVIDED),
        (models.IntegerField(db_default=6), False, 6),
        (models.IntegerField(null=True, default=5), True, models.NOT_PROVIDED),
    ],
)
def test_what_remains_of_a_field(field: models.Field[Any, Any], null: bool, default: Any) -> None:
    kept = relaxed(field)
    assert (kept.null, kept.db_default) == (null, default)


def test_no_empty_batches() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        live.FillColumn("thing", "n", 1, batch_size=0)
