"""What is refused at the beginning, and whom a failure is put down to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from livemigrations.backups.reasons import remedy_here
from livemigrations.errors import ProgramFailed
from livemigrations.pgtools import programs
from tests.livemigrations.backups.shop import UNQUALIFIED, Shop
from tests.support.database import fresh
from tests.support.postgres import PgServer


@pytest.mark.parametrize("name", ["", "x" * 64], ids=["empty", "too long"])
def test_a_name_that_is_none(shop: Shop, name: str) -> None:
    """An empty one may be a variable of a script that was never set: that is not the database itself."""
    shop.backup("create")
    shop.sql("DELETE FROM booking")
    assert "cannot be the name of a database" in shop.refused("restore", "latest", "--to", name, "--no-input")
    assert shop.rows()["booking"] == []


def test_the_backup_of_another_database(shop: Shop) -> None:
    shop.backup("create", "--name", "one")
    name, before = shop.site.database.name, shop.rows()
    path = shop.folder / "one" / "manifest.json"
    path.write_text(path.read_text().replace(name, "elsewhere"))
    shop.sql("DELETE FROM booking")
    said = shop.refused("restore", "one", "--no-input")
    assert f"is of the database elsewhere, not of {name}" in said
    assert shop.rows()["booking"] == []
    shop.backup("restore", "one", "--no-input", "--to", name, "--drop-old")
    assert shop.rows() == before


def test_a_member_that_does_not_inherit(shop: Shop) -> None:
    """A member may take over the role, but the rename is for those who have its rights as they are."""
    name = shop.site.database.name
    shop.backup("create")
    with shop.site.database.server.connect() as admin:
        admin.execute(f"CREATE ROLE own_{name}; CREATE ROLE clerk_{name} LOGIN CREATEDB NOINHERIT IN ROLE own_{name}")
        admin.execute(f"ALTER DATABASE {name} OWNER TO own_{name}")
        try:
            shop.connect_as(f"clerk_{name}")
            said = shop.refused("restore", "latest", "--no-input")
            assert f"belongs to own_{name}, and clerk_{name} may not rename it" in said
        finally:
            shop.connection.close()
            admin.execute(f"ALTER DATABASE {name} OWNER TO teppan; DROP ROLE clerk_{name}, own_{name}")


def test_roles_that_are_not_there(shop: Shop) -> None:
    name = shop.site.database.name
    with shop.site.database.server.connect() as admin:
        admin.execute(f'CREATE ROLE "own {name}"; ALTER DATABASE {name} OWNER TO "own {name}"')
        shop.backup("create")
        admin.execute(f'ALTER DATABASE {name} OWNER TO teppan; DROP ROLE "own {name}"')
    said = shop.refused("restore", "latest", "--to", f"{name}_copy")
    assert f'Remedy: CREATE ROLE "own {name}";' in said
    assert "Restoring" not in said


def test_the_role_is_to_blame_and_not_the_backup(shop: Shop) -> None:
    """What a role may not restore is not broken: it is not known, and not noted as anything."""
    name = shop.site.database.name
    shop.sql("CREATE FUNCTION look() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;"
             "CREATE EVENT TRIGGER looking ON ddl_command_start EXECUTE FUNCTION look()")  # fmt: skip
    with shop.site.database.server.connect() as admin:
        admin.execute(f"CREATE ROLE clerk_{name} LOGIN CREATEDB; GRANT pg_read_all_data TO clerk_{name}")
        try:
            shop.connect_as(f"clerk_{name}")
            shop.backup("create")
            said = shop.refused("verify")
            assert "whether it is good is not known" in said
            assert "event triggers and some extensions want a superuser" in said
            listed = shop.json("list")["backups"][0]
            assert (listed["verified"], listed["broken"]) == (None, None)
        finally:
            shop.connection.close()
            admin.execute(f"DROP ROLE clerk_{name}")
    shop.connect_as("teppan")
    shop.backup("verify")


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ('could not execute query: ERROR:  extension "vector" is not available', "install that extension"),
        ('could not extend file "base/1/2": No space left on device', "free some space"),
        ('could not execute query: ERROR:  role "boss" does not exist', "create it"),
        ("could not execute query: ERROR:  duplicate key value violates unique constraint", None),
        ("could not read from input file: end of file", None),
        ("could not create worker process: Cannot allocate memory", "fewer --jobs"),
        ("could not execute query: ERROR:  ICU is not supported in this build", "a build with it"),
        ("a worker process died unexpectedly", "look who ended it"),
        ('COPY failed for table "b": ERROR:  relation "a" does not exist', None),
    ],
)
def test_whom_it_is_put_down_to(line: str, remedy: str | None) -> None:
    found = remedy_here(ProgramFailed("pg_restore", 1, ["reading", f"pg_restore: error: {line}"]))
    assert (found is None) if remedy is None else (found is not None and remedy in found)


def test_who_ends_pg_restore_does_not_make_the_backup_a_broken_one(shop: Shop, tmp_path: Path) -> None:
    """As the kernel does where memory runs out: it would count no longer among those that prune keeps."""
    real = shop.site.database.server.bin("pg_restore")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pg_restore").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {real} --version\nkill -9 $$\n'
    )
    (tmp_path / "bin" / "pg_restore").chmod(0o755)
    shop.backup("create")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PG_BIN", str(tmp_path / "bin"))
        assert "whether it is good is not known: pg_restore was ended by signal 9" in shop.refused("verify")
        assert "Remedy: look who ended it" in shop.refused("restore", "latest", "--no-input")
    listed = shop.json("list")["backups"][0]
    assert (listed["verified"], listed["broken"]) == (None, None)


def test_a_function_that_needs_a_search_path(shop: Shop) -> None:
    """The dump of such a database restores nowhere, and another backup of it does not either."""
    shop.sql(UNQUALIFIED)
    shop.backup("create")
    for words in (["verify"], ["restore", "latest", "--no-input"]):
        assert "ALTER FUNCTION … SET search_path = …, then back up again" in shop.refused(*words)
    shop.sql("ALTER FUNCTION known SET search_path = public")
    shop.backup("create")
    shop.backup("verify")


@pytest.mark.slow
def test_an_older_server_and_an_older_client(
    pg_server: PgServer, pg_server_15: PgServer, open_shop: Any, settings: Any
) -> None:
    """A newer server's backup is refused; one that a newer pg_dump made of an old server wants a pg_restore like it."""
    newest = programs.program("pg_dump", server_version=pg_server.version)
    with fresh(pg_server_15) as database:
        shop = open_shop(database)
        settings.LIVEMIGRATIONS_PG_BIN = newest.parent
        shop.backup("create", "--name", "one")
        settings.LIVEMIGRATIONS_PG_BIN = None
        shop.backup("verify", "one")
        before = shop.rows()
        shop.backup("restore", "one", "--no-input", "--drop-old")
        path = shop.folder / "one" / "manifest.json"
        path.write_text(path.read_text().replace('"server_version": "15.', '"server_version": "18.'))
        for words in (["verify", "one"], ["restore", "one", "--no-input"]):
            assert "is of PostgreSQL 18, and this server is PostgreSQL 15" in shop.refused(*words)
        assert shop.databases() == []
        assert shop.rows() == before
        shop.connection.close()
