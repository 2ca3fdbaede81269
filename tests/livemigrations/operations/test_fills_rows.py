"""Backfills reach every row, whatever the key of its table is, and fail if an UPDATE cannot reach one."""

from __future__ import annotations

import time

import pytest

from tests.livemigrations.site import Site
from tests.support.waiting import wait_until

# The table of each model, whose key the model describes as text (or not at all).
TABLES = {
    "Nulls": "(id bigint UNIQUE); INSERT INTO {0} SELECT nullif(g % 2 * g, 0) FROM generate_series(1, 3000) g",
    "Citext": "(id citext PRIMARY KEY); INSERT INTO {0} SELECT chr(65 + g % 50) || g FROM generate_series(1, 3000) g",
    "Loose": "(id text COLLATE loose PRIMARY KEY); INSERT INTO {0} SELECT chr(65 + g % 50) || g FROM generate_series(1, 3000) g",
    "Binary": '(id text COLLATE loose); CREATE UNIQUE INDEX ON {0} (id COLLATE "C");'
    " INSERT INTO {0} SELECT u FROM generate_series(1, 1500) g, LATERAL unnest(ARRAY['a' || g, 'A' || g]) u",
    "Enum": "(id mood, n int, PRIMARY KEY (id, n)); INSERT INTO {0} SELECT m, g FROM unnest(enum_range(NULL::mood)) m, generate_series(1, 1500) g",
    "Domain": "(id posint PRIMARY KEY); INSERT INTO {0} SELECT g FROM generate_series(1, 3000) g",
    "Uuid": "(id uuid PRIMARY KEY); INSERT INTO {0} SELECT gen_random_uuid() FROM generate_series(1, 3000)",
    "Bytes": "(id bytea PRIMARY KEY); INSERT INTO {0} SELECT decode(md5(g::text), 'hex') FROM generate_series(1, 3000) g",
    "Inet": "(id inet PRIMARY KEY); INSERT INTO {0} SELECT '10.0.0.0'::inet + g FROM generate_series(1, 3000) g",
    "Padded": "(id char(9) PRIMARY KEY); INSERT INTO {0} SELECT 'a' || g FROM generate_series(1, 3000) g",
    "Single": '(id "char", n int, PRIMARY KEY (id, n)); INSERT INTO {0} SELECT g::"char", h FROM generate_series(-128, 127) g, generate_series(1, 12) h',
    "Float": "(id float8 UNIQUE); INSERT INTO {0} SELECT CASE WHEN g > 3 THEN sqrt(g) ELSE (ARRAY['NaN', 'Infinity', '-Infinity'])[g]::float8 END"
    " FROM generate_series(1, 3000) g",
    "Numeric": "(id numeric UNIQUE); INSERT INTO {0} SELECT CASE WHEN g > 1 THEN g / 7.0 ELSE 'NaN' END FROM generate_series(1, 3000) g",
    "Moment": "(id timestamptz PRIMARY KEY); INSERT INTO {0} SELECT CASE WHEN g > 1 THEN now() - g * interval '1.000001 s' ELSE '-infinity' END"
    " FROM generate_series(1, 3000) g",
    "Partial": "(id int, n int); CREATE UNIQUE INDEX ON {0} (id) WHERE n = 0; INSERT INTO {0} SELECT g % 2, g FROM generate_series(1, 3000) g",
    "Deferred": "(id int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO {0} SELECT g FROM generate_series(1, 3000) g",
    "Keyless": "(id int); INSERT INTO {0} SELECT 1 FROM generate_series(1, 3000)",
    "Dropped": "(gone text, id int PRIMARY KEY); ALTER TABLE {0} DROP COLUMN gone; INSERT INTO {0} SELECT g FROM generate_series(1, 3000) g",
    "Generated": "(id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED); INSERT INTO {0} SELECT g FROM generate_series(1, 3000) g",
    "Parts": "(id int NOT NULL, n int) PARTITION BY HASH (id); CREATE TABLE parts_0 PARTITION OF {0} FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
    " CREATE TABLE parts_1 PARTITION OF {0} FOR VALUES WITH (MODULUS 2, REMAINDER 1); INSERT INTO {0} SELECT g FROM generate_series(1, 3000) g",
    "Family": "(id int); CREATE TABLE child () INHERITS ({0}); INSERT INTO child SELECT g FROM generate_series(1, 2000) g;"
    " INSERT INTO {0} SELECT g FROM generate_series(1, 1000) g",
    "Wide": "(id int, pad text DEFAULT repeat('x', 1800)); INSERT INTO {0} SELECT g FROM generate_series(1, 3000) g",
}
TYPES = """
CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN posint AS int CHECK (VALUE > 0);
"""
# What some servers do not have: how a model's table needs it, and whether it is there.
OPTIONAL = {
    "citext": (
        "CREATE EXTENSION citext",
        "SELECT EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'citext')",
    ),
    "loose": (
        "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
        "SELECT EXISTS (SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu')",
    ),
}
NAMED = {name: f'"Old {name} ""5"""' for name in TABLES}


def models(names: dict[str, str]) -> str:
    made = "".join(
        f'migrations.CreateModel("{name}", [("id", models.TextField(primary_key=True))], options={{"db_table": {table!r}}}),\n'
        for name, table in names.items()
    )
    return f"migrations.SeparateDatabaseAndState(state_operations=[\n{made}]),"


def added(names: dict[str, str]) -> str:
    field = "models.UUIDField(db_default=functions.RandomUUID(){})"
    return "\n".join(
        f'migrations.AddField("{name}", "uid", {field.format("" if number % 2 else ", null=True")}),'
        for number, name in enumerate(names)
    )


def one(site: Site, query: str) -> object:
    with site.database.connect() as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


@pytest.mark.slow
def test_every_row_of_every_table(any_site: Site) -> None:
    """Keys that are NULL, of types and collations that the model does not know, or that do not exist."""
    site = any_site.set("LIVEMIGRATIONS_SMALL_TABLE_BYTES = 0")
    lacking = [word for word, (_, question) in OPTIONAL.items() if not one(site, question)]
    names = {n: table for n, table in NAMED.items() if not any(word in TABLES[n] for word in lacking)}
    made = [create for word, (create, _) in OPTIONAL.items() if word not in lacking]
    made += [f"CREATE TABLE {table} {TABLES[name].format(table)}" for name, table in names.items()]
    site.shop(models(names), added(names))
    site.database.psql(TYPES + ";".join(made))
    site.migrate("-v0", timeout=300)
    with site.database.connect() as connection:
        for table in names.values():
            counts = connection.execute(
                f"SELECT count(*) >= 3000, count(*) - count(DISTINCT uid) FROM {table}"
            ).fetchone()
            assert counts == (True, 0), table
    fills = [step for step in site.steps("0002") if step["fill"]]
    assert len(fills) == len(names)


THING = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
    ("m", models.IntegerField(null=True))]),
"""
FILL = 'live.FillColumn("thing", "n", F("m") + 1{}),'


def filling(site: Site, *, rows: int = 3000, batch: str = "") -> Site:
    site.shop(THING, FILL.format(batch))
    site.migrate("shop", "0001", "-v0")
    site.database.psql(f"INSERT INTO shop_thing (m) SELECT nullif(g, 7) FROM generate_series(1, {rows}) g")
    return site


@pytest.mark.slow
def test_rows_that_an_update_does_not_change_are_noticed(site: Site) -> None:
    """A trigger that returns NULL: the step fails, is not recorded, and goes on once the trigger is disabled."""
    filling(site)
    site.database.psql(
        "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF OLD.id % 1000 = 0 THEN RETURN NULL; END IF; RETURN NEW; END $$;"
        "CREATE TRIGGER skip BEFORE UPDATE ON shop_thing FOR EACH ROW EXECUTE FUNCTION skip()"
    )
    said = site.refused()
    assert '3 rows of "shop_thing" have no value in "n" after the backfill' in said
    assert one(site, "SELECT count(*) FROM django_migrations WHERE name = '0002_step'") == 0
    assert [step["state"] for step in site.steps("0002")] == ["started"]
    site.database.psql("ALTER TABLE shop_thing DISABLE TRIGGER skip")
    site.migrate("-v0")
    assert one(site, "SELECT count(*) FROM shop_thing WHERE n IS DISTINCT FROM m + 1") == 0


@pytest.mark.slow
def test_a_script_notices_them_too(site: Site) -> None:
    filling(site)
    site.database.psql(
        "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
        "CREATE TRIGGER skip BEFORE UPDATE ON shop_thing FOR EACH ROW WHEN (OLD.id = 9) EXECUTE FUNCTION skip()"
    )
    script = site.manage("migrate", "--sql").stdout
    with pytest.raises(Exception, match='1 rows of "shop_thing" have no value in "n" after the backfill'):
        site.database.psql(script)
    assert one(site, "SELECT count(*) FROM django_migrations WHERE name = '0002_step'") == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["INSTEAD NOTHING", "ALSO NOTIFY filled"])
def test_a_rule_is_refused(site: Site, kind: str) -> None:
    filling(site)
    site.database.psql(f"CREATE RULE own AS ON UPDATE TO shop_thing DO {kind}")
    assert "the rule own rewrites each UPDATE" in site.refused()
    assert one(site, "SELECT count(n) FROM shop_thing") == 0
    site.database.psql("DROP RULE own ON shop_thing")
    site.migrate("-v0")
    assert one(site, "SELECT count(*) FROM shop_thing WHERE n IS DISTINCT FROM m + 1") == 0


@pytest.mark.slow
def test_a_view_is_filled_through_its_trigger(site: Site) -> None:
    """A model whose table became a view: INSTEAD OF triggers write where the rows are."""
    filling(site)
    site.database.psql(
        "ALTER TABLE shop_thing RENAME TO store; CREATE VIEW shop_thing AS SELECT * FROM store;"
        "CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE store SET n = NEW.n WHERE id = OLD.id;"
        " RETURN NEW; END $$; CREATE TRIGGER put INSTEAD OF UPDATE ON shop_thing FOR EACH ROW EXECUTE FUNCTION put()"
    )
    site.migrate("-v0")
    assert one(site, "SELECT count(*) FROM store WHERE n IS DISTINCT FROM m + 1") == 0


HOLD = "LIVEMIGRATIONS_DATA_LOCK_TIMEOUT_MS = 20"


@pytest.mark.slow
def test_rows_that_move_during_the_fill_are_found(site: Site) -> None:
    """While a batch waits for a locked row, rows ahead of it are deleted and inserted again, and the table is rewritten.

    The new rows are behind the fill's position or beyond the blocks that it saw.
    """
    site.set(HOLD)
    filling(site, rows=20_000, batch=", batch_size=500")
    with site.database.connect(autocommit=False) as holder, site.database.connect() as other:
        holder.execute("SELECT FROM shop_thing WHERE id = 10000 FOR UPDATE")
        running = site.popen("migrate", "--no-input")
        wait_until(lambda: other.execute("SELECT n IS NOT NULL FROM shop_thing WHERE id = 9000").fetchone() == (True,))
        other.execute("UPDATE shop_thing SET id = -id WHERE id > 15000")
        other.execute("DELETE FROM shop_thing WHERE id BETWEEN 1 AND 5000")
        other.execute("VACUUM shop_thing")  # its blocks, before the fill's position, are free now
        other.execute("UPDATE shop_thing SET m = m + 1 WHERE id < 0")
        holder.rollback()
        assert running.wait(120) == 0
        running.communicate()
        wrong = "SELECT count(*), count(*) FILTER (WHERE n IS DISTINCT FROM m + 1) FROM shop_thing"
        assert other.execute(wrong).fetchone() == (15_000, 0)


@pytest.mark.slow
def test_rows_of_the_running_release_get_the_default(site: Site) -> None:
    """Rows that come while the fill runs have the default of the new column."""
    site.set("LIVEMIGRATIONS_SMALL_TABLE_BYTES = 0")
    site.shop(THING, 'migrations.AddField("Thing", "u", models.UUIDField(db_default=functions.RandomUUID())),')
    site.migrate("shop", "0001", "-v0")
    site.database.psql("INSERT INTO shop_thing (m) SELECT g FROM generate_series(1, 20000) g")
    with site.database.connect() as other:
        running = site.popen("migrate", "--no-input")
        deadline = time.monotonic() + 60
        while running.poll() is None:
            other.execute("INSERT INTO shop_thing (m) VALUES (1)")
            assert time.monotonic() < deadline
        running.communicate()
        assert running.returncode == 0
        row = other.execute("SELECT count(*) - count(DISTINCT u), count(*) > 20000 FROM shop_thing").fetchone()
        assert row == (0, True)


@pytest.mark.slow
def test_a_stream_of_new_rows_without_a_value_does_not_hold_it_up(site: Site) -> None:
    """A column without a default: rows that are inserted after the last snapshot are not the fill's, as for an UPDATE."""
    filling(site, rows=20_000)
    with site.database.connect() as other:
        running = site.popen("migrate", "--no-input")
        deadline = time.monotonic() + 60
        while running.poll() is None:
            other.execute("INSERT INTO shop_thing (m) VALUES (1)")
            assert time.monotonic() < deadline
        running.communicate()
        assert running.returncode == 0
        old = "SELECT count(*) FROM shop_thing WHERE id <= 20000 AND n IS DISTINCT FROM m + 1"
        assert other.execute(old).fetchone() == (0,)


@pytest.mark.slow
def test_values_of_a_callable_reach_rows_without_a_key(site: Site) -> None:
    names = {name: NAMED[name] for name in ("Nulls", "Parts", "Keyless")}
    state = models(names).replace(
        '[("id", models.TextField(primary_key=True))]',
        '[("id", models.TextField(primary_key=True)), ("n", models.IntegerField(null=True))]',
    )
    ask = '__import__("itertools").count(1).__next__'
    site.shop(state, "".join(f'live.FillColumn("{name}", "n", {ask}, batch_size=200),\n' for name in names))
    made = ";".join(f"CREATE TABLE {NAMED[name]} {TABLES[name].format(NAMED[name])}" for name in names)
    site.database.psql(
        f"{made}; ALTER TABLE {NAMED['Nulls']} ADD COLUMN n int; ALTER TABLE {NAMED['Keyless']} ADD COLUMN n int"
    )
    site.migrate("-v0")
    for table in names.values():
        assert one(site, f"SELECT count(DISTINCT n) FROM {table}") == 3000, table
