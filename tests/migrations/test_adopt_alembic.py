"""A database that Alembic brought to the plan's Sprint 2, with the plan's own SQL: adopted, and gone on with."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from tests.support import legacy
from tests.support.crashes import assassin, damage
from tests.support.database import ROOT, Database, fresh
from tests.support.fixtures import Catalog
from tests.support.postgres import PgServer

PLAN = ROOT / "tests" / "data" / "plan_sprints_1_2.sql"
BASELINE = "ea90695"
LEDGER = 3  # objects of Alembic's own, ignored by the settings: its table, the column, the key
ENVIRONMENT = """
import os
import psycopg
from alembic import context
from sqlalchemy import create_engine

with create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(os.environ["DSN"])).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = '''
from alembic import op

revision = {revision!r}
down_revision = {down!r}


def upgrade():
    op.get_bind().exec_driver_sql(SQL)


def downgrade():
    raise NotImplementedError


SQL = """
{sql}
"""
'''


class Alembic:
    """A real Alembic environment whose revisions are the sections of the plan, one by one."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self.database = folder, database
        (folder / "versions").mkdir(parents=True)
        (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
        (folder / "env.py").write_text(ENVIRONMENT)
        sections = re.split(r"(?=^-- \d\.\d )", PLAN.read_text(), flags=re.MULTILINE)[1:]
        assert len(sections) == 8
        texts = [(BASELINE, "SELECT 1"), *((f"plan_{section[3]}_{section[5]}", section) for section in sections)]
        down = None
        for revision, sql in texts:
            text = REVISION.format(revision=revision, down=down, sql=indent(sql, ""))
            (folder / "versions" / f"{revision}.py").write_text(text)
            down = revision

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *arguments],
            cwd=self.folder,
            env={**os.environ, "DSN": self.database.dsn},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def template(
    pg_server: PgServer, legacy_template: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """The legacy database at the plan's Sprint 2, of which Django knows nothing; nobody may connect to it."""
    with fresh(pg_server, legacy_template.name) as database:
        alembic = Alembic(tmp_path_factory.mktemp("alembic") / "plan", database)
        assert BASELINE in alembic.run("current")
        alembic.run("upgrade", "head")
        assert "plan_2_3 (head)" in alembic.run("current")
        yield database


@pytest.fixture
def adopted_by_nobody(pg_server: PgServer, template: Database) -> Iterator[Database]:
    """A copy of it for one test."""
    with fresh(pg_server, template.name) as database:
        yield database


def books(database: Database) -> list[Any]:
    """Everything that a migrate would write besides the schema: its ledger, its journal and its runs."""
    with database.connect() as connection:
        return [
            connection.execute(f"SELECT count(*), max(id) FROM {table}").fetchone()
            for table in ("django_migrations", "livemigrations_step", "livemigrations_run", "livemigrations_seed")
        ]


def recorded(database: Database) -> set[str]:
    with database.connect() as connection:
        return {f"{app}.{name}" for app, name in connection.execute("SELECT app, name FROM django_migrations")}


@pytest.mark.slow
def test_adopted_then_nothing_to_do_then_it_goes_on(adopted_by_nobody: Database, catalog: Catalog) -> None:
    database = adopted_by_nobody
    rows, found = legacy.checksums(database), catalog(database)
    with assassin(database) as run:
        looked = json.loads(run.run("migrations", "adopt", "--dry-run", "--json").output)
        assert catalog(database) == found
        assert looked["sprint"] == 2
        actions = {migration["revision"]: migration["action"] for migration in looked["migrations"]}
        assert actions["adminpanel.0003_s01_admin_user_roles"] == "record"
        assert actions["bookings.0004_s01_bookings_location"] == "complete"
        assert actions["customers.0003_s00_leads"] == "make"
        assert actions["sessions.0001_initial"] == "leave"

        assert run.run("migrations", "adopt", "--no-input").code == 0
        assert recorded(database) == {name for name, action in actions.items() if action != "leave"}
        assert legacy.checksums(database) == rows

        before, written = catalog(database), books(database)
        end = run.run("migrate", "--sprint", "2", "--no-input")
        assert end.code == 0, end.output
        assert "No migrations to apply." in end.output
        assert "stands at sprint 2" in end.output
        assert (catalog(database), books(database)) == (before, written)

        assert "Applying sessions.0001_initial... OK" in run.run("migrate", "--no-input").output
        assert run.run("migrations", "status").code == 0
        drift = json.loads(run.run("migrations", "drift", "--json").output)
        assert (drift["objects"], drift["ignored"]) == ([], LEDGER)
        assert legacy.checksums(database) == rows
        assert "applied already" in run.run("migrations", "adopt", "--no-input").output


@pytest.mark.slow
def test_a_column_of_another_type_is_shown_and_nothing_is_written(adopted_by_nobody: Database) -> None:
    database = adopted_by_nobody
    database.psql(
        "ALTER TABLE locations ALTER capacity TYPE bigint; ALTER TABLE loyalty_points ALTER points DROP NOT NULL"
    )
    done = database.manage("migrations", "adopt", "--no-input", check=False)
    assert done.returncode == 1, done.stderr
    for line in (
        "column locations.capacity",
        "there: bigint NULL DEFAULT 100",
        "here:  integer NULL DEFAULT 100",
        "column loyalty_points.points",
        "there: integer NULL DEFAULT 0",
        "here:  integer NOT NULL DEFAULT 0",
    ):
        assert line in done.stdout
    with database.connect() as connection:
        left = "SELECT to_regclass('django_migrations'), to_regclass('livemigrations_run')"
        assert connection.execute(left).fetchone() == (None, None)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_ended_in_the_middle_it_goes_on(adopted_by_nobody: Database, how: signal.Signals, code: int) -> None:
    database = adopted_by_nobody
    with database.connect(autocommit=False) as other:
        other.execute("COMMENT ON INDEX idx_payments_booking IS 'in the way'")
        process = database.popen("migrations", "adopt", "--no-input")
        with database.connect() as watching:
            reached = "SELECT count(*) FROM django_migrations WHERE name = '0005_s00_social'"
            made = "SELECT to_regclass('django_migrations') IS NOT NULL"
            while watching.execute(made).fetchone() == (False,) or watching.execute(reached).fetchone() == (0,):
                assert process.poll() is None
                time.sleep(0.02)
        process.send_signal(how)
        said = process.communicate(timeout=60)
        other.rollback()
    assert process.returncode == code, said
    assert (code < 0) or "run migrations adopt again" in said[1]
    assert "payments.0006_s02_loyalty" not in recorded(database)
    with assassin(database) as run:
        assert run.run("migrations", "adopt", "--no-input").code == 0
        assert damage(database) == {}
        assert "No migrations to apply." in run.run("migrate", "--sprint", "2", "--no-input").output
        drift = json.loads(run.run("migrations", "drift", "--json").output)
    assert (drift["objects"], drift["ignored"]) == ([], LEDGER)


@pytest.fixture
def half_way(pg_server: PgServer, tmp_path: Path) -> Iterator[Database]:
    """A legacy database with its optional table, that Alembic left in the middle of Sprint 2."""
    with fresh(pg_server) as database:
        legacy.load(database, bookings=200, deposits=True)
        Alembic(tmp_path / "alembic", database).run("upgrade", "plan_2_1")
        yield database


@pytest.mark.slow
def test_a_sprint_that_is_not_complete_is_left_to_migrate(half_way: Database) -> None:
    """Of Sprint 2 only what is there is recorded; what deposits lacks, its own operation adds; then migrate goes on."""
    database = half_way
    found = json.loads(database.manage("migrations", "adopt", "--no-input", "--json").stdout)
    actions = {migration["revision"]: migration["action"] for migration in found["migrations"]}
    assert found["sprint"] == 1
    assert actions["payments.0005_s01_deposits"] == "complete"
    assert actions["bookings.0006_s02_recurring_bookings"] == "leave"
    assert actions["payments.0006_s02_loyalty"] == "complete"
    database.manage("migrate", "--sprint", "2", "--no-input")
    drift = json.loads(database.manage("migrations", "drift", "--json", check=False).stdout)
    assert (drift["objects"], drift["ignored"]) == ([], LEDGER)
