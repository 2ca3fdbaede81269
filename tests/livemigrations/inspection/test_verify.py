"""Soundness: what the catalog says is held against the rows, and rows are held against what they were."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.errors import LiveMigrationError
from livemigrations.inspection.soundness.findings import Severity
from livemigrations.inspection.soundness.verify import verify as check
from livemigrations.pgtools.running import server_version
from tests.livemigrations.inspection.quick import QuickSite, quick_site
from tests.livemigrations.site import Site
from tests.support.catalogs import catalog
from tests.support.database import Database
from tests.support.roles import role
from tests.support.waiting import wait_until

SHOP = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True)), ("code", models.CharField(max_length=9))]),
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
    ("place", models.ForeignKey("Place", models.CASCADE))],
    options={"indexes": [models.Index(fields=["n"], name="thing_n")]}),
"""
ROWS = """
INSERT INTO shop_place (code) SELECT 'p' || g FROM generate_series(1, 9) g;
INSERT INTO shop_thing (n, place_id) SELECT g, g % 9 + 1 FROM generate_series(1, 3000) g;
"""


@pytest.fixture
def site(tmp_path: Path, database: Database) -> Iterator[QuickSite]:
    with quick_site(tmp_path, database) as made:
        yield made


@pytest.fixture
def shop(site: Site) -> Site:
    site.shop(SHOP)
    site.migrate("-v0")
    site.database.psql(ROWS)
    return site


def verify(site: Site, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = site.manage("migrations", "verify", "--json", *arguments, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    answer = json.loads(done.stdout)
    assert answer["exit_code"] == done.returncode
    return done.returncode, answer


def problems(site: Site, *arguments: str) -> dict[str, str]:
    """Object → what is wrong with it."""
    return {f["object"]: f["text"] for f in verify(site, *arguments)[1]["findings"] if f["severity"] != "note"}


@pytest.mark.slow
def test_everything_that_can_be_wrong(shop: Site) -> None:
    code, answer = verify(shop)
    assert (code, [f for f in answer["findings"] if f["severity"] != "note"]) == (0, [])
    assert answer["looked"]["foreign keys"] >= 1
    shop.database.psql("""
        ALTER TABLE shop_thing DISABLE TRIGGER ALL;
        UPDATE shop_thing SET place_id = 77 WHERE id <= 4;
        ALTER TABLE shop_thing ADD CONSTRAINT small CHECK (n < 2999) NO INHERIT NOT VALID;
        SELECT setval('shop_place_id_seq', 3);
        CREATE TABLE heir () INHERITS (shop_thing); INSERT INTO heir VALUES (1, 1, 999);
        CREATE SEQUENCE loose; CREATE TABLE counted (n int DEFAULT nextval('loose'), m int DEFAULT 10 * nextval('loose'));
        INSERT INTO counted VALUES (7, 70);
        CREATE TRIGGER still BEFORE UPDATE ON counted FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
        ALTER TABLE counted ENABLE REPLICA TRIGGER still;
        CREATE TABLE two (a int, b int, PRIMARY KEY (a, b));
        CREATE TABLE pairs (a int, b int, CONSTRAINT whole FOREIGN KEY (a, b) REFERENCES two MATCH FULL);
        ALTER TABLE pairs DISABLE TRIGGER ALL; INSERT INTO pairs VALUES (1, NULL), (NULL, NULL); ALTER TABLE pairs ENABLE TRIGGER ALL;
        CREATE TABLE large (n int) WITH (autovacuum_enabled = off); INSERT INTO large SELECT generate_series(1, 20000);
        DELETE FROM large WHERE n > 5000; SELECT pg_stat_force_next_flush();
        CREATE TABLE leaping (n int); INSERT INTO leaping VALUES (1), (20);
        CREATE SEQUENCE leaps INCREMENT 50 OWNED BY leaping.n; SELECT nextval('leaps');
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'thing_n'::regclass;
        CREATE TABLE ticket (id int PRIMARY KEY); INSERT INTO ticket VALUES (1), (5); -- 11 comes next, and is free
        CREATE SEQUENCE ticket_id_seq INCREMENT 10 OWNED BY ticket.id; SELECT nextval('ticket_id_seq');
    """)
    with shop.database.connect() as connection:
        row = connection.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = 'shop_thing'::regclass"
        )
        key = row.fetchone()
        assert key is not None
        before = catalog(connection, books=True)
        assert problems(shop) == {
            f"public.shop_thing.{key[0]}": "4 rows refer to no row of public.shop_place, such as (77)",
            "public.shop_thing.small": "is not validated; 2 rows break it",
            "public.shop_thing": "the triggers of its foreign keys are switched off: nothing enforces them",
            "public.shop_place.id": "the sequence is behind: next 4, greatest 9",
            "public.counted": "triggers are switched off: still",
            "public.pairs.whole": "1 rows refer to no row of public.two, such as (1,)",
            "public.counted.n": "the sequence is behind: next 1, greatest 7",
            "thing_n": "is invalid: shop_thing pays for it, and no query uses it",
        }
        assert set(problems(shop, "--only", "sequences", "--only", "indexes")) == {
            "public.shop_place.id", "public.counted.n", "thing_n",
        }  # fmt: skip
        assert catalog(connection, books=True) == before
    notes = [f for f in verify(shop, "--only", "statistics")[1]["findings"] if f["object"] == "public.large"]
    assert [(f["severity"], f["text"]) for f in notes] == [
        ("note", "was never analyzed: the planner guesses"), ("note", "15,000 of 20,000 rows are dead"),
    ]  # fmt: skip
    text = shop.manage("migrations", "verify", check=False).stdout
    assert "Remedy: SELECT setval('shop_place_id_seq', 9);" in text
    assert "REINDEX INDEX CONCURRENTLY thing_n;" in text
    assert "not sound" in text
    assert shop.manage("migrations", "verify", "--only", "luck", check=False).returncode == 2


@pytest.mark.slow
def test_what_cannot_be_looked_at_is_not_called_sound(shop: Site) -> None:
    with shop.database.connect(autocommit=False) as other:
        other.execute("LOCK TABLE shop_place IN ACCESS EXCLUSIVE MODE")
        code, answer = verify(shop, "--only", "sequences")
        assert code == 1
        assert [(f["severity"], f["object"]) for f in answer["findings"]] == [("unknown", "public.shop_place.id")]
        assert "lock timeout" in answer["findings"][0]["text"]
    shop.database.psql("ALTER TABLE shop_thing ENABLE ROW LEVEL SECURITY; UPDATE shop_thing SET n = n")
    with role(shop.database) as name:
        shop.database.psql(f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{name}"')
        shop.set(f'DATABASES["default"]["USER"] = {name!r}')
        code, answer = verify(shop, "--only", "keys")
        assert (code, [f["severity"] for f in answer["findings"]]) == (1, ["unknown"])
        assert "row-level security" in answer["findings"][0]["text"]


@pytest.mark.slow
def test_rows_before_and_after(shop: Site) -> None:
    """A column that is new or gone does not count, nor does the order on disk; every changed value does."""
    path = str(shop.folder / "before.json")
    assert verify(shop, "--only", "indexes", "--save", path)[0] == 0
    shop.migration(
        "shop",
        "0002_more",
        """
        class Migration(migrations.Migration):
            dependencies = [("shop", "0001_step")]
            operations = [
                migrations.AddField("Thing", "note", models.TextField(default="x")),
                migrations.CreateModel("More", [("id", models.BigAutoField(primary_key=True))]),
                migrations.RemoveField("Place", "code"),
            ]
    """,
    )
    shop.migrate("-v0")
    shop.database.psql("UPDATE shop_thing SET note = 'y' WHERE id % 2 = 0; ALTER TABLE older ADD PRIMARY KEY (id)")
    shop.database.psql("VACUUM FULL shop_thing")
    code, answer = verify(shop, "--only", "indexes", "--before", path)
    assert code == 0, answer
    assert {(f["object"], f["text"]) for f in answer["findings"]} == {
        ("public.shop_place", "columns gone or renamed: code"),
        ("public.shop_more", "is new, with 0 rows"),
        ("public.older", "has another primary key: only its rows were counted"),
    }
    shop.database.psql(
        "UPDATE shop_thing SET n = n + 1 WHERE id = 7; DROP TABLE older; DELETE FROM shop_place WHERE false"
    )
    assert problems(shop, "--only", "indexes", "--before", path) == {
        "public.shop_thing": "values changed in n",
        "public.older": "is gone with its 0 rows",
    }
    shop.database.psql("DELETE FROM shop_thing WHERE id = 7")
    assert problems(shop, "--only", "indexes", "--before", path)["public.shop_thing"] == "had 3,000 rows and has 2,999"


@pytest.mark.slow
def test_files_that_do_not_fit(shop: Site) -> None:
    other = shop.folder / "other.json"
    other.write_text('{"version": 1}')
    for arguments, said in (
        (("--before", str(shop.folder / "none.json")), "cannot be read"),
        (("--before", str(other)), "is no file of migrations verify"),
        (("--save", str(shop.folder / "no" / "where.json")), "cannot be written"),
    ):
        done = shop.manage("migrations", "verify", "--only", "indexes", *arguments, check=False)
        assert done.returncode == 1
        assert said in done.stderr
    assert shop.manage("migrations", "verify", "--save", "a", "--before", "b", check=False).returncode == 2


def test_a_file_that_does_not_fit_is_told_before_anything_is_looked_at(
    connection: BaseDatabaseWrapper, tmp_path: Path
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE thing (id int)")
    seen: list[str] = []
    files = ({"before": tmp_path / "none"}, {"save": tmp_path / "no" / "where"}, {"save": tmp_path})
    for given in files:
        with pytest.raises(LiveMigrationError, match=r"cannot be (read|written)"):
            check(connection, parts=["statistics"], tell=lambda text, fraction: seen.append(text), **given)
    assert seen == []
    assert list(tmp_path.iterdir()) == []


def test_what_promises_nothing_is_not_broken(connection: BaseDatabaseWrapper) -> None:
    """PostgreSQL 18: constraints that are NOT ENFORCED, and keys that hold over a span of time."""
    if server_version(connection) < 180000:
        pytest.skip("of PostgreSQL 18")
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE TABLE place (id int PRIMARY KEY);
            CREATE TABLE thing (place int REFERENCES place NOT ENFORCED, n int CHECK (n > 0) NOT ENFORCED);
            INSERT INTO thing VALUES (7, -1);
            CREATE TABLE lease (room int4range, span daterange, PRIMARY KEY (room, span WITHOUT OVERLAPS));
            CREATE TABLE stay (room int4range, span daterange, FOREIGN KEY (room, PERIOD span) REFERENCES lease);
            INSERT INTO lease VALUES ('[1,2)', '[2026-01-01,2027-01-01)');
            INSERT INTO stay VALUES ('[1,2)', '[2026-03-01,2026-04-01)');
        """)
    findings = check(connection, parts=["keys", "constraints"]).findings
    assert [one.severity for one in findings] == [Severity.NOTE, Severity.NOTE]


@pytest.mark.slow
@pytest.mark.postgres_matrix
def test_amcheck_where_it_is_present(any_database: Database, tmp_path: Path) -> None:
    """An index over a function that changed since is found by heapallindexed; without the extension that is said."""
    any_database.psql("""
        CREATE FUNCTION twist(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n + 1';
        CREATE TABLE twisted (n int); INSERT INTO twisted SELECT generate_series(1, 100);
        CREATE INDEX twisted_twist ON twisted (twist(n));
        CREATE OR REPLACE FUNCTION twist(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n + 1000';
    """)
    with quick_site(tmp_path, any_database) as site, any_database.connect() as connection:
        skipped = verify(site, "--only", "amcheck")[1]["skipped"]["amcheck"]
        if not connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'").fetchone():
            assert "the server has no extension amcheck" in skipped  # the embedded server has no contrib modules
            return
        assert "CREATE EXTENSION amcheck" in skipped
        connection.execute("CREATE EXTENSION amcheck")
        found = problems(site, "--only", "amcheck")
        assert set(found) == {"twisted_twist"}
        assert "lacks matching index tuple" in found["twisted_twist"]
        with role(any_database, owns=True) as name:
            site.set(f'DATABASES["default"]["USER"] = {name!r}')
            humble = verify(site, "--only", "amcheck")[1]["skipped"]["amcheck"]
            assert f'the role "{name}" may not call it' in humble
            connection.execute(humble.partition("(")[2].removesuffix(")"))
            assert set(problems(site, "--only", "amcheck")) == {"twisted_twist"}


@pytest.mark.slow
def test_nobody_is_stopped(shop: Site) -> None:
    """Writers go on while it looks, and it writes nothing: no transaction number is used by it."""
    stop, written = threading.Event(), []

    def write() -> None:
        with shop.database.connect() as connection:
            connection.execute("SET lock_timeout = '50ms'")
            while not stop.is_set():
                connection.execute("UPDATE shop_thing SET n = n WHERE id = 5")
                written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_until(lambda: written)
        before = len(written)
        verify(shop)
        after = len(written)
    finally:
        stop.set()
        writer.join()
    assert after > before + 1
