"""The schema of the engine's own tables: that of the connection's django_migrations."""

from __future__ import annotations

import pytest

from tests.livemigrations.site import Site

DISH = 'migrations.CreateModel("Dish", [("id", models.BigAutoField(primary_key=True))]),'
MORE = 'migrations.AddField("Dish", "a", models.IntegerField(default=1)),'
WHERE = "SELECT array_agg(DISTINCT n.nspname ORDER BY n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"


def search_path(site: Site, path: str) -> Site:
    return site.set(f"DATABASES['default']['OPTIONS'] = {{'options': '-c search_path={path}'}}")


def schemas_of(site: Site, table: str) -> list[str]:
    with site.database.connect() as connection:
        row = connection.execute(f"{WHERE} WHERE c.relname = %s", [table]).fetchone()
        return (row[0] if row else None) or []


@pytest.mark.slow
def test_each_search_path_without_a_shared_schema_has_its_own(site: Site) -> None:
    site.shop(DISH, MORE)
    site.database.psql("CREATE SCHEMA one; CREATE SCHEMA two")
    for schema in ("one", "two"):
        search_path(site, schema).migrate("-v0")
    for table in ("livemigrations_lease", "livemigrations_step", "django_migrations", "shop_dish"):
        assert schemas_of(site, table) == ["one", "two"], table


@pytest.mark.slow
def test_they_follow_django_migrations_along_the_path(site: Site) -> None:
    """Django finds django_migrations in a later schema of the path and shares it: the journal is beside it."""
    site.shop(DISH, MORE)
    site.manage("migrate", "shop", "0001", "-v0")
    site.database.psql(
        "DROP TABLE livemigrations_step, livemigrations_run, livemigrations_lease, livemigrations_seed,"
        " livemigrations_kept, livemigrations_unseeded; CREATE SCHEMA one"
    )
    search_path(site, "one,public").migrate("-v0")
    assert schemas_of(site, "livemigrations_step") == ["public"]
    assert schemas_of(site, "django_migrations") == ["public"]
    assert "No migrations to apply" in site.migrate().stdout


@pytest.mark.slow
def test_a_search_path_that_the_session_set(site: Site) -> None:
    """``SET search_path`` before ``call_command("migrate")``: the heartbeat and the probe follow it."""
    site.shop(DISH, MORE)
    site.migrate("-v0")
    site.database.psql(
        "CREATE SCHEMA one; CREATE TABLE one.django_migrations (LIKE public.django_migrations INCLUDING ALL)"
    )
    site.python(
        """
        from django.core.management import call_command
        from django.db import connection
        with connection.cursor() as cursor:
            cursor.execute("SET search_path = one, public")
        call_command("migrate", verbosity=0, interactive=False)
        print(1)
        """
    )
    assert schemas_of(site, "shop_dish") == ["one", "public"]
    with site.database.connect() as connection:
        for schema in ("one", "public"):
            row = connection.execute(
                f"SELECT count(*) FROM {schema}.livemigrations_run WHERE outcome = 'finished'"
            ).fetchone()
            assert row == (1,), schema
        assert connection.execute("SELECT count(*) FROM one.livemigrations_lease").fetchone() == (1,)


@pytest.mark.slow
def test_a_script_works_in_the_same_schema(site: Site) -> None:
    """psql's own search path does not decide where a script for a tenant works."""
    site.shop(DISH, MORE)
    site.database.psql("CREATE SCHEMA one")
    search_path(site, "one").migrate("shop", "0001", "-v0")
    site.database.psql(site.manage("migrate", "--sql").stdout)
    assert "No migrations to apply" in site.migrate().stdout
    for table in ("livemigrations_step", "django_migrations", "shop_dish"):
        assert schemas_of(site, table) == ["one"], table
