"""Names that need quoting, everywhere at once: database, role, schema, table, column, index, constraint, sequence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from tests.livemigrations.site import Site
from tests.support.catalogs import catalog, differences
from tests.support.database import Database
from tests.support.postgres import PgServer

SCHEMA = 'Sche "ma" %s é'
# Django itself doubles no quote inside of a name and takes a percent sign for a placeholder: what it writes has
# neither; the names of the database, the schema, the function, the trigger and the view have both.
LONG = ("x' " + "é" * 40).encode()[:63].decode(errors="ignore")
NAMES = {"id": "i d", "n": "N 'x' $1 é", "code": LONG, "thing": "A 'b' c.d; -- é", "place": f"{LONG[:20]} place"}
BASE = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True, db_column={id!r}))], options={{"db_table": {place!r}}}),
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True, db_column={id!r})),
    ("n", models.IntegerField(null=True, db_column={n!r})), ("code", models.TextField(db_column={code!r}))],
    options={{"db_table": {thing!r}}}),
"""
CHANGES = """
live.AddIndex("Thing", models.Index(fields=["n"], name="i 's' $1 é")),
migrations.AddField("Thing", "u", models.IntegerField(null=True, unique=True, db_column="u (1), 'q'")),
live.AddCheck("Thing", models.CheckConstraint(condition=Q(n__gt=0), name="c 's' $1 é")),
live.AddUnique("Thing", models.UniqueConstraint(fields=["code"], name="q 's' $1 é")),
migrations.AddField("Thing", "place", models.ForeignKey("Place", models.CASCADE, null=True, db_column="k; 'x'")),
live.SetNotNull("Thing", "n", models.IntegerField(db_column={n!r})),
live.CreateFunction('f "x" %', 'CREATE OR REPLACE FUNCTION "f ""x"" %"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$'),
live.CreateTrigger("Thing", 't "x" %s', "BEFORE UPDATE", '"f ""x"" %"()'),
live.CreateView('v "x" %s', 'SELECT 1 AS "a %s"'),
live.SeedRows("shop.Thing", ("code",), [{{"code": "it's 100%s \\"x\\"", "n": 1}}]),
live.CommentIndexes({{"i 's' $1 é": "for 100% of 'queries' %s"}}),
"""
DROPS = """
migrations.RemoveField("Thing", "place"),
migrations.RenameField("Thing", "u", "w"),
migrations.AlterModelTable("Place", "another 'x'"),
"""


@pytest.fixture
def awkward(pg_server: PgServer, tmp_path: Path) -> Iterator[Site]:
    """A project on a database, and in a schema, of awkward names."""
    name = f'Data "base" %s é {tmp_path.name[-8:]}'
    pg_server.create_database(name)
    try:
        database = Database(pg_server, name)
        with database.connect() as connection:
            connection.execute(
                sql.SQL("CREATE SCHEMA {0}; CREATE TABLE {0}.older (id int)").format(sql.Identifier(SCHEMA))
            )
        path = sql.Identifier(SCHEMA).as_string(None).replace(" ", "\\ ")
        given = {"NAME": name, "OPTIONS": {"options": f"-c search_path={path}"}}
        yield Site(tmp_path, database).install().set(f"DATABASES['default'] |= {given!r}")
    finally:
        pg_server.drop_database(name)


ASK = """
    import io
    from django.core.management import call_command
    found = []
    for part in {parts!r}:
        said, code = io.StringIO(), 0
        try:
            call_command("migrations", *part, "--json", stdout=said)
        except SystemExit as end:
            code = end.code
        found.append([part, code, said.getvalue()])
    print(json.dumps(found))
"""


def asked(site: Site, parts: list[tuple[str, ...]]) -> dict[tuple[str, ...], tuple[int, str]]:
    """The exit codes of some subcommands and what they say, all in one process."""
    return {tuple(part): (code, said) for part, code, said in site.python(ASK.format(parts=parts))}


@pytest.mark.slow
def test_every_command(awkward: Site, tmp_path: Path) -> None:
    """There and back on populated tables, with every command in between; nothing is left and nothing differs."""
    site = awkward
    site.shop(BASE.format(**NAMES), CHANGES.format(**NAMES), DROPS)
    site.migrate("shop", "0001", "-v0")
    thing, n, code = (sql.Identifier(SCHEMA, NAMES["thing"]), sql.Identifier(NAMES["n"]), sql.Identifier(NAMES["code"]))
    with site.database.connect() as connection:
        rows = "INSERT INTO {} ({}, {}) SELECT g, 'c' || g FROM generate_series(1, 3000) g"
        connection.execute(sql.SQL(rows).format(thing, n, code))
        before = catalog(connection, SCHEMA)

        expected = {
            ("plan",): 0,
            ("trace", "--sample", "5"): 0,
            ("lint",): 1,
            ("compatible", "--all"): 1,
            ("drift",): 1,
            ("verify",): 0,
            ("status",): 1,
            ("history",): 0,
            ("adopt", "--dry-run"): 0,
        }
        found = asked(site, list(expected))
        assert {part: code for part, (code, _) in found.items()} == expected, found
        for part, (_, said) in found.items():
            assert json.loads(said) is not None, part
        assert differences(before, catalog(connection, SCHEMA)) == []

        script = site.migrate("--sql").stdout
        site.migrate("shop", "0002", "-v0")
        middle = catalog(connection, SCHEMA)
        assert f"indexes {NAMES['thing']}" not in middle
        assert [name for name in middle if name.startswith("indexes i 's' $1 é")]
        assert not [name for name, text in middle.items() if "INVALID" in text or text.endswith(" false")]
        site.migrate("-v0")
        after = catalog(connection, SCHEMA)
        site.migrate("shop", "0002", "-v0")
        assert [line for line in differences(middle, catalog(connection, SCHEMA)) if "place=" not in line] == []
        site.migrate("shop", "0001", "-v0")
        assert differences(before, catalog(connection, SCHEMA)) == []

        path = sql.Identifier(SCHEMA).as_string(connection)
        site.database.psql(f"SET search_path = {path};\n{script}")
        assert differences(after, catalog(connection, SCHEMA)) == []
