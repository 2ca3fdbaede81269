"""Other encodings, migrations without sources, and what Django itself cannot do."""

from __future__ import annotations

import compileall
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.livemigrations.faithful.twins import FIRST, Twins
from tests.livemigrations.site import Site
from tests.support.database import Database
from tests.support.postgres import PgServer

LONG = "UPDATE shop_dish SET note = 'a statement of more than seventy characters, plain ASCII and nothing else' WHERE id = 5"
STATEMENTS = {
    "long": LONG,
    "comment": f"{LONG} /* …: beyond the encoding */",
    "column": "ALTER TABLE shop_dish ADD COLUMN a_column_with_a_name_that_is_as_long_as_names_may_be_here text",
    "literal": "UPDATE shop_dish SET note = 'café' WHERE id = 5",
}


@pytest.fixture(params=["LATIN1", "SQL_ASCII", "WIN1252"])
def encoded(request: pytest.FixtureRequest, pg_server: PgServer, tmp_path: Path) -> Iterator[tuple[Site, Site]]:
    """A plain and a live project on populated databases of another encoding."""
    made, names = [], []
    for kind in ("plain", "live"):
        name = f"t_{kind}_{request.param.lower()}_{tmp_path.name[-20:]}".replace("-", "_")
        names.append(name)
        with pg_server.connect() as connection:
            connection.execute(
                f"CREATE DATABASE \"{name}\" ENCODING '{request.param}' LOCALE 'C' TEMPLATE template0".encode()
            )
        (tmp_path / kind).mkdir()
        site = Site(tmp_path / kind, Database(pg_server, name), live=kind == "live")
        site.app("shop", migrations={"0001_initial": FIRST})
        site.migrate("-v0")
        site.database.psql(
            "INSERT INTO shop_dish (name, note, price) SELECT 'd', 'n', g FROM generate_series(1, 5000) g"
        )
        made.append(site)
    yield made[0], made[1]
    for name in names:
        pg_server.drop_database(name)


@pytest.mark.slow
@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_a_database_that_is_not_utf8(encoded: tuple[Site, Site], statement: str) -> None:
    codes = []
    for site in encoded:
        text = f"""
class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunSQL({statement!r}, migrations.RunSQL.noop)]
"""
        site.migration("shop", "0002_step", text)
        done = site.migrate(check=False)
        codes.append(done.returncode)
        if site.live:
            assert "Traceback" not in done.stderr, done.stderr
    assert not (codes[1] and not codes[0]), codes  # a remark that the encoding lacks stops only plain Django


@pytest.mark.slow
def test_migrations_without_their_sources(pair: Twins) -> None:
    pair.migration("migrations.RunPython(lambda apps, editor: None, migrations.RunPython.noop),")
    for twin in pair:
        app = twin.site.folder / "shop"
        assert compileall.compile_dir(app, quiet=1, legacy=True)
        for path in app.rglob("*.py"):
            path.unlink()
    pair.faithful()
    for command in (("migrations", "plan"), ("migrations", "status")):
        done = pair.live.site.manage(*command, check=False)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    pair.faithful("shop", "0001")


IMPOSSIBLE = {
    "percent sign in a table comment": 'migrations.AlterModelTableComment("Dish", "50% of it"),',
    "renamed parent of a model": """
        migrations.CreateModel("Child", [("dish_ptr", models.OneToOneField("Dish", models.CASCADE, parent_link=True,
            primary_key=True, serialize=False, auto_created=True))], bases=("shop.dish",)),
        migrations.RenameModel("Dish", "Meal"),""",
    "unknown field": 'migrations.RemoveField("Dish", "unknown"),',
    "unknown model": 'migrations.DeleteModel("Unknown"),',
}


@pytest.mark.slow
@pytest.mark.parametrize("operations", IMPOSSIBLE.values(), ids=[name.replace(" ", "-") for name in IMPOSSIBLE])
def test_what_django_cannot_do_is_said_in_words(pair: Twins, operations: str) -> None:
    before = pair.live.state()
    pair.migration(operations)
    plain, live = pair.both()
    if plain.code == 0:
        assert live.code == 0, live.output
        assert live.state.differences(plain.state) == []
        return
    assert live.code == 1, live.output
    assert "Traceback" not in live.output
    assert live.state.differences(before) == []
    for command in ("plan", "lint"):
        done = pair.live.site.manage("migrations", command, check=False)
        assert "Traceback" not in done.stderr, done.stderr
    assert pair.live.site.manage("migrations", "plan", check=False).returncode == 1
