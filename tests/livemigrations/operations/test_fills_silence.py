"""Backfills that stand for a rewrite of the table fire no trigger; no backfill leaves out rows that policies hide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.livemigrations.site import Site
from tests.support.roles import give, role
from tests.support.waiting import wait_until

THING = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True))]),
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True))]),
"""
ADD = 'migrations.AddField("Thing", "u", models.UUIDField(db_default=functions.RandomUUID(), null=True)),'
BY_HAND = 'live.FillColumn("thing", "n", F("id")),'
ASKED = 'live.FillColumn("thing", "n", lambda: 1),'
AUDIT = """
CREATE TABLE audit (what text, who bigint);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO audit VALUES (TG_NAME, CASE WHEN TG_LEVEL = 'ROW' THEN OLD.id END); RETURN NEW; END $$;
CREATE TRIGGER before BEFORE UPDATE ON shop_thing FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER after AFTER UPDATE ON shop_thing FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER statement AFTER UPDATE ON shop_thing FOR EACH STATEMENT EXECUTE FUNCTION note();
CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON shop_thing INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
"""
STATES = (
    "SELECT array_agg(tgname::text || tgenabled::text ORDER BY tgrelid, tgname) FROM pg_trigger WHERE NOT tgisinternal"
)


def one(site: Site, query: str) -> object:
    with site.database.connect() as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def prepared(site: Site, *operations: str, sql: str = AUDIT, rows: int = 3000) -> Site:
    site.set("LIVEMIGRATIONS_SMALL_TABLE_BYTES = 0").shop(THING, *operations)
    site.migrate("shop", "0001", "-v0")
    site.database.psql(
        f"INSERT INTO shop_place SELECT; INSERT INTO shop_thing SELECT FROM generate_series(1, {rows}); {sql}"
    )
    return site


@contextmanager
def owner(site: Site) -> Iterator[str]:
    """Migrate as an ordinary role that owns the tables."""
    with role(site.database, owns=True) as name:
        with site.database.connect() as connection:
            give(connection, name)
            connection.execute(f'GRANT CREATE ON DATABASE "{site.database.name}" TO "{name}"')
        site.set(f'DATABASES["default"] |= {{"USER": {name!r}, "PASSWORD": ""}}')
        yield name


FIRING = {
    "ordinary": "",
    "always": "ALTER TABLE shop_thing ENABLE ALWAYS TRIGGER after, ENABLE REPLICA TRIGGER before;",
    "disabled": "ALTER TABLE shop_thing DISABLE TRIGGER after, ENABLE ALWAYS TRIGGER later;",
}


@pytest.mark.slow
@pytest.mark.parametrize("ordinary_role", [False, True], ids=["superuser", "owner"])
@pytest.mark.parametrize("kind", FIRING)
def test_a_new_column_fires_no_trigger(site: Site, kind: str, ordinary_role: bool) -> None:
    """As ADD COLUMN does in plain Django; every trigger is in its state afterwards, and audits other sessions."""
    prepared(site, ADD, sql=AUDIT + FIRING[kind])
    before = one(site, STATES)
    if ordinary_role:
        with owner(site):
            site.migrate("-v0")
    else:
        site.migrate("-v0")
    assert one(site, "SELECT count(DISTINCT u) FROM shop_thing") == 3000
    assert one(site, "SELECT count(*) FROM audit") == 0
    assert one(site, STATES) == before


@pytest.mark.slow
def test_triggers_of_partitions_are_silent_too(any_site: Site) -> None:
    site = any_site
    parts = """
    DROP TABLE shop_thing; CREATE TABLE shop_thing (id bigserial, n int) PARTITION BY HASH (id);
    CREATE TABLE one PARTITION OF shop_thing FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE two PARTITION OF shop_thing FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    INSERT INTO shop_thing (n) SELECT g FROM generate_series(1, 3000) g;
    """
    own = """
    CREATE TRIGGER own BEFORE UPDATE ON two FOR EACH ROW EXECUTE FUNCTION note();
    ALTER TABLE two ENABLE ALWAYS TRIGGER own; ALTER TABLE ONLY one DISABLE TRIGGER after;
    """
    prepared(site, ADD, sql=parts + AUDIT + own)
    before = one(site, STATES)
    site.migrate("-v0")
    assert one(site, "SELECT count(DISTINCT u) FROM shop_thing") == 3000
    assert one(site, "SELECT count(*) FROM audit") == 0
    assert one(site, STATES) == before


@pytest.mark.slow
def test_no_event_of_another_session_is_lost(site: Site) -> None:
    """While an owner without further privileges fills, each UPDATE of another session is audited once."""
    prepared(site, ADD, sql=AUDIT, rows=30_000)
    site.database.psql(
        "DROP TRIGGER before ON shop_thing; DROP TRIGGER later ON shop_thing; DROP TRIGGER statement ON shop_thing"
    )
    with owner(site), site.database.connect() as other:
        running = site.popen("migrate", "--no-input")
        updates = 0
        while running.poll() is None:
            other.execute("UPDATE shop_thing SET n = 1 WHERE id = %s", [updates % 30_000 + 1])
            updates += 1
        running.communicate()
        assert running.returncode == 0
        assert other.execute("SELECT count(*) FROM audit").fetchone() == (updates,)
        assert other.execute("SELECT count(DISTINCT u) FROM shop_thing").fetchone() == (30_000,)


@pytest.mark.slow
def test_a_fill_by_hand_fires_them(site: Site) -> None:
    """It stands for an UPDATE that its author would write, as does that of a column that becomes NOT NULL."""
    prepared(site, BY_HAND)
    site.migrate("-v0")
    assert one(site, "SELECT count(DISTINCT who) FROM audit WHERE what = 'after'") == 3000
    assert one(site, "SELECT count(DISTINCT who) FROM audit WHERE what = 'later'") == 3000


@pytest.mark.slow
@pytest.mark.parametrize("value", ["1", "2"])
def test_a_foreign_key_is_checked_although_triggers_are_silent(site: Site, value: str) -> None:
    key = 'migrations.AddField("Thing", "place", models.ForeignKey("Place", models.CASCADE, null=True)),'
    prepared(site, key, f'live.FillColumn("thing", "place", lambda: {value}, fires_triggers=False),')
    site.migrate("shop", "0002", "-v0")
    states = one(site, STATES)
    if value == "1":
        site.migrate("-v0")
    else:
        assert "violates foreign key constraint" in site.refused()
    assert one(site, "SELECT count(place_id) FROM shop_thing") == (3000 if value == "1" else 0)
    assert one(site, "SELECT count(*) FROM audit") == 0
    assert one(site, STATES) == states


POLICY = """
ALTER TABLE shop_thing ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON shop_thing USING (id % 10 = 0)
"""
COLUMNS = (
    "SELECT count(*) FROM pg_attribute WHERE attrelid = 'shop_thing'::regclass AND attnum > 0 AND NOT attisdropped"
)


@pytest.mark.slow
@pytest.mark.parametrize("operation", [ADD, BY_HAND, ASKED])
def test_rows_that_a_policy_hides_are_not_left_out(site: Site, operation: str) -> None:
    """Refused before anything changes; the printed remedy lets it run."""
    prepared(site, operation, sql=POLICY)
    with owner(site):
        said = site.refused()
        assert "would leave out rows: row level security hides rows of shop_thing" in said
        assert "ALTER TABLE shop_thing NO FORCE ROW LEVEL SECURITY" in said
        assert (one(site, COLUMNS), one(site, "SELECT count(n) FROM shop_thing")) == (2, 0)
        site.database.psql("ALTER TABLE shop_thing NO FORCE ROW LEVEL SECURITY")
        site.migrate("-v0")
    column = "u" if operation == ADD else "n"
    assert one(site, f"SELECT count({column}) FROM shop_thing") == 3000


@pytest.mark.slow
def test_a_role_that_bypasses_policies_reaches_every_row(site: Site) -> None:
    prepared(site, ADD, sql=POLICY)
    with owner(site) as name:
        site.database.psql(f'ALTER ROLE "{name}" BYPASSRLS')
        site.migrate("-v0")
    assert one(site, "SELECT count(DISTINCT u) FROM shop_thing") == 3000


@pytest.mark.slow
def test_a_policy_that_comes_during_the_fill(site: Site) -> None:
    """The next batch raises an error instead of leaving out rows; the step is not recorded as done."""
    prepared(site, 'live.FillColumn("thing", "n", F("id"), batch_size=200),', sql="SELECT 1", rows=20_000)
    site.set("LIVEMIGRATIONS_DATA_LOCK_TIMEOUT_MS = 20")
    with owner(site), site.database.connect(autocommit=False) as holder, site.database.connect() as other:
        holder.execute("SELECT FROM shop_thing WHERE id = 10000 FOR UPDATE")
        running = site.popen("migrate", "--no-input")
        wait_until(lambda: other.execute("SELECT count(n) > 5000 FROM shop_thing").fetchone() == (True,))
        holder.execute(POLICY)
        holder.commit()
        said, _ = running.communicate(timeout=120)
        assert running.returncode == 1
        assert "would leave out rows: row level security hides rows of shop_thing" in said
        assert other.execute("SELECT count(*) FROM django_migrations WHERE name = '0002_step'").fetchone() == (0,)
        other.execute("ALTER TABLE shop_thing NO FORCE ROW LEVEL SECURITY")
        site.migrate("-v0")
        assert other.execute("SELECT count(*) FROM shop_thing WHERE n IS DISTINCT FROM id").fetchone() == (0,)


@pytest.mark.slow
@pytest.mark.parametrize("ordinary_role", [False, True], ids=["superuser", "owner"])
def test_values_that_return_on_a_rollback_fire_none(site: Site, ordinary_role: bool) -> None:
    """A dropped column comes back with its values; for the audit the rows did not change."""
    prepared(site, 'migrations.RemoveField("Thing", "n"),', sql=f"UPDATE shop_thing SET n = id * 2; {AUDIT}")
    before = one(site, STATES)
    if ordinary_role:
        with owner(site):
            site.migrate("-v0")
            site.migrate("shop", "0001", "-v0")
    else:
        site.migrate("-v0")
        site.migrate("shop", "0001", "-v0")
    assert one(site, "SELECT count(*) FROM shop_thing WHERE n = id * 2") == 3000
    assert one(site, "SELECT count(*) FROM audit") == 0
    assert one(site, STATES) == before


@pytest.mark.slow
def test_a_foreign_key_that_returns_is_checked(site: Site) -> None:
    """Its values return without an event of the audit, except those that refer to a row that is gone."""
    key = 'migrations.AddField("Thing", "place", models.ForeignKey("Place", models.CASCADE, null=True)),'
    prepared(site, key, 'migrations.RemoveField("Thing", "place"),', sql="INSERT INTO shop_place SELECT")
    site.migrate("shop", "0002", "-v0")
    site.database.psql(f"UPDATE shop_thing SET place_id = id % 2 + 1; {AUDIT}")
    site.migrate("-v0")
    site.database.psql("DELETE FROM shop_place WHERE id = 2")
    assert "1,500 of what was kept of shop_thing.place_id found no place" in site.migrate("shop", "0002").stdout
    assert one(site, "SELECT count(*) FROM shop_thing WHERE place_id = 1") == 1500
    assert one(site, "SELECT count(*) FROM shop_thing t WHERE place_id NOT IN (SELECT id FROM shop_place)") == 0
    assert one(site, "SELECT count(*) FROM audit") == 0


@pytest.mark.slow
def test_a_key_that_compares_otherwise_than_its_index(site: Site) -> None:
    """Values are not kept by an index whose operator class tells rows apart that the comparison of the column does not."""
    prepared(site, 'migrations.RemoveField("Thing", "n"),', sql="UPDATE shop_thing SET n = id")
    site.database.psql(
        "ALTER TABLE shop_thing DROP CONSTRAINT shop_thing_pkey, ALTER COLUMN id DROP IDENTITY;"
        'ALTER TABLE shop_thing ALTER COLUMN id TYPE text; CREATE UNIQUE INDEX own ON shop_thing (id COLLATE "C")'
    )
    assert "has no key by which its values could find their rows again" in site.refused()
    assert one(site, "SELECT count(n) FROM shop_thing") == 3000
    site.database.psql("CREATE UNIQUE INDEX fits ON shop_thing (id)")
    site.migrate("-v0")
    site.migrate("shop", "0001", "-v0")
    assert one(site, "SELECT count(*) FROM shop_thing WHERE n::text = id") == 3000
