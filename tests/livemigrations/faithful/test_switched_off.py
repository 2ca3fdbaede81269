"""A migration may switch something off for its own transaction: it is never off for another session."""

from __future__ import annotations

import pytest

from tests.livemigrations.faithful.twins import Twins
from tests.livemigrations.faithful.witness import Query

SETUP = """
ALTER TABLE shop_dish ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON shop_dish USING (price = 3);
CREATE TABLE audit (dish bigint);
CREATE FUNCTION aud() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN INSERT INTO audit VALUES (new.id); RETURN null; END $$;
CREATE TRIGGER aud AFTER UPDATE ON shop_dish FOR EACH ROW EXECUTE FUNCTION aud();
CREATE VIEW cheap AS SELECT id, name FROM shop_dish WHERE price < 10;
CREATE RULE keep AS ON DELETE TO shop_dish DO INSTEAD NOTHING;
ALTER TABLE shop_dish ADD CONSTRAINT positive CHECK (price > -5), ALTER COLUMN price SET DEFAULT 1;
DO $$ BEGIN CREATE ROLE faithful_guest; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
GRANT SELECT, INSERT, UPDATE ON shop_dish TO faithful_guest; GRANT USAGE ON SEQUENCE shop_dish_id_seq TO faithful_guest;
"""
GUEST = Query("hidden rows", "SELECT count(*) FROM shop_dish WHERE price <> 3", "faithful_guest")
UPDATE = Query("update", "UPDATE shop_dish SET note = note WHERE id = 7", commits=True)
VIEW = Query("view", "SELECT count(*) FROM cheap")
DELETE = Query("delete", "WITH d AS (DELETE FROM shop_dish WHERE id = 9 RETURNING id) SELECT count(*) FROM d")
BAD = Query("bad price", "INSERT INTO shop_dish (id, name, note, price) VALUES (-1, 'x', 'x', -9)")
INSERT = Query("insert", "INSERT INTO shop_dish (id, name, note) VALUES (-2, 'x', 'x') RETURNING price")
NULL = Query("null", "INSERT INTO shop_dish (id, note) VALUES (-3, 'x')")
GUEST_DELETE = Query("guest's delete", "DELETE FROM shop_dish WHERE id = 3", "faithful_guest")
LOOKS = (GUEST, UPDATE, VIEW, DELETE, BAD, INSERT, NULL, GUEST_DELETE)
WORK = "UPDATE shop_dish SET price = price WHERE id > 100"
# What is switched off, and how it is switched on again.
PAIRS = {
    "row security": (
        "ALTER TABLE shop_dish DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE shop_dish ENABLE ROW LEVEL SECURITY",
    ),
    "row security for the owner": (
        "ALTER TABLE shop_dish NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE shop_dish FORCE ROW LEVEL SECURITY",
    ),
    "user triggers": ("ALTER TABLE shop_dish DISABLE TRIGGER USER", "ALTER TABLE shop_dish ENABLE TRIGGER USER"),
    "one trigger": ("ALTER TABLE shop_dish DISABLE TRIGGER aud", "ALTER TABLE shop_dish ENABLE TRIGGER aud"),
    "dropped trigger": (
        "DROP TRIGGER aud ON shop_dish",
        "CREATE TRIGGER aud AFTER UPDATE ON shop_dish FOR EACH ROW EXECUTE FUNCTION aud()",
    ),
    "renamed trigger function": ("ALTER FUNCTION aud() RENAME TO aud2", "ALTER FUNCTION aud2() RENAME TO aud"),
    "policy": ("DROP POLICY own ON shop_dish", "CREATE POLICY own ON shop_dish USING (price = 3)"),
    "altered policy": ("ALTER POLICY own ON shop_dish USING (true)", "ALTER POLICY own ON shop_dish USING (price = 3)"),
    "privilege": ("REVOKE SELECT ON shop_dish FROM faithful_guest", "GRANT SELECT ON shop_dish TO faithful_guest"),
    "granted meanwhile": (
        "GRANT DELETE ON shop_dish TO faithful_guest",
        "REVOKE DELETE ON shop_dish FROM faithful_guest",
    ),
    "constraint": (
        "ALTER TABLE shop_dish DROP CONSTRAINT positive",
        "ALTER TABLE shop_dish ADD CONSTRAINT positive CHECK (price > -5)",
    ),
    "default": ("ALTER TABLE shop_dish ALTER price DROP DEFAULT", "ALTER TABLE shop_dish ALTER price SET DEFAULT 1"),
    "not null": ("ALTER TABLE shop_dish ALTER name DROP NOT NULL", "ALTER TABLE shop_dish ALTER name SET NOT NULL"),
    "view": ("DROP VIEW cheap", "CREATE VIEW cheap AS SELECT id, name FROM shop_dish WHERE price < 10"),
    "rule": ("ALTER TABLE shop_dish DISABLE RULE keep", "ALTER TABLE shop_dish ENABLE RULE keep"),
    "dropped rule": (
        "DROP RULE keep ON shop_dish",
        "CREATE RULE keep AS ON DELETE TO shop_dish DO INSTEAD NOTHING",
    ),
}
IDS = [name.replace(" ", "-") for name in PAIRS]
# A NULL is refused all the time, but for a while by another constraint, which the message names.
OTHERS = {name: pair for name, pair in PAIRS.items() if name != "not null"}


@pytest.fixture
def guarded(pair: Twins) -> Twins:
    """Both databases with a policy, a trigger, a view, a rule, a constraint, a default and a guest's privileges."""
    return pair.sql(SETUP).look(*LOOKS).ignore("audit")


@pytest.mark.slow
@pytest.mark.parametrize(("off", "on"), PAIRS.values(), ids=IDS)
def test_in_one_script(guarded: Twins, off: str, on: str) -> None:
    _, live = guarded.run_sql(f"{off}; {WORK}; {on}").faithful(may_refuse=True)
    assert_every_update_is_audited(guarded, live.count("update"), off, applied=live.code == 0)


@pytest.mark.slow
@pytest.mark.parametrize(("off", "on"), PAIRS.values(), ids=IDS)
def test_around_an_operation(guarded: Twins, off: str, on: str) -> None:
    guarded.migration(f"""
        migrations.RunSQL({off!r}, {on!r}),
        migrations.AddField("Menu", "extra", models.IntegerField(null=True)),
        migrations.RunSQL({on!r}, {off!r}),
    """).faithful(may_refuse=True)


@pytest.mark.slow
@pytest.mark.parametrize(("off", "on"), OTHERS.values(), ids=[name.replace(" ", "-") for name in OTHERS])
def test_around_an_index(guarded: Twins, off: str, on: str) -> None:
    """The index of a populated table is built outside of the transaction."""
    guarded.migration(f"""
        migrations.RunSQL({off!r}, {on!r}),
        migrations.AddIndex("Dish", models.Index(fields=["note"], name="dish_note")),
        migrations.RunSQL({on!r}, {off!r}),
    """).faithful(may_refuse=True)


@pytest.mark.slow
@pytest.mark.parametrize(("off", "on"), PAIRS.values(), ids=IDS)
def test_and_stays_on_when_the_script_fails(guarded: Twins, off: str, on: str) -> None:
    guarded.run_sql(f"{off}; UPDATE shop_dish SET price = 1 / (price - 500); {on}").faithful()
    guarded.look()
    with_nothing_done, _ = guarded.both("shop", "0001")
    assert with_nothing_done.code == 0


def assert_every_update_is_audited(guarded: Twins, updates: int, off: str, *, applied: bool) -> None:
    """One row of the audit table for each update of another session; the migration's own come besides."""
    for twin in guarded:
        with twin.site.database.connect() as connection:
            row = connection.execute("SELECT count(*) FROM audit WHERE dish = 7").fetchone()
        if twin is guarded.live:
            assert row == (updates,), f"{updates} updates of another session left {row} events ({off}, {applied=})"
