"""Tables that hide their rows, get them late, or have names that leave no room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.livemigrations.engine.test_keeping import kept_tables, one
from tests.livemigrations.site import Site
from tests.support.roles import role

NOTHING = 'migrations.RunSQL("SELECT 1", "SELECT 1"),'
THING = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True))]),
"""
NOTE = 'migrations.AddField("Thing", "note", models.CharField(max_length=30, db_default="none")),'
ROWS = "INSERT INTO shop_thing (n) SELECT g FROM generate_series(1, 3000) g;"
HIDDEN = """
ALTER TABLE shop_thing ENABLE ROW LEVEL SECURITY; ALTER TABLE shop_thing FORCE ROW LEVEL SECURITY;
CREATE POLICY few ON shop_thing USING (n < {});
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def owned(site: Site) -> Iterator[Site]:
    """A site whose migrate is run by an ordinary role that owns everything."""
    site.shop(NOTHING, THING, NOTE)
    with role(site.database, owns=True) as name:
        site.database.psql(f'GRANT CREATE ON DATABASE "{site.database.name}" TO "{name}"')
        site.set(f'DATABASES["default"]["USER"] = "{name}"')
        site.migrate("-v0")
        site.database.psql(ROWS)
        yield site


@pytest.mark.parametrize("visible", [0, 10])
def test_rows_that_a_policy_hides_from_the_owner_return(owned: Site, visible: int) -> None:
    owned.migrate("shop", "0002", "-v0", "--discard-data")
    owned.database.psql(HIDDEN.format(visible))
    owned.migrate("shop", "0001", "-v0")
    assert one(owned.database, "SELECT rows FROM livemigrations_kept") == 3000
    owned.migrate("shop", "0002", "-v0")
    assert one(owned.database, "SELECT count(*) FROM shop_thing") == 3000


def test_a_column_of_rows_that_a_policy_hides_is_not_dropped(owned: Site) -> None:
    owned.database.psql(HIDDEN.format(10))
    said = owned.refused("shop", "0002")
    assert "NO FORCE ROW LEVEL SECURITY" in said
    assert one(owned.database, "SELECT count(*) FROM shop_thing WHERE note = 'none'") == 3000


@pytest.mark.parametrize("target", ["0001", "0002"])
def test_rows_that_come_before_the_lock_are_kept(site: Site, target: str) -> None:
    """The table stands empty when the step is planned; its first row is committed while the step waits."""
    site.shop(NOTHING, THING, NOTE)
    site.migrate("shop", "0002" if target == "0001" else "0003", "-v0")
    with site.database.connect(autocommit=False) as traffic:
        traffic.execute("INSERT INTO shop_thing (n) VALUES (42)")
        if target == "0002":
            traffic.execute("UPDATE shop_thing SET note = 'mine'")
        with site.popen("migrate", "--no-input", "shop", target) as process:
            assert process.stdout is not None
            while "waiting, before asking for a lock" not in process.stdout.readline():
                assert process.poll() is None
            traffic.commit()
            process.communicate(timeout=300)
            assert process.returncode == 0
    assert kept_tables(site.database) == 1
    site.migrate("-v0")
    assert one(site.database, "SELECT n || note FROM shop_thing") == ("42none" if target == "0001" else "42mine")
    assert kept_tables(site.database) == 0


def test_an_empty_table_leaves_nothing_behind(site: Site) -> None:
    site.shop(NOTHING, THING, NOTE)
    site.migrate("-v0")
    site.migrate("shop", "0002", "-v0")
    site.migrate("shop", "0001", "-v0")
    assert one(site.database, "SELECT to_regnamespace('rolled_back') IS NULL")
    assert one(site.database, "SELECT count(*) FROM livemigrations_kept") == 0


def test_a_name_that_leaves_no_room_for_an_ending(site: Site) -> None:
    name = "т" * 31
    site.shop(NOTHING, THING.rstrip().removesuffix("),") + f', options={{"db_table": "{name}"}}),')
    site.migrate("-v0")
    site.database.psql(f'INSERT INTO "{name}" (n) VALUES (1)')
    site.migrate("shop", "0001", "-v0")
    site.migrate("-v0")
    assert one(site.database, f'SELECT count(*) FROM "{name}"') == 1


def test_what_is_half_copied_cannot_be_discarded(site: Site) -> None:
    site.shop(NOTHING, THING)
    site.migrate("-v0")
    site.database.psql(ROWS)
    site.migrate("shop", "0001", "-v0")
    site.database.psql("UPDATE livemigrations_kept SET state = 'copying'")
    said = site.manage("migrations", "kept", "--discard", "all", "--no-input", check=False)
    assert (said.returncode, kept_tables(site.database)) == (1, 1)
    assert "run migrate again, either way" in said.stderr
