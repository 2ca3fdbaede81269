"""Verifying: what is not what was written is found, and what is good is said to be."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from livemigrations.backups.shelf import Shelf
from livemigrations.backups.verification import table_problems
from livemigrations.catalog.checksums import TableSum
from livemigrations.statements.names import Name
from tests.livemigrations.backups.shop import SLOW, Shop
from tests.support.waiting import wait_until


@pytest.mark.parametrize("how", [[], ["--format", "directory", "--jobs", "2"]], ids=["custom", "directory"])
def test_a_good_one_is_proved(any_shop: Shop, how: list[str]) -> None:
    any_shop.sql("CREATE TABLE part (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF part FOR VALUES FROM (0) TO (9);"
                 "INSERT INTO part VALUES (1); CREATE VIEW v AS SELECT name FROM customer WHERE kind IN ('guest', 'regular');"
                 "CREATE MATERIALIZED VIEW mv AS SELECT count(*) FROM booking; CREATE SEQUENCE numbers; SELECT nextval('numbers')")  # fmt: skip
    any_shop.backup("create", *how)
    any_shop.sql("DELETE FROM booking")
    done = any_shop.json("verify")
    assert done["ok"] is True, done
    assert done["rows"] == 5501
    assert any_shop.json("list")["backups"][0]["verified"]["ok"] is True
    assert any_shop.site.database.scratches() == []


def test_a_role_with_another_search_path(shop: Shop) -> None:
    """The schema is looked at where it was looked at when the backup was made, whoever looks."""
    name = shop.site.database.name
    shop.sql("CREATE SCHEMA menu; CREATE TABLE menu.dish (id int); CREATE VIEW menu.all AS SELECT * FROM menu.dish")
    with shop.site.database.server.connect() as admin:
        admin.execute(f"CREATE ROLE cook_{name} LOGIN SUPERUSER; ALTER ROLE cook_{name} SET search_path = menu, public")
        try:
            shop.connect_as(f"cook_{name}")
            shop.backup("create")
            shop.connect_as("teppan")
            assert shop.json("verify")["ok"] is True
        finally:
            shop.connection.close()
            admin.execute(f"DROP ROLE cook_{name}")


def test_another_major_version_writes_definitions_otherwise(shop: Shop) -> None:
    """As after an upgrade: that a view is written in another way does not make its backup a broken one."""
    shop.sql("CREATE VIEW seen AS SELECT id FROM customer")
    folder, major = shop.folder / shop.json("create")["name"], shop.site.database.server.version
    manifest, schema = folder / "manifest.json", folder / "schema.json"
    schema.write_text(schema.read_text().replace("SELECT id\\n", "SELECT customer.id\\n"))
    assert "relations.seen.view" in shop.refused("verify")
    manifest.write_text(
        manifest.read_text().replace(f'"server_version": "{major}.', f'"server_version": "{major - 1}.')
    )
    done = shop.json("verify")
    assert done["ok"] is True
    assert f"it is of PostgreSQL {major - 1}; PostgreSQL {major} writes definitions otherwise" in done["notes"][0]
    schema.write_text(schema.read_text().replace('"price"', '"cost"'))
    assert "relations.booking.columns.cost: only in the first" in shop.refused("verify")


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x10
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (spoil, "is not what was written: its SHA-256 differs"),
        (Path.unlink, "cannot be read"),
        (lambda path: os.truncate(path, 100), "has 100 bytes instead of"),
    ],
    ids=["one bit", "missing", "cut off"],
)
def test_a_damaged_file_is_found(shop: Shop, damage: Any, said: str) -> None:
    made = shop.json("create")
    damage(shop.folder / made["name"] / "data.dump")
    assert said in shop.refused("verify")
    listed = shop.backup("list", check=False)
    assert listed.returncode == 1
    assert "BROKEN" in listed.stdout


def test_other_rows_or_another_schema_than_noted_are_found(shop: Shop) -> None:
    made = shop.json("create")
    folder = shop.folder / made["name"]
    manifest = json.loads((folder / "manifest.json").read_text())
    booking = next(table for table in manifest["tables"] if table["name"] == "booking")
    booking["checksum"] = "0" * 16
    (folder / "manifest.json").write_text(json.dumps(manifest))
    schema = json.loads((folder / "schema.json").read_text())
    schema["relations"]["booking"]["indexes"]["booking_other"] = "USING btree (price)"
    (folder / "schema.json").write_text(json.dumps(schema))
    said = shop.refused("verify")
    assert "public.booking has 5,000 rows as expected, but their checksum differs" in said
    assert "relations.booking.indexes.booking_other: only in the first" in said
    assert "customer" not in said
    assert Shelf().backups(shop.site.database.name)[0].verified.ok is False  # type: ignore[union-attr]


def test_what_differs_is_said_per_table() -> None:
    a, b, c = (Name("public", name) for name in "abc")
    one, two = TableSum(1, "1" * 16), TableSum(2, "2" * 16)
    assert table_problems({a: one, b: one}, {a: one, b: one}) == []
    assert table_problems({a: one, b: one}, {b: two, c: one}) == [
        "public.a is missing", "public.c is not part of the backup", "public.b has 2 rows instead of 1",
    ]  # fmt: skip


def test_killed_it_leaves_no_scratch_database(shop: Shop) -> None:
    shop.sql(SLOW)
    shop.backup("create")
    with shop.process("verify") as verifying:
        wait_until(lambda: _is_slow(shop))
        verifying.send_signal(signal.SIGKILL)
    wait_until(lambda: shop.site.database.scratches() == [])
    assert shop.json("list")["backups"][0]["verified"] is None


def _is_slow(shop: Shop) -> bool:
    with shop.site.database.server.connect() as connection:
        rows = connection.execute(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = ANY (%s)",
            [shop.site.database.scratches()],
        )
        return rows.fetchone() is not None


@pytest.mark.parametrize(
    "edited",
    [
        {"created_at": "yesterday"},
        {"created_at": "2026-01-01T00:00:00"},
        {"files": []},
        {"files": [{"path": "../data.dump", "size": 1, "sha256": ""}]},
        {"files": [{"path": "data.dump", "size": "1", "sha256": ""}]},
        {"tables": [{"schema": "public", "name": "x", "rows": "many", "checksum": ""}]},
        {"verified": {"at": 1, "ok": "n", "problems": [], "duration_s": 0}},
        {"format": "plain"},
    ],
    ids=str,
)
def test_an_edited_manifest_is_not_believed(shop: Shop, edited: dict[str, Any]) -> None:
    shop.backup("create", "--name", "one")
    path = shop.folder / "one" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **edited}))
    for command in (["verify", "one"], ["restore", "one", "--no-input"]):
        assert "manifest.json is damaged" in shop.refused(*command)
    assert "BROKEN" in shop.backup("list", check=False).stdout


@pytest.mark.parametrize(
    "edited",
    [
        {"provider": "z"},
        {"connection_limit": "1; DROP DATABASE shop"},
        {"grants": [["", "ALL ON DATABASE shop TO PUBLIC; --", False]]},
        {"settings": [["", "work_mem"]]},
    ],
    ids=str,
)
def test_an_edited_definition_is_not_believed(shop: Shop, edited: dict[str, Any]) -> None:
    shop.backup("create", "--name", "one")
    path = shop.folder / "one" / "manifest.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "definition": {**data["definition"], **edited}}))
    assert "manifest.json is damaged" in shop.refused("restore", "one", "--no-input")
