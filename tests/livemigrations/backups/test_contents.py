"""What is no table's row is proved as well: large objects, materialized views, positions of sequences."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from livemigrations.backups import creation
from livemigrations.catalog.checksums import TableSum
from livemigrations.catalog.contents import Contents, Position, View, problems, recomputed
from livemigrations.statements.names import Name
from tests.livemigrations.backups.shop import Shop

MORE = """
SELECT lo_from_bytea(70000 + n, convert_to(repeat('x' || n, 10 * n), 'UTF8')) FROM generate_series(1, 20) n;
SELECT lo_from_bytea(80001, convert_to(repeat('0123456789abcdef', 98304), 'UTF8'));
SELECT lo_create(80002); SELECT lo_put(80001, 5000000, 'end');
CREATE MATERIALIZED VIEW full_view AS SELECT kind, count(*) FROM customer GROUP BY 1;
CREATE MATERIALIZED VIEW empty_view AS SELECT * FROM customer WITH NO DATA;
CREATE SEQUENCE down INCREMENT -1; SELECT nextval('down'), nextval('down');
CREATE SEQUENCE fresh START 7; CREATE SEQUENCE jumped; SELECT setval('jumped', 90, false);
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [[], ["--format", "directory", "--jobs", "2"]], ids=["custom", "directory"])
def test_all_of_it_comes_back(any_shop: Shop, how: list[str]) -> None:
    any_shop.sql(MORE)
    before = Contents.read(any_shop.connection)
    assert (before.objects.rows, len(before.sequences)) == (22, 5)
    assert {name.name: view.populated for name, view in before.views.items()} == {
        "full_view": True,
        "empty_view": False,
    }
    any_shop.backup("create", *how)
    any_shop.sql("SELECT lo_unlink(80001); DROP SEQUENCE jumped; SELECT setval('down', -50)")
    checked = any_shop.json("verify")
    assert (checked["ok"], checked["notes"]) == (True, []), checked
    assert any_shop.json("restore", "latest", "--no-input", "--drop-old")["notes"] == []
    assert Contents.read(any_shop.connection) == before


def _edited(shop: Shop, name: str, change: Callable[[Any], Any]) -> None:
    path = shop.folder / name / "manifest.json"
    data = json.loads(path.read_text())
    change(data["contents"])
    path.write_text(json.dumps(data))


def test_what_differs_is_found(shop: Shop) -> None:
    shop.sql(MORE)
    shop.backup("create", "--name", "one")

    def change(contents: Any) -> None:
        contents["objects"]["checksum"] = "0" * 16
        next(s for s in contents["sequences"] if s["name"] == "down")["lowest"] = -1
        next(s for s in contents["sequences"] if s["name"] == "down")["highest"] = -1
        contents["sequences"].append({"schema": "public", "name": "lost", "lowest": 1, "highest": 1, "called": True})

    _edited(shop, "one", change)
    for command in (["verify", "one"], ["restore", "one", "--no-input"]):
        said = shop.refused(*command)
        assert "22 large objects instead of the same number with another content" in said
        assert "public.down stands at -2 instead of at -1" in said
        assert "public.lost is missing" in said
    assert shop.databases() == []


def test_a_view_that_was_out_of_date_is_a_note(shop: Shop) -> None:
    """A dump does not hold its rows: a restore computes them anew, from the rows of the tables."""
    shop.sql(
        "CREATE MATERIALIZED VIEW numbers AS SELECT id FROM customer; INSERT INTO customer (name, kind) VALUES ('n', 'guest')"
    )
    shop.backup("create")
    note = "the materialized view public.numbers was computed anew"
    said = shop.backup("verify").stdout
    assert f"{note} and is not as it was when the backup was made: 500 rows then, 501 now" in said
    assert note in shop.json("restore", "latest", "--no-input", "--drop-old")["notes"][0]


def test_a_backup_of_before_is_compared_by_its_rows(shop: Shop) -> None:
    shop.backup("create", "--name", "one")
    path = shop.folder / "one" / "manifest.json"
    data = json.loads(path.read_text())
    del data["contents"], data["database_bytes"], data["definition"]["is_template"]
    path.write_text(json.dumps(data))
    checked = shop.json("verify")
    assert checked["ok"] is True
    assert "an older version made it" in checked["notes"][0]


def test_a_sequence_that_moves_during_the_dump(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump reads it as it is in that moment, whatever its snapshot says."""
    shop.sql("CREATE SEQUENCE round MAXVALUE 3 CYCLE; CREATE SEQUENCE gone")
    dump = creation._Making._dump

    def dump_in_between(self: Any, *args: Any) -> None:
        for _ in range(2):
            shop.sql(
                "INSERT INTO customer (name, kind) VALUES ('x', 'guest'); SELECT nextval('round'), nextval('round')"
            )
            if not _:
                dump(self, *args)
                shop.sql("SET lock_timeout = '5s'; DROP SEQUENCE gone")

    monkeypatch.setattr(creation._Making, "_dump", dump_in_between)
    made = shop.json("create")
    at = {one["name"]: (one["lowest"], one["highest"]) for one in made["contents"]["sequences"]}
    assert (at["customer_id_seq"], at["round"]) == ((500, 502), (1, 3))
    shop.backup("verify")


def test_a_view_refreshed_since_the_snapshot(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows are too young for the snapshot: that is not taken for an empty view."""
    shop.sql("CREATE MATERIALIZED VIEW numbers AS SELECT id FROM customer")
    look = creation._Making._look

    def look_late(self: Any) -> Any:
        shop.sql("REFRESH MATERIALIZED VIEW numbers")
        return look(self)

    monkeypatch.setattr(creation._Making, "_look", look_late)
    made = shop.json("create")
    (view,) = made["contents"]["views"]
    assert (view["populated"], view["rows"]) == (True, None)
    assert shop.json("verify")["notes"] == []


def test_a_refresh_does_not_stand_between_us_and_the_dump(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """We hold no lock on a view while pg_dump works, which would wait without end behind who waits for us."""
    shop.sql("CREATE MATERIALIZED VIEW numbers AS SELECT id FROM customer; CREATE VIEW plain AS SELECT 1 AS x")
    shop.sql("CREATE VIEW over AS SELECT * FROM numbers, plain")  # whose definition locks what it reads
    dump = creation._Making._dump

    def dump_after(self: Any, *args: Any) -> None:
        shop.sql(
            "SET lock_timeout = '5s'; REFRESH MATERIALIZED VIEW numbers; CREATE OR REPLACE VIEW plain AS SELECT 2 AS x"
        )
        dump(self, *args)

    monkeypatch.setattr(creation._Making, "_dump", dump_after)
    shop.backup("create")


def test_said_in_words() -> None:
    name, other = Name("s", "a"), Name("s", "b")
    none, some = TableSum(0, "0" * 16), TableSum(2, "1" * 16)
    was = Contents(none, {name: View(True, some), other: View(True, some)}, {name: Position(5, 9, None)})
    now = Contents(some, {name: View(False, None)}, {name: Position(10, 10, True)})
    assert problems(was, now) == [
        "the database has 2 large objects instead of 0", "s.b is missing", "s.a stands at 10 instead of between 5 and 9",
    ]  # fmt: skip
    assert recomputed(was, now) == ['the materialized view s.a is empty now: REFRESH MATERIALIZED VIEW "s"."a"']
    assert Position(1, 1, False).holds(Position(1, 1, False))
    assert not Position(1, 1, False).holds(Position(1, 1, True))
    assert Contents.from_json(json.loads(json.dumps(was.to_json()))) == was
