"""Restoring: every row back, nothing ever half there, nobody cut off by surprise."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from datetime import datetime, tzinfo
from typing import Any

import psycopg
import pytest
from psycopg import sql

from livemigrations.backups import restoration
from livemigrations.backups.occupants import occupants
from livemigrations.backups.restoration import maintenance
from livemigrations.backups.swapping import swap
from livemigrations.errors import RestoreRefused
from livemigrations.pgtools.definitions import Definition
from tests.livemigrations.backups.shop import SLOW, Shop
from tests.support.waiting import wait_until


def test_destroyed_rows_are_back_to_the_row(any_shop: Shop) -> None:
    before = any_shop.rows()
    assert len(before["booking"]) == 5000
    made = any_shop.json("create")
    any_shop.sql("DELETE FROM booking WHERE id % 3 = 0; UPDATE booking SET price = 0; DROP TABLE booking, customer")
    done = any_shop.json("restore", "latest", "--no-input")
    assert any_shop.rows() == before
    assert (done["backup"], done["database"]) == (made["name"], any_shop.site.database.name)
    assert any_shop.databases() == [done["kept_as"]]
    with any_shop.site.database.server.connect(done["kept_as"]) as old:
        assert old.execute("SELECT to_regclass('booking')").fetchone() == (None,), "the old one is as it was"
    with any_shop.site.database.connect() as new:
        assert new.execute("INSERT INTO customer (name, kind) VALUES ('new', 'guest') RETURNING id").fetchone() == (
            501,
        )
        analyzed = "SELECT count(*) FROM pg_stats WHERE tablename = 'booking'"
        assert new.execute(analyzed).fetchone() == (4,), "the planner knows its columns"


def test_an_odd_name(shop: Shop) -> None:
    """Names that need quoting in SQL, in a connection string, and in a file name."""
    before, ordinary = shop.rows(), shop.site.database.name
    odd = f"{ordinary} \"a' = b/c"
    with shop.site.database.server.connect() as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(ordinary), sql.Identifier(odd)))
        shop.connection.settings_dict["NAME"] = odd
        shop.backup("create", "--format", "directory", "--jobs", "2")
        shop.backup("verify")
        with shop.connection.cursor() as cursor:
            cursor.execute("DELETE FROM booking")
        shop.backup("restore", "latest", "--no-input", "--drop-old")
        assert shop.databases() == [odd]
        shop.connection.close()
        admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(odd), sql.Identifier(ordinary)))
    assert shop.rows() == before


def test_a_database_in_use_is_refused(shop: Shop) -> None:
    shop.backup("create")
    shop.sql("DELETE FROM booking")
    with shop.site.database.connect(application_name="till 7") as somebody:
        pid = somebody.info.backend_pid
        said = shop.refused("restore", "latest", "--no-input")
        assert f"pid {pid}: user teppan, till 7" in said
        assert "--disconnect" in said
        assert somebody.execute("SELECT count(*) FROM booking").fetchone() == (0,)
    assert shop.databases() == []


@pytest.mark.parametrize("options", [(), ("--disconnect",)], ids=["refused", "disconnect"])
def test_a_prepared_transaction_is_named_at_once(shop: Shop, options: tuple[str, ...]) -> None:
    """It has no session that could be ended, and nobody waits for a restore that cannot be swapped in."""
    shop.backup("create")
    name = shop.site.database.name
    shop.sql(f"BEGIN; DELETE FROM booking; PREPARE TRANSACTION 'held {name}'")
    try:
        done = shop.backup("restore", "latest", "--no-input", *options, check=False)
        assert f"prepared transaction held {name} of teppan: COMMIT PREPARED or ROLLBACK PREPARED it" in done.stderr
        assert "Restoring" not in done.stdout
    finally:
        shop.sql(f"ROLLBACK PREPARED 'held {name}'")
    assert shop.databases() == []


def test_disconnect_ends_the_sessions_even_if_they_come_back(shop: Shop) -> None:
    before = shop.rows()
    shop.backup("create")
    shop.sql("DELETE FROM booking")
    stop, ended, counts = threading.Event(), [], []

    def customer() -> None:
        while not stop.is_set():
            try:
                with shop.site.database.connect() as connection:
                    while not stop.is_set():
                        counts.append(connection.execute("SELECT count(*) FROM booking").fetchone()[0])  # type: ignore[index]
                        time.sleep(0.001)
            except psycopg.OperationalError as error:
                ended.append(str(error))

    threads = [threading.Thread(target=customer) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(counts) > 20)
    try:
        shop.backup("restore", "latest", "--no-input", "--disconnect")
        wait_until(lambda: counts[-1] == 5000)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(counts) == {0, 5000}, "nobody saw anything in between"
    assert len(ended) >= 4
    assert shop.rows() == before


@pytest.mark.parametrize("whom", ["the process", "its whole group"])
def test_killed_in_the_middle_the_database_is_as_it_was(shop: Shop, whom: str) -> None:
    shop.sql(SLOW)
    shop.backup("create")
    shop.sql("UPDATE booking SET price = 1")
    before = shop.rows()
    with shop.process("restore", "latest", "--no-input", start_new_session=True) as restoring:
        wait_until(lambda: _is_slow(shop))
        assert len(shop.databases("_restoring_")) == 1
        (os.killpg if whom == "its whole group" else os.kill)(restoring.pid, signal.SIGKILL)
    assert shop.rows() == before
    wait_until(lambda: shop.databases() == [])


def test_ctrl_c_leaves_the_database_as_it_was(shop: Shop) -> None:
    shop.sql(SLOW)
    shop.backup("create")
    with shop.process("restore", "latest", "--no-input") as restoring:
        wait_until(lambda: _is_slow(shop))
        restoring.send_signal(signal.SIGINT)
        said = restoring.communicate(timeout=300)[0]
    assert restoring.returncode == 130
    assert "Interrupted. The database is as it was" in said
    assert "Traceback" not in said
    assert shop.databases() == []


def test_what_a_kill_of_everything_left_is_swept(shop: Shop) -> None:
    """Also the watchdog may die, with the machine; a restore that is at work is left alone."""
    orphan, stranger = f"{shop.site.database.name}_restoring_00000000", f"{shop.site.database.name}_restoring_11111111"
    with shop.site.database.server.connect() as admin:
        for name in (orphan, stranger):
            admin.execute(f"CREATE DATABASE {name}")
        admin.execute(f"COMMENT ON DATABASE {orphan} IS 'livemigrations: being restored'")
    shop.backup("list")  # unless that of another database came first
    assert shop.databases() == [stranger]
    shop.sql(SLOW)
    shop.backup("create")
    with shop.process("restore", "latest", "--no-input") as restoring:
        wait_until(lambda: _is_slow(shop))
        shop.backup("list")
        assert len(shop.databases("_restoring_")) == 2
        assert "Another restore" in shop.refused("restore", "latest", "--no-input")
        restoring.send_signal(signal.SIGINT)
        restoring.communicate(timeout=300)
    assert shop.databases() == [stranger]


def test_who_comes_in_before_the_swap_is_not_cut_off(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shop.rows()
    shop.backup("create")
    late: list[psycopg.Connection[Any]] = []

    def swap_late(*args: Any, **options: Any) -> None:
        late.append(shop.site.database.connect(application_name="late guest"))
        swap(*args, **options)

    monkeypatch.setattr(restoration, "swap", swap_late)
    said = shop.refused("restore", "latest", "--no-input")
    assert "late guest" in said
    assert late[0].execute("SELECT count(*) FROM booking").fetchone() == (5000,)
    late[0].close()
    assert shop.databases() == []
    assert shop.rows() == before


def test_a_swap_is_all_or_nothing(shop: Shop) -> None:
    """Where the second half cannot be, the first has not been."""
    definition = Definition.read(shop.connection)
    assert definition is not None
    with maintenance(shop.connection, shop.site.database.name) as base:
        shop.connection.close()
        with pytest.raises(RestoreRefused, match="is as it was"):
            swap(
                base,
                "not_there",
                shop.site.database.name,
                old=f"{shop.site.database.name}_old",
                definition=definition,
                disconnect=False,
            )
    assert shop.databases() == []
    assert len(shop.rows()["customer"]) == 500


def test_a_damaged_backup_changes_nothing(shop: Shop) -> None:
    made = shop.json("create")
    before = shop.rows()
    dump = shop.folder / made["name"] / "data.dump"
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)
    assert "SHA-256 differs" in shop.refused("restore", "latest", "--no-input")
    assert shop.rows() == before
    assert shop.databases() == []


def test_rows_other_than_those_of_the_manifest_change_nothing(shop: Shop) -> None:
    made = shop.json("create")
    manifest = shop.folder / made["name"] / "manifest.json"
    text = manifest.read_text()
    assert '"rows": 5000' in text
    manifest.write_text(text.replace('"rows": 5000', '"rows": 5001'))
    assert "public.booking has 5,000 rows instead of 5,001" in shop.refused("restore", "latest", "--no-input")
    assert shop.databases() == []


def test_what_belongs_to_the_database_as_a_whole_stays(shop: Shop) -> None:
    name = shop.site.database.name
    shop.backup("create")
    with shop.site.database.server.connect() as admin:
        admin.execute(f"DROP ROLE IF EXISTS r_{name}")
        admin.execute(f"CREATE ROLE r_{name}")
        admin.execute(f"ALTER DATABASE {name} SET search_path TO 'Odd', public")
        admin.execute(f"ALTER DATABASE {name} SET work_mem TO '9MB'")
        admin.execute(f"ALTER ROLE r_{name} IN DATABASE {name} SET work_mem TO '11MB'")
        admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 17")
        admin.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        admin.execute(f"GRANT CONNECT ON DATABASE {name} TO r_{name} WITH GRANT OPTION")
        admin.execute(f"COMMENT ON DATABASE {name} IS 'it''s ours'")
        admin.execute(f"ALTER DATABASE {name} OWNER TO r_{name}")
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")  # shut for the time of the restore
        try:
            before = _whole(admin, name)
            assert before[1] == 17
            assert "lets nobody in, so what would be lost cannot be counted" in shop.refused("restore", "latest")
            done = shop.json("restore", "latest", "--no-input")
            assert done["notes"] == []
            assert _whole(admin, name) == before
        finally:
            shop.clear()
            admin.execute(f"REASSIGN OWNED BY r_{name} TO teppan")
            admin.execute(f"DROP OWNED BY r_{name}")
            shop.site.database.server.drop_database(name)
            admin.execute(f"DROP ROLE r_{name}")


def _whole(admin: psycopg.Connection[Any], name: str) -> list[Any]:
    """Everything about a database but its oid and its age."""
    row = admin.execute(
        "SELECT pg_get_userbyid(datdba), datconnlimit, datallowconn, datacl::text, encoding, datcollate, datctype,"
        " shobj_description(oid, 'pg_database'), (SELECT array_agg(setrole::text || setconfig::text ORDER BY setrole)"
        " FROM pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database d WHERE datname = %s",
        [name],
    ).fetchone()
    assert row is not None
    return list(row)


def test_a_lost_database_is_made_again(shop: Shop) -> None:
    before = shop.rows()
    with shop.site.database.server.connect() as admin:
        admin.execute(f"ALTER DATABASE {shop.site.database.name} SET work_mem TO '9MB'")
    shop.backup("create")
    shop.connection.close()
    shop.site.database.server.drop_database(shop.site.database.name)
    assert shop.json("list")["backups"][0]["rows"] == 5500
    assert shop.json("restore", "latest")["kept_as"] is None, "nothing to lose, nothing to ask"
    assert shop.rows() == before
    with shop.site.database.connect() as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("9MB",)


def test_the_old_database_gets_a_name_that_is_free(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also within one second, or when the clock goes back."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Clock:
            return cls(2026, 11, 21, 9, 57, tzinfo=tz)

    monkeypatch.setattr(restoration, "datetime", Clock)
    shop.backup("create")
    kept = [shop.json("restore", "latest", "--no-input")["kept_as"] for _ in range(2)]
    assert kept == [f"{shop.site.database.name}_before_restore_20261121t095700{more}" for more in ("", "_2")]
    assert shop.databases() == kept


def test_to_another_database(shop: Shop) -> None:
    before, other = shop.rows(), f"{shop.site.database.name}_copy"
    shop.backup("create")
    shop.sql("DELETE FROM booking")
    with shop.site.database.connect() as connection:
        connection.execute(f"CREATE DATABASE {other}_restoring_00000000")
        connection.execute(f"COMMENT ON DATABASE {other}_restoring_00000000 IS '{restoration.MARK}'")
        shop.backup("restore", "latest", "--to", other)
    assert shop.databases() == [other], "what a killed one left is gone"
    assert shop.rows(other) == before
    assert shop.rows()["booking"] == []


def test_it_asks_and_says_what_would_be_lost(shop: Shop) -> None:
    shop.backup("create")
    shop.sql("INSERT INTO customer (name, kind) VALUES ('new', 'guest'); CREATE TABLE extra (id int)")
    before = shop.rows()
    said = shop.refused("restore", "latest")
    assert "there is no terminal to ask" in said
    assert "2 of its tables are not as in the backup" in said
    assert "--no-input" in said
    master, terminal = os.openpty()
    name = shop.site.database.name
    for answer, code in (("\x04", 1), ("yes\n", 1), (f"{name}\n", 0)):
        with shop.process("restore", "latest", "--json", stdin=terminal, stderr=subprocess.PIPE) as restoring:
            os.write(master, answer.encode())
            out, said = restoring.communicate(timeout=300)
        assert "public.customer: 501 rows now, 500 in the backup" in said
        assert "public.extra: 0 rows now, not part of the backup" in said
        assert f"Type the name of the database ({name}) to go on: " in said
        assert "Traceback" not in said
        assert restoring.returncode == code, said
        if code:
            assert f"Not confirmed: {name} is as it was." in said
            assert out == ""
            assert shop.rows() == before
        else:
            assert json.loads(out)["database"] == name
    os.close(master)
    os.close(terminal)
    assert len(shop.rows()["customer"]) == 500


def test_a_role_that_may_not_rename_is_told_at_once(shop: Shop) -> None:
    name = shop.site.database.name
    shop.backup("create")
    with shop.site.database.server.connect() as admin:
        admin.execute(f"CREATE ROLE clerk_{name} LOGIN CREATEDB")
        try:
            shop.connect_as(f"clerk_{name}")
            said = shop.refused("restore", "latest", "--no-input")
            assert f"belongs to teppan, and clerk_{name} may not rename it" in said
            admin.execute(f"ALTER ROLE clerk_{name} NOCREATEDB")
            done = shop.backup("restore", "latest", "--no-input", check=False)
            assert "may not create databases" in done.stderr
            assert "Reading" not in done.stdout
            with shop.site.database.connect() as other, maintenance(shop.connection, name) as base:
                somebody = {one.pid: str(one) for one in occupants(base, name)}[other.info.backend_pid]
            assert somebody.endswith("user teppan, (no application name), state unknown"), "of others it sees little"
        finally:
            shop.connection.close()
            admin.execute(f"DROP ROLE clerk_{name}")
    assert shop.databases() == []


def _is_slow(shop: Shop) -> bool:
    with shop.site.database.server.connect() as connection:
        rows = connection.execute(
            "SELECT 1 FROM pg_stat_activity WHERE starts_with(datname, %s) AND wait_event = 'PgSleep'",
            [f"{shop.site.database.name}_restoring_"],
        )
        return rows.fetchone() is not None


def test_a_connection_that_is_lost_after_the_swap_undoes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shop.rows()
    shop.backup("create")
    shop.sql("DELETE FROM booking")

    def swap_and_lose(base: Any, *arguments: Any, **options: Any) -> None:
        swap(base, *arguments, **options)
        with shop.site.database.server.connect() as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 60000)", [base.connection.info.backend_pid])

    monkeypatch.setattr(restoration, "swap", swap_and_lose)
    assert "The database as it was is" in shop.backup("restore", "latest", "--no-input").stdout
    assert shop.rows() == before


def test_ctrl_c_that_comes_too_late_is_not_answered_with_an_untruth(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shop.rows()
    shop.backup("create")
    shop.sql("DELETE FROM booking")

    def swap_and_press(*arguments: Any, **options: Any) -> None:
        swap(*arguments, **options)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(restoration, "swap", swap_and_press)
    assert "The database as it was is" in shop.backup("restore", "latest", "--no-input").stdout
    assert shop.rows() == before
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
