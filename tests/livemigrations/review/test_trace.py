"""``migrations trace``: what it sees of both engines, that it reaches nothing else, and that nothing is left."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.livemigrations.review.reviewed import TABLES, Populated, populate, written
from tests.livemigrations.site import Site
from tests.support import legacy
from tests.support.catalogs import catalog
from tests.support.database import Database
from tests.support.roles import role
from tests.support.waiting import wait_until

CHANGES = """
live.AddIndex("Thing", models.Index(fields=["n"], name="thing_n")),
live.SetNotNull("Thing", "n", models.IntegerField()),
migrations.AddField("Part", "thing", models.ForeignKey("shop.Thing", models.CASCADE, null=True)),
migrations.AddField("Part", "u", models.IntegerField(null=True, unique=True)),
live.AddIndex("Bare", models.Index(fields=["n"], name="bare_n")),
"""
INDEX = 'live.AddIndex("Thing", models.Index(fields=["n"], name="thing_n")),'
REWRITE = 'migrations.RunSQL("ALTER TABLE shop_thing ALTER COLUMN n TYPE bigint", ""),'


def trace(site: Site, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = site.manage("migrations", "trace", "--json", *arguments, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["exit_code"] == code
    return found


def dangers(found: dict[str, Any]) -> set[tuple[str, str]]:
    return {(f["kind"], f["table"]) for f in found["findings"] if f["severity"] == "danger"}


def statement(found: dict[str, Any], text: str) -> dict[str, Any]:
    [one] = [s for s in found["statements"] if text in s["sql"]]
    result: dict[str, Any] = one
    return result


@pytest.mark.slow
@pytest.mark.postgres_matrix
def test_the_live_engine_and_djangos_own(tmp_path: Path, any_database: Database) -> None:
    """The same migration: the one stops nobody, the other copies, reads and builds while everybody waits."""
    site = populate(Site(tmp_path, any_database), CHANGES, REWRITE)
    with any_database.connect() as connection:
        before = catalog(connection, books=True)
        live = trace(site, "shop", "0002")
        plain = trace(site, "--plain", code=1)
        assert catalog(connection, books=True) == before
    assert any_database.scratches() == []

    assert dangers(live) == set()
    assert live["server_version"] // 10000 == any_database.server.version
    index = statement(live, 'CREATE INDEX CONCURRENTLY "thing_n"')
    assert index["locks"] == {"shop_thing": "SHARE UPDATE EXCLUSIVE"}
    assert index["built"] == {"thing_n": "shop_thing"}
    not_null = statement(live, 'ALTER COLUMN "n" SET NOT NULL')
    # The key of shop_part, which only adds something, shares the transaction.
    assert (not_null["held"], not_null["scanned"]) == (
        dict.fromkeys(("shop_part", "shop_thing"), "ACCESS EXCLUSIVE"),
        {},
    )
    assert 0 < not_null["lock_timeout_ms"] <= 50
    valid = statement(live, 'VALIDATE CONSTRAINT "shop_part_thing')
    assert valid["locks"] == {"shop_part": "SHARE UPDATE EXCLUSIVE", "shop_thing": "ROW SHARE"}
    assert "shop_part" in valid["scanned"]
    assert "CONCURRENTLY" not in statement(live, '"bare_n"')["sql"]

    seen = dangers(plain)
    assert {("rewrite", "shop_thing"), ("scan", "shop_thing"), ("index", "shop_thing"), ("index", "shop_part")} <= seen
    assert {("queue", "shop_thing"), ("queue", "shop_part")} <= seen
    assert not any(table == "shop_bare" for _, table in seen)
    assert statement(plain, "SET NOT NULL")["scanned"] == {"shop_thing": 0}
    assert statement(plain, "TYPE bigint")["rewritten"] == ["shop_thing"]


@pytest.mark.slow
def test_what_is_refused_is_told_and_tried(populated: Populated) -> None:
    """The trace goes on as --allow-long-locks would, for that migration only."""
    site = populated(REWRITE, 'migrations.RunSQL("ALTER TABLE shop_part SET UNLOGGED", ""),')
    found = trace(site, code=1)
    refused = [f["migration"] for f in found["findings"] if f["kind"] == "refused"]
    assert refused == ["shop.0002_step", "shop.0003_step"]
    assert {("rewrite", "shop_thing"), ("rewrite", "shop_part")} <= dangers(found)
    assert found["stopped"] == ""


PYTHON = """
migrations.RunPython(lambda apps, editor: apps.get_model("shop", "Thing").objects.create(n=-1), migrations.RunPython.noop),
"""
ELSEWHERE = """
migrations.RunPython(lambda apps, editor: apps.get_model("shop", "Thing").objects.using("other").create(n=-1)),
"""


@pytest.mark.slow
def test_python_reaches_only_the_copy(populated: Populated) -> None:
    """Code that names no alias writes into the copy; code that names another one is stopped."""
    site = populated(PYTHON, ELSEWHERE)
    site.set("DATABASES['other'] = dict(DATABASES['default'])")
    found = trace(site, "shop", "0002")
    assert statement(found, 'INSERT INTO "shop_thing"')["written"] == {"shop_thing": 1}
    stopped = trace(site, code=1)
    assert "'other', which is not copied" in stopped["stopped"]
    with site.database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM shop_thing WHERE n = -1").fetchone() == (0,)


ORDERS = """
migrations.RunSQL("LOCK TABLE shop_part, shop_thing IN EXCLUSIVE MODE", ""),
migrations.AddField("Part", "m", models.IntegerField(null=True)),
migrations.AddField("Thing", "m", models.IntegerField(null=True)),
"""
OTHER_ORDER = """
migrations.AddField("Thing", "k", models.IntegerField(null=True)),
migrations.AddField("Part", "k", models.IntegerField(null=True)),
"""
KEY = 'migrations.AddField("Part", "thing", models.ForeignKey("shop.Thing", models.CASCADE, null=True)),'


@pytest.mark.slow
def test_orders_that_can_deadlock(populated: Populated) -> None:
    site = populated(KEY, ORDERS, OTHER_ORDER)
    plain = trace(site, "--plain", code=1)
    orders = {(f["kind"], f["migration"]): f["text"] for f in plain["findings"] if f["severity"] == "danger"}
    assert "the other way round" in orders["lock-order", "shop.0003_step"]
    assert "before the rows that refer to it" in orders["key-order", "shop.0002_step"]
    assert ("lock-order", "shop.0004_step") not in orders
    live = trace(site)
    assert dangers(live) == set()
    assert any("gives way" in f["text"] for f in live["findings"])


@pytest.mark.slow
def test_no_more_than_the_sprint_by_djangos_executor(site: Site) -> None:
    other = INDEX.replace("thing_n", "thing_m")
    site.shop(TABLES, INDEX, other, m0001="sprint = 0", m0002="sprint = 1", m0003="sprint = 2")
    site.migrate("--sprint", "0", "-v0")
    assert trace(site, "--plain", "--sprint", "1")["migrations"] == ["shop.0002_step"]
    site.migrate("-v0")
    back = trace(site, "--plain", "--sprint", "1")
    assert back["migrations"] == ["shop.0003_step"]
    assert "thing_m" in " ".join(statement["sql"] for statement in back["statements"])


@pytest.mark.slow
def test_a_sample_of_rows(populated: Populated) -> None:
    site = populated('migrations.RunSQL("UPDATE shop_thing SET n = n + 1", ""),')
    found = trace(site, "--sample", "30")
    assert statement(found, "UPDATE shop_thing")["written"] == {"shop_thing": 30}
    assert found["tables"]["shop_thing"]["rows"] == 5000


ODD = """
migrations.CreateModel("Odd", [("id", models.BigAutoField(primary_key=True)),
    ("n", models.IntegerField(null=True, db_column="N 'x"))], options={"db_table": "The .odd. one"}),
"""
FAILS = """
live.AddIndex("Odd", models.Index(fields=["n"], name="Odd n")),
migrations.RunSQL("SELECT 1 / 0", ""),
"""
FILL = """INSERT INTO "My shop"."The .odd. one" ("N 'x") SELECT g FROM generate_series(1, 2000) g"""


@pytest.mark.slow
def test_names_schemas_and_what_fails(site: Site) -> None:
    """Names that need quoting in a schema of their own; a migration that fails is told with what came before it."""
    site.set("""DATABASES['default']['OPTIONS'] = {'options': '-c search_path="My\\\\ shop"'}""")
    site.shop(ODD, FAILS)
    with site.database.connect() as connection:
        connection.execute('CREATE SCHEMA "My shop"')
        site.migrate("shop", "0001", "-v0")
        connection.execute(FILL)
    found = trace(site, code=1)
    assert statement(found, "CONCURRENTLY")["locks"] == {"The .odd. one": "SHARE UPDATE EXCLUSIVE"}
    assert found["tables"]["The .odd. one"]["populated"]
    assert "division by zero" in found["stopped"]
    assert site.database.scratches() == []


@pytest.mark.slow
def test_the_legacy_database_at_sprint_0(legacy_database: Database) -> None:
    rows = legacy.checksums(legacy_database)
    with legacy_database.connect() as connection:
        before, counted = catalog(connection, books=True), written(legacy_database)
        live = legacy_database.manage("migrations", "trace", "--json", "--sprint", "2")
        plain = legacy_database.manage("migrations", "trace", "--plain", "--json", "--sprint", "2", check=False)
        assert catalog(connection, books=True) == before
    assert written(legacy_database) == counted
    assert legacy.checksums(legacy_database) == rows
    assert legacy_database.scratches() == []
    assert dangers(json.loads(live.stdout)) == set()
    assert {("index", "bookings"), ("scan", "bookings"), ("queue", "customers")} <= dangers(json.loads(plain.stdout))


SLEEPS = 'migrations.RunSQL("SELECT pg_sleep(60)", ""),'


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_ended_in_the_middle(populated: Populated, end: signal.Signals) -> None:
    """Nothing is left, whether the process could tidy up or not."""
    site = populated(SLEEPS)
    with site.database.connect() as connection, site.popen("migrations", "trace") as process:
        before = catalog(connection, books=True)
        asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = ANY(%s) AND query LIKE '%%pg_sleep(60)%%'"
        wait_until(lambda: connection.execute(asleep, [site.database.scratches()]).fetchone() == (1,))
        assert len(site.database.scratches()) == 1
        process.send_signal(end)
        said, _ = process.communicate(timeout=300)
        wait_until(lambda: site.database.scratches() == [])
        assert catalog(connection, books=True) == before
    if end == signal.SIGINT:
        assert process.returncode == 130
        assert "Interrupted. Nothing was changed, and the copy is gone." in said
        assert "Traceback" not in said


@pytest.mark.slow
def test_words_and_exit_codes(populated: Populated) -> None:
    site = populated(CHANGES)
    done = site.manage("migrations", "trace", "--sample", "-1", check=False)
    assert (done.returncode, "number of rows" in done.stderr) == (2, True)
    shown = site.manage("migrations", "trace", "-v", "2").stdout
    assert "takes SHARE UPDATE EXCLUSIVE on shop_thing" in shown
    assert "Nothing dangerous was seen." in shown
    with role(site.database, owns=True) as name:
        site.set(f'DATABASES["default"]["USER"] = {name!r}')
        done = site.manage("migrations", "trace", check=False)
        assert done.returncode == 1
        assert "CREATEDB" in done.stderr
        assert "LIVEMIGRATIONS_SCRATCH_ALIAS" in done.stderr
        assert "Traceback" not in done.stderr
