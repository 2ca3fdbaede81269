"""Rows of a column that gets another type: those in the way, those that come meanwhile, those that come back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.livemigrations.operations.retyping import levelled, retype, site_of, values
from tests.livemigrations.site import Site
from tests.support.catalogs import differences
from tests.support.crashes import KILLED, assassin, damage
from tests.support.database import Database
from tests.support.roles import role

TO_NUMBER = retype("code", "IntegerField(unique=True)")


def one(database: Database, sql: str) -> object:
    with database.connect() as connection:
        row = connection.execute(sql).fetchone()
        return row[0] if row else None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            "UPDATE shop_thing SET code = 'x' || code WHERE id <= 7",
            "7 rows of public.shop_thing have a value in code that is no",
        ),
        ("UPDATE shop_thing SET code = '0' || id + 1 WHERE id = 1", "2 rows of public.shop_thing share their"),
    ],
)
def test_wrong_rows_are_shown_before_anything_is_changed(site: Site, wrong: str, said: str) -> None:
    site_of(site, TO_NUMBER)
    site.database.psql(wrong)
    before = levelled(site.database)
    answer = site.refused()
    assert said in answer
    assert differences(levelled(site.database), before) == []
    plan = site.manage("migrations", "plan", "--check-rows", check=False).stdout
    assert "the new column takes the place of shop_thing.code" in plan
    site.database.psql("UPDATE shop_thing SET code = id")
    site.migrate("-v0")
    assert values(site.database, "code") == list(range(1, 3001))


@pytest.mark.slow
def test_what_the_type_cut_returns_where_nobody_changed_it(site: Site) -> None:
    site_of(site, retype("price", "IntegerField(null=True)") + retype("at", "DateField(null=True)"))
    before = values(site.database, "price"), values(site.database, "at")
    site.migrate("-v0")
    assert values(site.database, "price")[:3] == [1, 3, 4]
    site.database.psql(
        "UPDATE shop_thing SET price = 1000 WHERE id = 2; DELETE FROM shop_thing_tags WHERE thing_id = 3000; DELETE FROM shop_thing WHERE id = 3000"
    )
    site.migrate("shop", "0001", "-v0")
    prices, days = (values(site.database, name) for name in ("price", "at"))
    assert days == before[1][:-1]
    assert [prices[0], *prices[2:]] == [before[0][0], *before[0][2:-1]]
    assert prices[1] == 1000


@pytest.mark.slow
def test_an_expression_makes_the_value(site: Site) -> None:
    digits = "functions.Cast(models.Func(F('note'), Value('[^0-9]'), Value(''), function='regexp_replace'), models.IntegerField())"
    text = retype(
        "note", "IntegerField(null=True)", more=f", using={digits.replace('functions.', 'models.functions.')}"
    )
    site_of(site, text)
    site.database.psql("UPDATE shop_thing SET note = 'n' || id WHERE note IS NOT NULL")
    site.migrate("-v0")
    assert values(site.database, "note")[:4] == [1, 2, None, 4]
    site.database.psql("UPDATE shop_thing SET note = 200 WHERE id = 2")
    site.migrate("shop", "0001", "-v0")
    assert values(site.database, "note")[:4] == ["n1", "200", None, "n4"]


@pytest.mark.slow
def test_triggers_that_change_a_row_leave_it_alone(site: Site) -> None:
    """The fill is no change of a row: a plain change of the type fires no trigger either."""
    site_of(site, retype("n", "BigIntegerField(db_default=7)"))
    site.database.psql(
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.size := 99; RETURN NEW; END $$;"
        "CREATE TRIGGER touch BEFORE UPDATE ON shop_thing FOR EACH ROW EXECUTE FUNCTION touch();"
        "ALTER TABLE shop_thing ENABLE ALWAYS TRIGGER touch"
    )
    before = values(site.database, "size")
    site.migrate("-v0")
    assert values(site.database, "size") == before


@pytest.mark.slow
def test_a_role_that_cannot_silence_triggers(site: Site) -> None:
    site_of(site, retype("n", "BigIntegerField(db_default=7)"))
    touch = "CREATE FUNCTION {0}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.size := 99; RETURN NEW; END $$;"
    on = "CREATE TRIGGER {0} {1} UPDATE ON shop_thing FOR EACH ROW EXECUTE FUNCTION {0}()"
    for name, when in (("touch", "BEFORE"), ("audit", "AFTER")):
        site.database.psql(f"{touch.format(name)} {on.format(name, when)}")
    before = values(site.database, "size")
    with role(site.database, owns=True) as name:
        site.set(f'DATABASES["default"] |= {{"USER": {name!r}, "PASSWORD": ""}}')
        answer = site.refused()
        assert "the fill would fire audit after the update of every row" in answer
        assert f'GRANT SET ON PARAMETER session_replication_role TO "{name}"' in answer
        site.database.psql("DROP TRIGGER audit ON shop_thing")
        site.migrate("-v0")
    assert values(site.database, "size") == before


@pytest.mark.slow
def test_the_running_release_may_write_what_does_not_convert_until_the_end(site: Site) -> None:
    site_of(site, TO_NUMBER)
    database = site.database
    beside = "SELECT count(*) FROM pg_attribute WHERE attname = 'livemigrations_code'"
    with assassin(database, cwd=site.folder, environment=site.environment()) as run:
        for statements in range(6, 60, 4):
            assert run.run("migrate", "--no-input", statements=statements).code == KILLED
            if one(database, beside):
                break
    database.psql("INSERT INTO shop_thing (n, code, size, place_id) VALUES (1, 'none', 1, 1)")
    answer = site.refused()
    assert "1 rows of public.shop_thing break" in answer
    assert '"code": "none"' in answer
    database.psql("UPDATE shop_thing SET code = '0' WHERE code = 'none'")
    site.migrate("-v0")
    assert values(database, "code") == [*range(1, 3001), 0]


@contextmanager
def traffic(database: Database, code: str) -> Iterator[tuple[list[int], list[str]]]:
    """Rows that are inserted, updated and deleted by two sessions until the end; the ids that stay, and the errors."""
    done, kept, errors = threading.Event(), [], []

    def work(number: int) -> None:
        with database.connect() as connection:
            key = number * 100_000
            while not done.is_set():
                key += 1
                try:
                    connection.execute(
                        "INSERT INTO shop_thing (id, n, code, size, price, place_id) OVERRIDING SYSTEM VALUE"
                        f" VALUES ({key}, {key}, {code.format(key)}, 1, 2.50, 1)"
                    )
                    connection.execute(f"UPDATE shop_thing SET n = n + 1, parent_id = {key} WHERE id = {key}")
                    connection.execute(f"UPDATE shop_thing SET size = size + 1 WHERE id = {key % 3000 + 1}")
                    if key % 3:
                        kept.append(key)
                    else:
                        connection.execute(f"DELETE FROM shop_thing WHERE id = {key}")
                except psycopg.Error as error:
                    errors.append(str(error))
                done.wait(0.01)

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    try:
        yield kept, errors
    finally:
        done.set()
        for thread in threads:
            thread.join()


@pytest.mark.slow
def test_traffic_notices_nothing(any_site: Site) -> None:
    text = [retype("n", "DecimalField(max_digits=12, decimal_places=2, db_default=7)"),
            retype("id", "BigAutoField(primary_key=True)"), TO_NUMBER]  # fmt: skip
    site_of(any_site, "\n".join(text))
    database = any_site.database
    with traffic(database, "'{}'") as (kept, errors):
        any_site.migrate("-v0")
        assert len(kept) > 10
        any_site.migrate("shop", "0001", "-v0")
    assert errors == []
    assert damage(database) == {}
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT id, n, code, parent_id FROM shop_thing WHERE id > 3000 ORDER BY id"
        ).fetchall()
    assert rows == [(key, key + 1, str(key), key) for key in sorted(kept)]


@pytest.mark.slow
def test_a_lock_that_is_never_free_leaves_everything_as_it_was(site: Site) -> None:
    site_of(site, retype("n", "BigIntegerField(db_default=7)")).set("LIVEMIGRATIONS_LOCK_DEADLINE_S = 1")
    before = levelled(site.database)
    with site.database.connect(autocommit=False) as holder:
        holder.execute("SELECT 1 FROM shop_thing LIMIT 1")
        assert "No moment was free" in site.refused()
    assert differences(levelled(site.database), before) == []
    site.set("LIVEMIGRATIONS_LOCK_DEADLINE_S = 60").migrate("-v0")
    assert values(site.database, "n") == list(range(1, 3001))
