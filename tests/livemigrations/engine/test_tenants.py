"""Tenants with a schema each: every one has a journal, a lease and preserved data of its own (with django-tenants)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.livemigrations.site import Site
from tests.support.database import Database
from tests.support.waiting import wait_until

SETTINGS = """
SHARED_APPS = ["django_tenants", "hosts", "livemigrations"]
TENANT_APPS = ["shop", "django.contrib.contenttypes"]
INSTALLED_APPS = SHARED_APPS + TENANT_APPS
DATABASES["default"]["ENGINE"] = "django_tenants.postgresql_backend"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_MODEL, TENANT_DOMAIN_MODEL = "hosts.Client", "hosts.Domain"
TENANT_BASE_MIGRATE_COMMAND = "livemigrations.management.commands.migrate.Command"
"""
HOSTS = """
from django_tenants.models import DomainMixin, TenantMixin


class Client(TenantMixin):
    auto_create_schema = True


class Domain(DomainMixin):
    pass
"""
DISH = """
migrations.CreateModel("Dish", [("id", models.BigAutoField(primary_key=True)), ("note", models.TextField(default="")),
    ("price", models.IntegerField(null=True))]),
"""
CHANGES = """
migrations.AddField("Dish", "a", models.IntegerField(default=1)),
migrations.AlterField("Dish", "price", models.IntegerField(null=True, unique=True)),
migrations.AddField("Dish", "b", models.IntegerField(default=1)),
"""
TENANTS = ("acme", "beta")


class Tenants(Site):
    """A project of django-tenants with the tenants ``acme`` and ``beta``."""

    def create(self, *names: str) -> None:
        """Save new tenants: django-tenants creates their schemas and migrates them."""
        self.python(
            f"""
            from hosts.models import Client
            for name in {names!r}:
                Client(schema_name=name).save(verbosity=0)
            print(1)
            """
        )

    def tenant(self, name: str, *arguments: str) -> list[str]:
        """The arguments of ``manage.py migrate`` for one tenant."""
        return ["migrate_schemas", f"--schema={name}", *arguments]

    def columns(self, schema: str) -> set[str]:
        return {name for (name,) in self.rows(_COLUMNS, f"{schema}.shop_dish")}

    def applied(self, schema: str) -> list[str]:
        return [
            name for (name,) in self.rows(f"SELECT name FROM {schema}.django_migrations WHERE app = 'shop' ORDER BY id")
        ]

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.database.connect() as connection:
            return connection.execute(query, parameters).fetchall()


_COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"


@pytest.fixture
def tenants(tmp_path: Path, database: Database) -> Tenants:
    made = Tenants(tmp_path, database, extra=SETTINGS)
    made.shop(DISH)
    made.app("hosts", models=HOSTS, migrations={})
    made.manage("makemigrations", "hosts", "-v0")
    made.manage("migrate_schemas", "--shared", "-v0")
    made.create(*TENANTS)
    for schema in TENANTS:
        database.psql(
            f"INSERT INTO {schema}.shop_dish (note, price) SELECT '{schema} ' || g, g FROM generate_series(1, 3000) g"
        )
    return made


@pytest.mark.slow
def test_a_tenant_that_stops_does_not_concern_another(tenants: Tenants) -> None:
    tenants.database.psql("UPDATE acme.shop_dish SET price = 7 WHERE id = 8")
    tenants.shop(DISH, CHANGES)
    stopped = tenants.manage(*tenants.tenant("acme"), check=False)
    assert "[7] stands 2 times" in stopped.stdout + stopped.stderr
    tenants.manage(*tenants.tenant("beta"))
    assert tenants.columns("beta") >= {"a", "b"}
    assert tenants.applied("beta") == ["0001_step", "0002_step"]
    assert tenants.applied("acme") == ["0001_step"]
    status = {
        name: tenants.manage("tenant_command", "migrations", "status", f"--schema={name}", check=False).stdout
        for name in TENANTS
    }
    assert "1 migration pending" in status["acme"], status
    assert "up to date" in status["beta"], status
    tenants.database.psql("UPDATE acme.shop_dish SET price = 99999 WHERE id = 8")
    tenants.manage(*tenants.tenant("acme"))
    assert tenants.columns("acme") == tenants.columns("beta")
    assert tenants.applied("acme") == ["0001_step", "0002_step"]
    for schema in TENANTS:
        assert tenants.rows(f"SELECT count(*) FROM {schema}.livemigrations_step WHERE app = 'shop' AND open") == [(0,)]
    assert tenants.rows("SELECT count(*) FROM public.livemigrations_step WHERE migration = '0002_step'") == [(0,)]


@pytest.mark.slow
def test_preserved_data_returns_to_its_tenant(tenants: Tenants) -> None:
    """Tables and columns of the same name, dropped for both tenants at once; one is rolled back."""
    tenants.shop(DISH, 'migrations.RemoveField("Dish", "note"),', 'migrations.DeleteModel("Dish"),')
    running = [tenants.popen(*tenants.tenant(name, "--noinput")) for name in TENANTS]
    for process in running:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
    kept = {name: tenants.manage("tenant_command", "migrations", "kept", f"--schema={name}").stdout for name in TENANTS}
    assert all("shop_dish.note" in text for text in kept.values()), kept
    names = [row for name in TENANTS for row in tenants.rows(f"SELECT kept_as, rows FROM {name}.livemigrations_kept")]
    assert len({name for name, _ in names}) == 4
    assert {rows for _, rows in names} == {3000}
    tenants.manage(*tenants.tenant("beta", "shop", "0001", "--noinput"))
    notes = tenants.rows("SELECT count(*), count(*) FILTER (WHERE note = 'beta ' || id) FROM beta.shop_dish")
    assert notes == [(3000, 3000)]
    assert tenants.rows("SELECT to_regclass('acme.shop_dish')") == [(None,)]
    assert tenants.rows("SELECT count(*) FROM beta.livemigrations_kept") == [(0,)]
    assert tenants.rows("SELECT count(*) FROM acme.livemigrations_kept") == [(2,)]
    tenants.manage(*tenants.tenant("acme", "shop", "0001", "--noinput"))
    notes = tenants.rows("SELECT count(*), count(*) FILTER (WHERE note = 'acme ' || id) FROM acme.shop_dish")
    assert notes == [(3000, 3000)]


@pytest.mark.slow
def test_two_tenants_and_a_new_one_migrate_at_the_same_time(tenants: Tenants) -> None:
    """While acme waits for a row, beta migrates, and a tenant is created; a second run for acme is refused."""
    tenants.set("LIVEMIGRATIONS_DATA_LOCK_TIMEOUT_MS = 20")
    tenants.shop(DISH, 'live.FillColumn("Dish", "price", 5),', CHANGES.replace(", unique=True", ""))
    tenants.database.psql("UPDATE acme.shop_dish SET price = NULL; UPDATE beta.shop_dish SET price = NULL")
    with tenants.database.connect(autocommit=False) as holder, tenants.database.connect() as other:
        holder.execute("SELECT FROM acme.shop_dish WHERE id = 2000 FOR UPDATE")
        acme = tenants.popen(*tenants.tenant("acme"))
        held = (
            "SELECT count(token) FROM acme.livemigrations_lease WHERE backend_pid IN (SELECT pid FROM pg_stat_activity)"
        )
        wait_until(lambda: other.execute(held).fetchone() == (1,))
        tenants.manage(*tenants.tenant("beta"))
        tenants.create("gamma")
        again = tenants.manage(*tenants.tenant("acme"), check=False)
        assert "Another migrate is running" in again.stdout + again.stderr
        assert acme.poll() is None
        assert tenants.applied("beta") == tenants.applied("gamma") == ["0001_step", "0002_step", "0003_step"]
        holder.rollback()
        acme.communicate(timeout=120)
        assert acme.returncode == 0
    assert tenants.applied("acme") == tenants.applied("beta")
    assert tenants.rows("SELECT count(*) FROM acme.shop_dish WHERE price IS DISTINCT FROM 5") == [(0,)]
    history = tenants.manage("tenant_command", "migrations", "history", "--schema=gamma").stdout
    assert "shop.0003_step" in history


@pytest.mark.slow
def test_a_tenant_that_is_created_in_a_transaction(tenants: Tenants) -> None:
    """A request with ATOMIC_REQUESTS: plain Django's migrate runs in it, and all of it is rolled back together."""
    tenants.python(
        """
        from django.db import transaction
        from hosts.models import Client
        try:
            with transaction.atomic():
                Client(schema_name="gone").save(verbosity=0)
                raise KeyError
        except KeyError:
            pass
        with transaction.atomic():
            Client(schema_name="gamma").save(verbosity=0)
        print(1)
        """
    )
    assert tenants.rows("SELECT to_regnamespace('gone')") == [(None,)]
    assert tenants.applied("gamma") == ["0001_step"]
    tenants.shop(DISH, CHANGES)
    tenants.manage(*tenants.tenant("gamma"))
    assert tenants.columns("gamma") >= {"a", "b"}


@pytest.mark.slow
def test_all_tenants_by_the_parallel_executor(tenants: Tenants) -> None:
    tenants.shop(DISH, CHANGES)
    tenants.manage("migrate_schemas", "--tenant", "--executor=multiprocessing")
    for schema in TENANTS:
        assert tenants.columns(schema) >= {"a", "b"}
        assert tenants.applied(schema) == ["0001_step", "0002_step"]
        assert tenants.rows(f"SELECT DISTINCT outcome FROM {schema}.livemigrations_run") == [("finished",)]
