"""Databases whose encoding is not UTF8."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from livemigrations.engine.encodings import from_jsonb
from tests.livemigrations.site import Site
from tests.support.database import Database
from tests.support.postgres import PgServer

pytestmark = pytest.mark.slow
DISH = """
migrations.CreateModel("Dish", [("id", models.BigAutoField(primary_key=True)),
    ("name", models.CharField(max_length=90)), ("note", models.TextField(null=True))]),
"""
LONG = """
migrations.RunSQL(
    "UPDATE shop_dish SET name = 'a statement of more than seventy characters, plain ASCII' WHERE id = 5",
    "UPDATE shop_dish SET name = 'the same on the way back, more than seventy characters' WHERE id = 5"),
"""
STRICT = 'live.SetNotNull("Dish", "note", models.TextField()),'
OWN = """
migrations.RunSQL("INSERT INTO shop_dish (id, name, note) VALUES (900, 'Crème brûlée', 'x')",
    "DELETE FROM shop_dish WHERE name = 'Crème brûlée'"),
migrations.AlterModelTableComment("Dish", "Crème brûlée"),
migrations.AddField("Dish", "label", models.TextField(default="Crème brûlée")),
"""
UNKNOWN = """migrations.RunSQL("UPDATE shop_dish SET note = '\\u5bff\\u53f8 \\u20ac'", migrations.RunSQL.noop),"""
ROWS = "INSERT INTO shop_dish (name) SELECT 'd' || g FROM generate_series(1, 500) g;"


@pytest.fixture(params=["LATIN1", "SQL_ASCII", "EUC_JP"])
def encoded(request: pytest.FixtureRequest, tmp_path: Path, pg_server: PgServer) -> Iterator[Site]:
    name = f"t_{uuid.uuid4().hex[:12]}"
    with pg_server.connect() as connection:
        connection.execute(
            f"CREATE DATABASE {name} ENCODING '{request.param}' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
        )
    try:
        database = Database(pg_server, name)
        database.psql("CREATE TABLE older (id int)")
        yield Site(tmp_path, database).install()
    finally:
        pg_server.drop_database(name)


def _one(site: Site, query: str) -> object:
    with site.database.connect(client_encoding="UTF8") as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def test_a_run_is_refused_and_goes_on_and_back(encoded: Site) -> None:
    """The remedy of a check has a character outside of ASCII, and stands in the journal."""
    encoded.shop(DISH, LONG, STRICT)
    encoded.migrate("shop", "0001", "-v0")
    encoded.database.psql(ROWS)
    assert encoded.manage("migrations", "plan").returncode == 0
    assert "500 rows of shop_dish have NULL in note" in encoded.refused()
    for query in ("SELECT source || description FROM livemigrations_step", "SELECT error FROM livemigrations_run"):
        with encoded.database.connect(client_encoding="UTF8") as connection:
            assert all(text.isascii() for (text,) in connection.execute(query))
    encoded.database.psql("UPDATE shop_dish SET note = 'n'")
    encoded.migrate("-v0")
    encoded.migrate("shop", "0001", "-v0")
    assert _one(encoded, "SELECT count(*) FROM shop_dish WHERE name LIKE 'the same%'") == 1


def test_text_of_the_author_goes_to_the_server_as_it_is(encoded: Site) -> None:
    word = "Sushi \u5bff\u53f8" if _one(encoded, "SHOW server_encoding") == "EUC_JP" else "Crème brûlée"
    encoded.shop(DISH, OWN.replace("Crème brûlée", word))
    encoded.migrate("shop", "0001", "-v0")
    encoded.database.psql(ROWS)
    encoded.migrate("-v0")
    assert _one(encoded, "SELECT name || note || label FROM shop_dish WHERE id = 900") == f"{word}x{word}"
    assert _one(encoded, "SELECT obj_description('shop_dish'::regclass)") == word
    found = from_jsonb(
        str(_one(encoded, "SELECT definition::text FROM livemigrations_step WHERE lane = 'batch' LIMIT 1"))
    )
    assert word in found["sql"][0]
    encoded.migrate("shop", "0001", "-v0")
    assert _one(encoded, "SELECT count(*) FROM shop_dish") == 500


def test_a_character_that_the_database_does_not_have_is_an_error_in_words(encoded: Site) -> None:
    encoded.shop(DISH, UNKNOWN)
    encoded.migrate("shop", "0001", "-v0")
    encoded.database.psql(ROWS)
    if _one(encoded, "SHOW server_encoding") == "SQL_ASCII":  # it takes any bytes
        encoded.migrate("-v0")
        return
    said = encoded.refused()
    assert "shop.0002_step, operation 1" in said
    assert "SQLSTATE 22P05" in said
    assert _one(encoded, "SELECT count(*) FROM shop_dish WHERE note IS NOT NULL") == 0


def test_a_script(encoded: Site) -> None:
    encoded.shop(DISH, LONG, STRICT)
    encoded.migrate("shop", "0001", "-v0")
    encoded.database.psql(f"{ROWS} UPDATE shop_dish SET note = 'n'")
    script = encoded.migrate("--sql").stdout
    assert script.isascii()
    encoded.database.psql(script)
    assert encoded.migrate("--check", check=False).returncode == 0
