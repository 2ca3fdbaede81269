"""What a column that gets another type takes along, and what it cannot: refused before anything is changed."""

from __future__ import annotations

import pytest

from tests.livemigrations.operations.retyping import levelled, retype, site_of, values
from tests.livemigrations.site import Site
from tests.support.catalogs import differences

WIDER = retype("n", 'BigIntegerField(db_default=7, db_comment="how many")')
TOUCH = "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
AUDIT = f"{TOUCH} CREATE TRIGGER audit AFTER UPDATE ON shop_thing FOR EACH ROW EXECUTE FUNCTION touch()"
OBSTACLES = {
    "a view": ("CREATE VIEW few AS SELECT n FROM shop_thing", "view few depends on it"),
    "a policy": ("CREATE POLICY own ON shop_thing USING (n > 0)", "policy own on table shop_thing depends on it"),
    "a trigger": (
        f"{TOUCH} CREATE TRIGGER of_n BEFORE UPDATE OF n ON shop_thing FOR EACH ROW EXECUTE FUNCTION touch()",
        "trigger of_n on table shop_thing depends on it",
    ),
    "a generated column": (
        "ALTER TABLE shop_thing ADD COLUMN twice int GENERATED ALWAYS AS (n * 2) STORED",
        "column twice of table shop_thing depends on it",
    ),
    "statistics": ("CREATE STATISTICS few ON n, size FROM shop_thing", "few depends on it"),
    "a publication": ("CREATE PUBLICATION p FOR TABLE shop_thing (id, n)", "publication p depends on it"),
    "a replica identity": (
        "ALTER TABLE shop_thing ADD CONSTRAINT own UNIQUE (n); ALTER TABLE shop_thing REPLICA IDENTITY USING INDEX own",
        "it is part of the replica identity own",
    ),
    "a key that no model knows": (
        "ALTER TABLE shop_thing ADD CONSTRAINT own UNIQUE (n); CREATE TABLE x (n int REFERENCES shop_thing (n))",
        "the foreign key x_n_fkey of x points at it",
    ),
    "an audit": (
        f"{AUDIT}; ALTER TABLE shop_thing ENABLE ALWAYS TRIGGER audit",
        "the fill would fire audit after the update of every row",
    ),
    "inheritance": (
        "CREATE TABLE child () INHERITS (shop_thing)",
        "its table is partitioned, a partition, or inherits",
    ),
}
SETTINGS = """
SELECT attstattarget, attoptions::text, attacl::text, col_description(attrelid, attnum) FROM pg_attribute
WHERE attrelid = 'shop_thing'::regclass AND attname = 'n'
"""


@pytest.mark.slow
def test_obstacles(site: Site) -> None:
    """One after the other on the same table: each is named, and nothing of the operation is changed."""
    site_of(site, WIDER)
    pristine = levelled(site.database)
    for sql, said in OBSTACLES.values():
        site.database.psql(sql)
        before = levelled(site.database)
        answer = site.refused()
        assert said in " ".join(answer.split()), answer
        assert differences(levelled(site.database), before) == []
        site.database.psql(
            "DROP VIEW IF EXISTS few; DROP POLICY IF EXISTS own ON shop_thing; DROP TRIGGER IF EXISTS of_n ON shop_thing;"
            "DROP TRIGGER IF EXISTS audit ON shop_thing; DROP FUNCTION IF EXISTS touch(); DROP STATISTICS IF EXISTS few;"
            "ALTER TABLE shop_thing DROP COLUMN IF EXISTS twice; DROP PUBLICATION IF EXISTS p; DROP TABLE IF EXISTS x, child;"
            "ALTER TABLE shop_thing REPLICA IDENTITY DEFAULT; ALTER TABLE shop_thing DROP CONSTRAINT IF EXISTS own"
        )
    assert differences(levelled(site.database), pristine) == []
    site.migrate("-v0")
    assert values(site.database, "n") == list(range(1, 3001))


@pytest.mark.slow
def test_what_is_set_for_the_column_goes_along(site: Site) -> None:
    site_of(site, WIDER)
    site.database.psql(
        "ALTER TABLE shop_thing ALTER COLUMN n SET STATISTICS 321, ALTER COLUMN n SET (n_distinct = 50);"
        "GRANT SELECT (n) ON shop_thing TO PUBLIC; COMMENT ON INDEX thing_n IS 'for the list';"
        "ALTER TABLE shop_thing CLUSTER ON thing_n; COMMENT ON CONSTRAINT thing_n_check ON shop_thing IS 'no debts'"
    )
    with site.database.connect() as connection:
        before = connection.execute(SETTINGS).fetchall()
        site.migrate("-v0")
        assert connection.execute(SETTINGS).fetchall() == before
        said = "SELECT obj_description('thing_n'::regclass, 'pg_class'), indisclustered FROM pg_index"
        assert connection.execute(f"{said} WHERE indexrelid = 'thing_n'::regclass").fetchone() == ("for the list", True)


@pytest.mark.slow
def test_the_sequence_of_a_serial_key_goes_along(site: Site) -> None:
    """As projects from before Django 4.1 have it."""
    site_of(site, retype("id", "BigAutoField(primary_key=True)"))
    site.database.psql(
        "ALTER TABLE shop_thing ALTER id DROP IDENTITY; CREATE SEQUENCE shop_thing_id_seq AS integer OWNED BY shop_thing.id;"
        "SELECT setval('shop_thing_id_seq', 3000);"
        "ALTER TABLE shop_thing ALTER id SET DEFAULT nextval('shop_thing_id_seq')"
    )
    site.migrate("-v0")
    site.database.psql("INSERT INTO shop_thing (n, code, size, place_id) VALUES (1, 'new', 1, 1)")
    assert values(site.database, "id")[-1] == 3001
    found = levelled(site.database)
    assert found["sequences shop_thing_id_seq"] == "bigint 1 1 owner=shop_thing"
    assert "nextval" in found["columns shop_thing.id"]


@pytest.mark.slow
def test_on_a_small_table_it_is_djangos_statement(site: Site) -> None:
    site.shop("""migrations.CreateModel("Place", [("id", models.AutoField(primary_key=True)), ("n", models.IntegerField())]),""",
              retype("n", "BigIntegerField()", model="Place"), retype("n", "IntegerField()", model="Place"))  # fmt: skip
    site.migrate("shop", "0002", "-v0")
    site.database.psql("INSERT INTO shop_place (n) SELECT generate_series(1, 9)")
    site.migrate("-v0")
    for migration in ("0002", "0003"):
        assert [step["lane"] for step in site.steps(migration)] == ["instant"]
    assert values(site.database, "n", "shop_place") == list(range(1, 10))


@pytest.mark.slow
def test_as_a_script(site: Site) -> None:
    site_of(
        site,
        "\n".join([WIDER, retype("code", "IntegerField(unique=True)"), retype("id", "BigAutoField(primary_key=True)")]),
    )
    script = site.manage("migrate", "--sql").stdout
    site.database.psql(script)
    written = levelled(site.database)
    assert site.manage("migrate", "--check").returncode == 0
    site.migrate("shop", "0001", "-v0")
    site.migrate("-v0")
    assert differences(levelled(site.database), written) == []
    assert values(site.database, "code") == list(range(1, 3001))
