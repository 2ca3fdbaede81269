"""``migrations plan``: what it says of every step, and that it leaves no trace."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

import pytest

from tests.livemigrations.review.reviewed import TABLES, Populated, written
from tests.livemigrations.site import Site
from tests.support import legacy
from tests.support.catalogs import catalog
from tests.support.database import Database
from tests.support.roles import role
from tests.support.waiting import wait_until

CHANGES = """
live.AddIndex("Thing", models.Index(fields=["n"], name="thing_n")),
migrations.AddField("Part", "thing", models.ForeignKey("shop.Thing", models.CASCADE, null=True)),
migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True)), ("t", models.ForeignKey("shop.Thing", models.CASCADE))]),
live.AddIndex("Bare", models.Index(fields=["n"], name="bare_n")),
migrations.RunPython(lambda apps, editor: None, migrations.RunPython.noop),
migrations.RunSQL("UPDATE shop_thing SET n = n", ""),
"""
NOT_NULL = 'live.SetNotNull("Thing", "n", models.IntegerField()),'
REFUSED = 'migrations.RunSQL("ALTER TABLE shop_thing SET UNLOGGED", "ALTER TABLE shop_thing SET LOGGED"),'


def plan(site: Site, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = site.manage("migrations", "plan", "--json", *arguments, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["exit_code"] == code
    return found


def steps(found: dict[str, Any], operation: int, migration: int = 0) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = found["migrations"][migration]["operations"][operation - 1]["steps"]
    return result


@pytest.mark.slow
def test_what_a_plan_tells(populated: Populated) -> None:
    site = populated(CHANGES)
    found = plan(site)
    assert [m["revision"] for m in found["migrations"]] == ["shop.0002_step"]
    [index] = steps(found, 1)
    assert (index["lane"], index["locks"]) == ("online", {"shop_thing": "SHARE UPDATE EXCLUSIVE"})
    [table] = index["tables"]
    assert (table["name"], table["state"], table["rows"]) == ("shop_thing", "populated", 5000)
    assert table["size"] > 100_000 < 10 * table["index_size"]
    assert 0 < index["estimate"]["low_ms"] < index["estimate"]["high_ms"] < 60_000
    column, key, valid, second = steps(found, 2)
    assert column["locks"] == {"shop_part": "ACCESS EXCLUSIVE"}
    assert key["locks"] == dict.fromkeys(("shop_part", "shop_thing"), "SHARE ROW EXCLUSIVE")
    assert "orphans" in key["checks"][0]["problem"]
    assert (key["checks"][0]["rows"], column["waits"]) == (None, [])
    assert (valid["lane"], second["transactional"]) == ("online", False)
    assert {t["name"]: t["state"] for t in steps(found, 3)[0]["tables"]} == {
        "shop_new": "new",
        "shop_thing": "populated",
    }
    [bare] = steps(found, 4)
    assert (bare["lane"], bare["tables"][0]["state"]) == ("instant", "empty")
    assert "CONCURRENTLY" not in bare["sql"][0]
    [python] = steps(found, 5)
    assert (python["lane"], python["estimate"]["low_ms"]) == ("batch", None)
    [update] = steps(found, 6)
    assert (update["lane"], update["tables"][0]["name"]) == ("batch", "shop_thing")
    assert update["estimate"]["high_ms"] > update["estimate"]["low_ms"] > 10
    text = site.manage("migrations", "plan", "-v", "2").stdout
    assert "shop_thing  populated: about 5,000 rows" in text
    assert "CREATE INDEX CONCURRENTLY" in text
    assert "Nothing would be refused." in text


def test_values_that_are_kept_take_time_by_their_rows(populated: Populated) -> None:
    """The copy of a column that goes is estimated by the rows of its table, its way back by those that are kept."""
    site = populated('migrations.RemoveField("Thing", "n"),')
    _, copy, _ = steps(plan(site), 1)
    assert [(table["name"], table["rows"]) for table in copy["tables"]] == [("shop_thing", 5000)]
    assert copy["estimate"]["high_ms"] > 500
    site.migrate("-v0")
    site.database.psql("ANALYZE")
    [back] = [step for step in steps(plan(site, "shop", "0001"), 1) if step["lane"] == "batch"]
    assert [table["rows"] for table in back["tables"]] == [5000]


@pytest.mark.slow
def test_what_stands_there_unrecorded(populated: Populated) -> None:
    """What migrate would meet half-way; what the plan itself moves away first is in nobody's way."""
    new = 'migrations.CreateModel("{}", [("id", models.BigAutoField(primary_key=True))]),'
    column = 'migrations.AddField("Thing", "{}", models.IntegerField(null=True)),'
    site = populated(
        new.format("Own") + column.format("m"),
        'migrations.RemoveField("Thing", "n"),'
        + column.format("n")
        + 'migrations.DeleteModel("Bare"),'
        + new.format("Bare"),
        'migrations.RunSQL("CREATE TABLE IF NOT EXISTS shop_own (id int)", ""),'
        'migrations.AddIndex("Part", models.Index(fields=["n"], name="part_n")),'
        'migrations.RemoveIndex("Part", "part_n"),',
    )
    last = plan(site)["migrations"][2]["operations"]
    assert last[2]["steps"][0]["sql"] == ['DROP INDEX CONCURRENTLY IF EXISTS "part_n"']
    site.database.psql("CREATE TABLE shop_own (id int); ALTER TABLE shop_thing ADD m int")
    found = plan(site, code=1)
    assert found["refusals"] == ["shop.0002_step, operation 1", "shop.0002_step, operation 2"]
    table, added = (steps(found, operation)[0]["obstacle"] for operation in (1, 2))
    assert table.startswith("The table shop_own exists already. Remedy: if it is what the migration makes, manage.py")
    assert added.startswith("The column shop_thing.m exists already.")
    assert table.partition("Remedy: ")[2][:60] in site.refused()


def test_each_table_is_locked_once_and_only_while_it_has_to_be(populated: Populated) -> None:
    """A lock that is raised later can deadlock. The key and its column go together, when the values are copied."""
    site = populated()
    site.database.psql(
        "ALTER TABLE shop_part ADD COLUMN t_id bigint REFERENCES shop_thing; UPDATE shop_part SET t_id = 1"
    )
    state = 'migrations.AddField("Part", "t", models.ForeignKey("shop.Thing", models.CASCADE, null=True))'
    known = f"migrations.SeparateDatabaseAndState(state_operations=[{state}]),"
    site.shop(TABLES, known + 'migrations.RemoveField("Part", "t"),')
    site.migrate("-v0")
    _, keep, copy, drop = site.steps("0002_step")
    assert keep["locks"] == {'"public"."shop_part"': "SHARE ROW EXCLUSIVE"}
    assert (copy["locks"], "DROP CONSTRAINT" in str(drop["sql"])) == ({}, True)
    assert drop["locks"] == dict.fromkeys(('"shop_part"', '"public"."shop_thing"'), "ACCESS EXCLUSIVE")


@pytest.mark.slow
def test_refusals_and_what_comes_after_them(populated: Populated) -> None:
    site = populated(REFUSED, 'migrations.AddField("Thing", "m", models.IntegerField(null=True)),')
    found = plan(site, code=1)
    refused, added = found["migrations"]
    assert found["refusals"] == ["shop.0002_step, operation 1"]
    assert "copies the whole table" in refused["operations"][0]["refusal"]
    assert refused["operations"][0]["steps"][0]["estimate"]["basis"] == "a copy of the whole table"
    assert added["operations"][0]["refusal"] == ""
    assert added["operations"][0]["steps"][0]["locks"] == {"shop_thing": "ACCESS EXCLUSIVE"}
    text = site.manage("migrations", "plan", check=False).stdout
    assert "REFUSED: " in text
    assert "Would stop at shop.0002_step, operation 1." in text


@pytest.mark.slow
def test_rows_in_the_way(populated: Populated) -> None:
    site = populated(NOT_NULL + NOT_NULL.replace("Thing", "Part"))
    with site.database.connect() as connection:
        connection.execute("UPDATE shop_thing SET n = NULL WHERE id IN (7, 8)")
    found = plan(site, "--check-rows", code=1)
    asked, other = steps(found, 1)[0]["checks"][0], steps(found, 2)[0]["checks"][0]
    assert other["rows"] == 0
    assert (asked["rows"], len(asked["sample"])) == (2, 2)
    assert "have NULL in n" in asked["problem"]


FILL = 'live.FillColumn("Thing", "n", 0),'
PYTHON = "migrations.RunPython(lambda apps, editor: None, migrations.RunPython.noop),"
SQL = 'migrations.RunSQL("UPDATE shop_thing SET n = 0 WHERE n IS NULL", ""),'


@pytest.mark.slow
def test_rows_that_an_earlier_step_writes_are_not_in_the_way(populated: Populated) -> None:
    """Of the usual pair, fill and then NOT NULL, nobody has to fear the second."""
    site = populated("", FILL, NOT_NULL)
    with site.database.connect() as connection:
        connection.execute("UPDATE shop_thing SET n = NULL WHERE id IN (7, 8)")
    for before in (FILL, SQL, PYTHON):
        site.shop(TABLES, before, NOT_NULL)
        found = plan(site, "--check-rows")
        [asked] = [check for step in steps(found, 1, 1) for check in step["checks"]]
        assert asked["rows"] is None, before
        assert "2 as they are now" in asked["note"], before
    for before in (FILL.replace("Thing", "Part"), SQL.replace("n =", "id ="), SQL.replace("thing", "part")):
        site.shop(TABLES, before, NOT_NULL)
        found = plan(site, "--check-rows", code=1)
        assert [check["rows"] for step in steps(found, 1, 1) for check in step["checks"]] == [2], before


@pytest.mark.slow
def test_who_would_be_waited_for(populated: Populated) -> None:
    site = populated(CHANGES)
    with site.database.connect(autocommit=False, application_name="a report") as reader:
        reader.execute("SELECT count(*) FROM shop_part")
        time.sleep(0.2)
        found = plan(site)
        column = steps(found, 2)[0]
        assert any("a report" in session and "shop_part" in session for session in column["waits"])


@pytest.mark.slow
def test_nothing_is_written(populated: Populated) -> None:
    """On a database that lets nobody write, without the engine's tables, and down to the catalog's own counters."""
    site = populated(CHANGES, NOT_NULL)
    with site.database.connect() as connection:
        connection.execute(
            "DROP TABLE livemigrations_seed, livemigrations_lease, livemigrations_step, livemigrations_run CASCADE"
        )
        before = catalog(connection, books=True)
        connection.execute(f'ALTER DATABASE "{site.database.name}" SET default_transaction_read_only = on')
        counted = written(site.database)
        plan(site, "--check-rows")
        assert catalog(connection, books=True) == before
        assert written(site.database) == counted


@pytest.mark.slow
def test_the_legacy_database_at_sprint_0(legacy_database: Database) -> None:
    """Tables that are adopted are compared, but not here."""
    rows = legacy.checksums(legacy_database)
    with legacy_database.connect() as connection:
        before, counted = catalog(connection, books=True), written(legacy_database)
        done = legacy_database.manage("migrations", "plan", "--json", "--check-rows")
        assert catalog(connection, books=True) == before
    assert written(legacy_database) == counted
    assert legacy.checksums(legacy_database) == rows
    assert legacy_database.scratches() == []
    found = json.loads(done.stdout)
    told = [step["description"] for m in found["migrations"] for o in m["operations"] for step in o["steps"]]
    assert {"adopt bookings", "adopt customers", "adopt payments"} <= set(told)
    assert [o["unknown"] for m in found["migrations"] for o in m["operations"] if o["unknown"]] == []


@pytest.mark.slow
def test_killed_in_the_middle(legacy_database: Database) -> None:
    """The scratch database in which definitions are compared goes with the process."""
    with legacy_database.popen("migrations", "plan") as process:
        wait_until(lambda: legacy_database.scratches() != [])
        process.kill()
        process.communicate(timeout=300)
    assert process.returncode == -signal.SIGKILL
    wait_until(lambda: legacy_database.scratches() == [])


@pytest.mark.slow
def test_without_the_right_to_make_databases(site: Site) -> None:
    """All is told but how a table that stands there compares; the message names the right that is missing."""
    old = 'live.CreateTableIfMissing("Old", [("id", models.BigAutoField(primary_key=True))]),'
    site.shop(old, 'migrations.AddField("Old", "n", models.IntegerField(null=True)),')
    with site.database.connect() as connection:
        connection.execute("CREATE TABLE shop_old (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY)")
    assert steps(plan(site), 1)[0]["description"] == "adopt shop_old"
    with role(site.database, owns=True) as name:
        site.set(f'DATABASES["default"]["USER"] = {name!r}')
        found = plan(site)
    adopted, added = (migration["operations"][0] for migration in found["migrations"])
    assert "CREATEDB" in adopted["unknown"]
    assert "LIVEMIGRATIONS_SCRATCH_ALIAS" in adopted["unknown"]
    assert (added["unknown"], added["steps"][0]["locks"]) == ("", {"shop_old": "ACCESS EXCLUSIVE"})
    assert site.database.scratches() == []


@pytest.mark.slow
def test_half_done_and_back(populated: Populated) -> None:
    """What is half done goes on from there; a sprint behind is a plan of the way back."""
    site = populated(f"{NOT_NULL}\nmigrations.RunSQL('SELECT 1 / 0', ''),")
    site.refused()
    [migration] = plan(site)["migrations"]
    assert migration["half_applied"]
    assert [len(operation["steps"]) for operation in migration["operations"]] == [1, 1]  # they share a transaction
    back = plan(site, "shop", "zero")
    assert [(m["revision"], m["backwards"]) for m in back["migrations"]] == [
        ("shop.0002_step", True),
        ("shop.0001_step", True),
    ]
    undone = {
        o["number"]: [sql for step in o["steps"] for sql in step["sql"]] for o in back["migrations"][0]["operations"]
    }
    assert undone[2] == []
    assert any('DROP CONSTRAINT IF EXISTS "shop_thing_n_live_not_null"' in sql for sql in undone[1])


@pytest.mark.slow
def test_measured_here(populated: Populated) -> None:
    """A step that the journal knows is estimated by what it took."""
    index = 'live.AddIndex("Thing", models.Index(fields=["n"], name="thing_n")),'
    site = populated(index)
    site.migrate("-v0")
    site.migrate("--back", "1", "-v0")
    [step] = steps(plan(site), 1)
    assert "took" in step["estimate"]["basis"]
    assert step["estimate"]["high_ms"] == pytest.approx(4 * step["estimate"]["low_ms"])


@pytest.mark.slow
def test_words_and_exit_codes(populated: Populated) -> None:
    site = populated()
    assert "nothing is pending" in site.manage("migrations", "plan").stdout
    for arguments, code, said in (
        (["shop", "--sprint", "1"], 2, "leave the app label away"),
        (["--sprint", "x"], 2, "number of a sprint"),
        (["nothing"], 1, "does not have migrations"),
    ):
        done = site.manage("migrations", "plan", *arguments, check=False)
        assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr
    shown = site.manage("migrations", "plan", "--help").stdout
    assert "exit codes:" in shown
    assert "migrations plan --sprint 2 --check-rows" in shown
