"""Bad input by the command line: a clear error with culprit and remedy, and a rerun that finishes."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.livemigrations.site import Site
from tests.support.catalogs import catalog
from tests.support.database import Database

BASE = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True))]),
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
    ("code", models.CharField(max_length=9)),
    ("place", models.ForeignKey("Place", models.CASCADE, null=True, db_constraint=False))]),
"""
ROWS = """
INSERT INTO shop_place SELECT FROM generate_series(1, 10);
INSERT INTO shop_thing (n, code, place_id) SELECT g, 'c' || g, g % 10 + 1 FROM generate_series(1, 3000) g;
"""


@dataclass(frozen=True)
class Case:
    """Rows that are in the way of an operation, what must be said, and how the rows are corrected."""

    operation: str
    spoil: str
    said: tuple[str, ...]
    repair: str


CASES = {
    "orphans": Case(
        'live.AddForeignKey("Thing", "place", models.ForeignKey("Place", models.CASCADE, null=True)),',
        "UPDATE shop_thing SET place_id = 777 WHERE id IN (5, 6)",
        ("2 rows of shop_thing are orphans", '"id": 5', "place_id", "shop_place", "Remedy"),
        "UPDATE shop_thing SET place_id = NULL WHERE place_id = 777",
    ),
    "duplicates": Case(
        'live.AddUnique("Thing", models.UniqueConstraint(fields=["code"], name="thing_code")),',
        "UPDATE shop_thing SET code = 'c1' WHERE id IN (1, 2, 3)",
        ("3 rows of shop_thing share", '["c1"] stands 3 times', "Remedy"),
        "UPDATE shop_thing SET code = 'c' || id",
    ),
    "duplicates of an expression": Case(
        'live.AddUnique("Thing", models.UniqueConstraint(Lower("code").desc(), name="thing_lower")),',
        "UPDATE shop_thing SET code = 'C1' WHERE id = 2",
        ("2 rows of shop_thing share", '["c1"] stands 2 times', "Remedy"),
        "UPDATE shop_thing SET code = 'c' || id",
    ),
    "duplicate nulls": Case(
        """live.AddUnique("Thing", models.UniqueConstraint(fields=["n"], name="thing_n", nulls_distinct=False)),""",
        "UPDATE shop_thing SET n = NULL WHERE id IN (1, 2)",
        ("2 rows of shop_thing share", "[null] stands 2 times", "Remedy"),
        "UPDATE shop_thing SET n = id",
    ),
    "nulls": Case(
        'live.SetNotNull("Thing", "n", models.IntegerField()),',
        "UPDATE shop_thing SET n = NULL WHERE id = 8",
        ("1 rows of shop_thing have NULL in n", '"id": 8', "Remedy"),
        "UPDATE shop_thing SET n = 0 WHERE n IS NULL",
    ),
    "check": Case(
        """live.AddCheck("Thing", models.CheckConstraint(condition=~Q(code="{count} {0} 5%"), name="thing_braces")),""",
        "UPDATE shop_thing SET code = '{count} {0} 5%' WHERE id = 9",
        ("1 rows of shop_thing break CHECK", "{0} 5%", '"id": 9', "Remedy"),
        "UPDATE shop_thing SET code = 'x'",
    ),
}


def prepared(site: Site, operation: str) -> Site:
    site.shop(BASE.replace("max_length=9", "max_length=20"), operation)
    site.migrate("shop", "0001", "-v0")
    site.database.psql(ROWS)
    return site


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_rows_in_the_way(site: Site, case: Case) -> None:
    prepared(site, case.operation)
    with site.database.connect() as connection:
        connection.execute(case.spoil)
        before = catalog(connection)
        said = site.refused()
        for part in case.said:
            assert part in said, said
        assert catalog(connection) == before
        connection.execute(case.repair)
        site.migrate()
        assert catalog(connection) != before
        site.migrate("shop", "0001")
        assert catalog(connection) == before


INDEX = 'live.AddIndex("Thing", models.Index(fields=["n"], name="thing_n")),'


@pytest.mark.slow
def test_an_invalid_index_is_built_anew(site: Site) -> None:
    prepared(site, INDEX)
    with site.database.connect() as connection:
        connection.execute("CREATE INDEX thing_n ON shop_thing (n)")
        connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'thing_n'::regclass")
        assert site.manage("migrations", "status", check=False).returncode == 2
        assert "thing_n is an invalid leftover" in site.migrate().stdout
        assert catalog(connection)["indexes thing_n"] == "CREATE INDEX thing_n ON public.shop_thing USING btree (n)"
    assert site.manage("migrations", "status").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("obstacle", "said"),
    [
        ("CREATE INDEX thing_n ON shop_thing (n DESC)", "exists with another definition"),
        ("CREATE INDEX thing_n ON shop_place (id)", 'of "public"."shop_place"'),
        ("CREATE TABLE thing_n ()", "is taken by the table"),
        ("CREATE VIEW thing_n AS SELECT 1", "is taken by the view"),
        ("CREATE SEQUENCE thing_n", "is taken by the sequence"),
    ],
)
def test_a_name_that_is_taken(site: Site, obstacle: str, said: str) -> None:
    prepared(site, INDEX)
    with site.database.connect() as connection:
        connection.execute(obstacle)
        before = catalog(connection)
        text = site.refused()
        assert said in text
        assert "thing_n" in text
        assert "Remedy" in text
        assert catalog(connection) == before
        kind = obstacle.split()[1]
        connection.execute(f"DROP {kind} thing_n")
    site.migrate()


@pytest.mark.slow
def test_an_index_that_is_there_is_adopted_and_left(site: Site) -> None:
    prepared(site, INDEX)
    with site.database.connect() as connection:
        connection.execute("CREATE INDEX thing_n ON shop_thing USING btree (n ASC NULLS LAST)")
        site.migrate()
        assert [step["outcome"] for step in site.steps("0002")] == ["adopted"]
        before = catalog(connection)
        site.migrate("shop", "0001")
        assert catalog(connection) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [("--sprint", "9"), ("--sprint", "x"), ("--forward", "0"), ("--back", "-1"), ("--back", "x")]
)
def test_wrong_usage(site: Site, arguments: tuple[str, ...]) -> None:
    prepared(site, INDEX)
    done = site.migrate(*arguments, check=False)
    assert done.returncode == (1 if arguments[1] == "9" else 2)
    assert "Traceback" not in done.stderr
    assert "sprint" in done.stderr or "whole number" in done.stderr or "expected" in done.stderr


def as_role(site: Site, grants: str) -> None:
    """Make a role of little power, used by every command of the project from now on."""
    role = f"weak_{site.database.name}"
    site.database.psql(f"CREATE ROLE {role} LOGIN; {grants.format(role=role)}")
    site.set(f'DATABASES["default"]["OPTIONS"] = {{"options": "-c role={role}"}}')


def drop_role(database: Database) -> None:
    role = f"weak_{database.name}"
    database.psql(f"REVOKE ALL ON SCHEMA public FROM {role}; DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.mark.slow
def test_a_role_that_may_not_create(site: Site) -> None:
    site.shop(BASE)
    as_role(site, "REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role}; GRANT USAGE ON SCHEMA public TO {role};")
    with site.database.connect() as connection:
        before = catalog(connection, books=True)
        said = site.refused()
        assert f"The role weak_{site.database.name} lacks rights" in said
        assert f"GRANT CREATE ON SCHEMA public TO weak_{site.database.name};" in said
        assert catalog(connection, books=True) == before
    drop_role(site.database)


@pytest.mark.slow
@pytest.mark.parametrize("operation", [INDEX, 'migrations.AddField("Thing", "x", models.IntegerField(null=True)),'])
def test_a_role_that_does_not_own_the_table(site: Site, operation: str) -> None:
    prepared(site, operation)
    grants = "GRANT ALL ON SCHEMA public TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};"
    as_role(site, grants + "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role};")
    with site.database.connect() as connection:
        before = catalog(connection)
        said = site.refused()
        assert "shop_thing" in said
        assert f"The role weak_{site.database.name} lacks rights" in said
        assert "shop_thing belongs to" in said
        assert catalog(connection) == before
        connection.execute(f"ALTER TABLE shop_thing OWNER TO weak_{site.database.name}")
    site.migrate()
    site.database.psql(f"REASSIGN OWNED BY weak_{site.database.name} TO CURRENT_USER")
    drop_role(site.database)


@pytest.mark.slow
def test_the_remedy_for_orphans_spares_rows_that_refer_to_nothing(site: Site) -> None:
    prepared(site, CASES["orphans"].operation)
    site.database.psql(
        "UPDATE shop_thing SET place_id = NULL WHERE id = 1; UPDATE shop_thing SET place_id = 77 WHERE id = 2"
    )
    statement = re.search(r"(DELETE FROM [^;]+);", site.refused())
    assert statement is not None
    site.database.psql(statement[1])
    assert site.database.psql("SELECT min(id), count(*) FROM shop_thing") == "1|2999\n"
    site.migrate()


ADOPTED = """
live.CreateTableIfMissing("Place", [("id", models.BigAutoField(primary_key=True))]),
live.CreateTableIfMissing("Thing", [("id", models.BigAutoField(primary_key=True)),
    ("place", models.ForeignKey("Place", models.DB_CASCADE, db_index=False))]),
"""
FOUND = """
CREATE TABLE shop_place (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);
CREATE TABLE shop_thing (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, place_id bigint NOT NULL);
INSERT INTO shop_place SELECT FROM generate_series(1, 10);
INSERT INTO shop_thing (place_id) SELECT g FROM generate_series(1, 12) g;
"""


@pytest.mark.slow
def test_orphans_behind_a_key_that_was_found_unvalidated(site: Site) -> None:
    site.shop(ADOPTED)
    key = "FOREIGN KEY (place_id) REFERENCES shop_place ON DELETE CASCADE NOT VALID"
    site.database.psql(f"{FOUND} ALTER TABLE shop_thing ADD CONSTRAINT theirs {key}")
    said = site.refused()
    assert "2 rows of shop_thing are orphans" in said
    assert '"place_id": 11' in said
    site.database.psql("DELETE FROM shop_thing WHERE place_id > 10")
    site.migrate()
    assert site.database.psql("SELECT convalidated FROM pg_constraint WHERE conname = 'theirs'") == "t\n"


@pytest.mark.slow
def test_a_found_column_that_nobody_here_would_fill(site: Site) -> None:
    site.shop(ADOPTED)
    site.database.psql(f"{FOUND} ALTER TABLE shop_thing ADD shop text NOT NULL DEFAULT ''")
    site.database.psql("ALTER TABLE shop_thing ALTER shop DROP DEFAULT")
    assert "Remedy: give shop a default or let it be NULL, or rename the table" in site.refused()


@pytest.mark.slow
@pytest.mark.parametrize("first", [False, True], ids=["new", "with its books"])
def test_a_database_that_cannot_be_written(site: Site, first: bool) -> None:
    site.shop(BASE, INDEX)
    if first:
        site.migrate("shop", "0001")
    site.set('DATABASES["default"]["OPTIONS"] = {"options": "-c default_transaction_read_only=on"}')
    with site.database.connect() as connection:
        before = catalog(connection, books=True)
        said = site.refused()
        assert f"The database {site.database.name} cannot be written" in said
        assert "default_transaction_read_only" in said
        assert "Remedy" in said
        assert catalog(connection, books=True) == before
    site.set('DATABASES["default"]["OPTIONS"] = {}').migrate()


@pytest.mark.slow
def test_a_search_path_that_leads_nowhere(site: Site) -> None:
    site.shop(BASE).set('DATABASES["default"]["OPTIONS"] = {"options": "-c search_path=nowhere"}')
    said = site.refused()
    assert "(nowhere) names no schema" in said
    assert "CREATE SCHEMA" in said
    assert "GRANT CREATE" not in said


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [("migrate",), ("migrate", "--check"), ("migrate", "--sql"), ("migrations", "status"), ("migrations", "history")],
)
def test_a_role_that_may_not_read_the_books(site: Site, command: tuple[str, ...]) -> None:
    prepared(site, INDEX)
    as_role(site, "GRANT ALL ON SCHEMA public TO {role};")
    done = site.manage(*command, check=False)
    assert done.returncode == (2 if "status" in command else 1)  # 1 of status says that migrations are pending
    assert re.search(r"permission denied for table (django_migr|livem)|SELECT.* on django_migrations", done.stderr)
    assert "Remedy" in done.stderr
    assert "Traceback" not in done.stderr
    drop_role(site.database)


@pytest.mark.slow
def test_a_table_that_is_in_the_way_of_a_plain_one(site: Site) -> None:
    site.shop(BASE)
    site.database.psql("CREATE TABLE shop_thing (theirs int)")
    said = site.refused()
    assert 'relation "shop_thing" already exists' in said
    assert "migrations adopt" in said
    assert "or drop it if nothing needs it" in said
    site.database.psql("ALTER TABLE shop_thing RENAME TO their_thing")
    site.migrate()


@pytest.mark.slow
def test_a_role_that_may_not_make_temporary_tables(site: Site) -> None:
    site.shop(ADOPTED)
    name = site.database.name
    site.database.psql(f"{FOUND} REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
    as_role(site, "GRANT ALL ON SCHEMA public TO {role}; ALTER TABLE shop_place OWNER TO {role};")
    said = site.refused()
    assert f"which the role weak_{name} may not create" in said
    assert f'Remedy: GRANT TEMPORARY ON DATABASE "{name}" TO "weak_{name}"' in said
    drop_role(site.database)
