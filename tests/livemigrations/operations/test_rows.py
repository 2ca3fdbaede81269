"""Seeds: idempotent, harmless to one another, careful with what others changed."""

from __future__ import annotations

from typing import Any

import pytest

from livemigrations import operations as live
from tests.livemigrations.site import Site

MODELS = """
migrations.RunSQL("CREATE FUNCTION shop_touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.made_at := now(); RETURN NEW; END $$",
    "DROP FUNCTION shop_touch()"),
migrations.CreateModel("Role", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=30)),
    ("rights", models.JSONField(default=list)), ("rank", models.DecimalField(max_digits=5, decimal_places=2, default=0)),
    ("made_at", models.DateTimeField(db_default=TransactionNow()))],
    options={"constraints": [models.UniqueConstraint(fields=["name"], name="role_name")]}),
migrations.CreateModel("Holder", [("id", models.BigAutoField(primary_key=True)),
    ("role", models.ForeignKey("Role", models.CASCADE))]),
"""
FIRST = """
live.SeedRows("shop.Role", ("name",), [
    {"name": "it's; 100%", "rights": ["*"], "rank": "1.50"},
    {"name": "cook", "rights": {"a": [1, "x\\\\y"]}, "rank": 2},
    {"name": "driver", "rights": [], "rank": 3},
]),
"""
SECOND = """
live.SeedRows("shop.Role", ("name",), [
    {"name": "cook", "rights": ["new"], "rank": 2},
    {"name": "driver", "rights": ["new"], "rank": 3},
    {"name": "guest", "rights": [], "rank": 9},
]),
"""
TRIGGER = """
live.CreateTrigger("Role", "role_touch", "BEFORE UPDATE", "shop_touch()"),
"""
ALL = "SELECT name, rights::text, rank::text FROM shop_role ORDER BY name"
SEEDED = [("cook", '{"a": [1, "x\\\\y"]}', "2.00"), ("driver", "[]", "3.00"), ("it's; 100%", '["*"]', "1.50")]


def rows(site: Site, query: str = ALL) -> list[tuple[Any, ...]]:
    with site.database.connect() as connection:
        return connection.execute(query).fetchall()


def run(site: Site, *statements: str) -> None:
    with site.database.connect() as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.slow
def test_there_and_back(site: Site) -> None:
    site.shop(MODELS, FIRST)
    site.migrate("-v0")
    assert rows(site) == SEEDED
    site.migrate("shop", "0001", "-v0")
    assert rows(site) == []
    assert rows(site, "SELECT seed FROM livemigrations_seed") == []
    site.migrate("-v0")
    assert rows(site) == SEEDED


@pytest.mark.slow
def test_what_exists_is_left_alone_there_and_back(site: Site) -> None:
    site.shop(MODELS, FIRST)
    site.migrate("shop", "0001", "-v0")
    run(site, "INSERT INTO shop_role (name, rights, rank) VALUES ('cook', '[\"mine\"]', 7)")
    site.migrate("-v0")
    assert rows(site) == [("cook", '["mine"]', "7.00"), *SEEDED[1:]]
    site.migrate("shop", "0001", "-v0")
    assert rows(site) == [("cook", '["mine"]', "7.00")]


@pytest.mark.slow
def test_the_way_back_keeps_what_was_changed_or_is_in_use(site: Site) -> None:
    site.shop(MODELS, FIRST)
    site.migrate("-v0")
    run(
        site,
        "UPDATE shop_role SET rank = 8 WHERE name = 'cook'",
        "INSERT INTO shop_holder (role_id) SELECT id FROM shop_role WHERE name = 'driver'",
    )
    site.migrate("shop", "0001", "-v0")
    assert [row[0] for row in rows(site)] == ["cook", "driver"]
    site.migrate("-v0")
    assert [row[0] for row in rows(site)] == ["cook", "driver", "it's; 100%"]


@pytest.mark.slow
@pytest.mark.parametrize("between", ["", 'migrations.AddField("Role", "more", models.TextField(null=True)),', TRIGGER])
def test_a_later_version_updates_only_what_is_still_as_seeded(site: Site, between: str) -> None:
    """A column that was added meanwhile does not count as a change, nor what a trigger writes."""
    site.shop(MODELS, FIRST, between, SECOND)
    site.migrate("shop", "0003", "-v0")
    run(site, "UPDATE shop_role SET rights = '[\"mine\"]' WHERE name = 'driver'")
    before = rows(site)
    site.migrate("-v0")
    assert rows(site) == [
        ("cook", '["new"]', "2.00"), ("driver", '["mine"]', "3.00"), ("guest", "[]", "9.00"), SEEDED[2],
    ]  # fmt: skip
    site.migrate("shop", "0003", "-v0")
    assert rows(site) == before
    site.migrate("shop", "0001", "-v0")
    assert [row[0] for row in rows(site)] == ["driver"]


@pytest.mark.slow
def test_two_seeds_of_one_table_take_back_their_own(site: Site) -> None:
    other = 'live.SeedRows("shop.Role", ("name",), [{"name": "other", "rights": [], "rank": 1}]),'
    site.shop(MODELS, FIRST, other)
    site.migrate("-v0")
    site.migrate("shop", "0002", "-v0")
    assert rows(site) == SEEDED


@pytest.mark.slow
def test_a_seed_that_waits_for_another_session_finds_its_row(site: Site) -> None:
    site.shop(MODELS, FIRST)
    site.migrate("shop", "0001", "-v0")
    with site.database.connect(autocommit=False) as other:
        other.execute("INSERT INTO shop_role (name, rights, rank) VALUES ('cook', '[]', 1)")
        process = site.popen("migrate", "--no-input")
        with site.database.connect() as watching:
            waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            while not watching.execute(waiting).fetchone():
                assert process.poll() is None
        other.commit()
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert [row[:2] for row in rows(site)] == [("cook", "[]"), *(row[:2] for row in SEEDED[1:])]
    assert rows(site, "SELECT count(*) FROM livemigrations_seed") == [(2,)]


@pytest.mark.slow
def test_a_key_without_a_constraint_is_an_error(site: Site) -> None:
    site.shop(MODELS, 'live.SeedRows("shop.Role", ("rank",), [{"name": "x", "rights": [], "rank": 1}]),')
    assert "ON CONFLICT" in site.refused()
    assert rows(site) == []


@pytest.mark.slow
def test_kept_rows_find_their_seeds_again(site: Site) -> None:
    """A table that refers to a seed is dropped before the seed goes: both return, with the numbers that they had."""
    models, _, holder = MODELS.partition('migrations.CreateModel("Holder"')
    site.shop(models, FIRST, f'migrations.CreateModel("Holder"{holder}')
    site.migrate("-v0")
    run(site, "INSERT INTO shop_holder (role_id) SELECT id FROM shop_role WHERE name = 'cook'")
    before = rows(site, "SELECT to_jsonb(r) FROM shop_role r ORDER BY id")
    site.migrate("shop", "zero", "-v0")
    site.migrate("-v0")
    assert rows(site, "SELECT to_jsonb(r) FROM shop_role r ORDER BY id") == before
    assert rows(site, "SELECT name FROM shop_role r JOIN shop_holder h ON h.role_id = r.id") == [("cook",)]
    run(site, "INSERT INTO shop_role (name, rights, rank) VALUES ('new', '[]', 1)")
    assert rows(site, "SELECT max(id) > 3 FROM shop_role") == [(True,)]
    assert rows(site, "SELECT count(*) FROM livemigrations_unseeded") == [(0,)]


def test_the_app_has_to_be_named() -> None:
    with pytest.raises(ValueError, match=r"SeedRows for Role: name the app as well, as in shop\.Role"):
        live.SeedRows("Role", ("name",), [{"name": "cook"}])


def test_a_key_of_one_field_may_be_its_name() -> None:
    one, other = (live.SeedRows("shop.Place", key, [{"code": "a"}]) for key in ("code", ["code"]))
    assert one.key == other.key == ("code",)
    assert one.seed == other.seed
    with pytest.raises(ValueError, match="lack the key cod"):
        live.SeedRows("shop.Place", "cod", [{"code": "a"}])
    with pytest.raises(ValueError, match="at least one field"):
        live.SeedRows("shop.Place", [], [{"code": "a"}])
