"""The previous release on the expanded schema: what breaks it is found with its culprit, what does not is not."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import Any

import pytest

from tests.livemigrations.site import Site
from tests.support.catalogs import catalog
from tests.support.database import Database
from tests.support.roles import role
from tests.support.waiting import wait_until

BASE = """
migrations.CreateModel("Place", [("id", models.BigAutoField(primary_key=True)),
    ("code", models.CharField(max_length=12, unique=True))]),
migrations.CreateModel("Thing", [
    ("id", models.UUIDField(primary_key=True, db_default=functions.RandomUUID())),
    ("title", models.CharField(max_length=30)), ("n", models.IntegerField(null=True)),
    ("state", models.CharField(max_length=9, choices=[("open", "Open"), ("shut", "Shut")], default="open")),
    ("price", models.DecimalField(max_digits=8, decimal_places=2)), ("data", models.JSONField(default=dict)),
    ("at", models.DateTimeField(null=True)), ("span", fields.IntegerRangeField(null=True)),
    ("twice", models.GeneratedField(expression=F("n") * 2, output_field=models.IntegerField(), db_persist=True)),
    ("place", models.ForeignKey("Place", models.CASCADE, related_name="+")),
    ("spare", models.ForeignKey("Place", models.SET_NULL, null=True, related_name="+")),
    ("held", models.ForeignKey("Place", models.SET_NULL, null=True, related_name="+")),
    ("words", fields.ArrayField(models.CharField(max_length=9), null=True)),
    ("friends", models.ManyToManyField("Place", related_name="+"))],
    options={"constraints": [models.CheckConstraint(condition=Q(n__gt=3), name="thing_n")]}),
migrations.CreateModel("Child", [("thing_ptr", models.OneToOneField("Thing", models.CASCADE, parent_link=True,
    primary_key=True)), ("kind", models.CharField(max_length=5))], bases=("shop.thing",)),
migrations.CreateModel("Once", [("id", models.BigAutoField(primary_key=True)),
    ("place", models.OneToOneField("Place", models.CASCADE, related_name="+"))]),
"""
ROWS = """
INSERT INTO shop_place (code) SELECT 'p' || g FROM generate_series(1, 50) g;
INSERT INTO shop_thing (title, n, state, price, data, place_id, held_id)
    SELECT 't' || g, g + 3, 'open', 5, '{}', g % 50 + 1, 1 FROM generate_series(1, 500) g;
"""


@dataclass(frozen=True)
class Case:
    """Operations, and what is found: (model, action, in the detail, in the error); none: nothing."""

    operations: str
    model: str = ""
    action: str = ""
    detail: str = ""
    error: str = ""


BREAKS = {
    "dropped table": Case(
        'migrations.DeleteModel("Once"),', "shop.Once", "read", "all columns", '"shop_once" does not exist'
    ),
    "check on a choice": Case(
        'live.AddCheck("Thing", models.CheckConstraint(condition=~Q(state="shut"), name="thing_state")),',
        "shop.Thing", "update", "state = 'shut'", "thing_state",
    ),
    "check on a range": Case(
        'live.AddCheck("Thing", models.CheckConstraint(condition=Q(price__gt=0), name="thing_price")),',
        "shop.Thing", "update", "price = Decimal('-1')", "thing_price",
    ),
    "no more nulls": Case(
        'live.SetNotNull("Thing", "n", models.IntegerField()),', "shop.Thing", "update", "n = None", "not_null"
    ),
    "a key that may be NULL, to elsewhere": Case(
        'migrations.CreateModel("Else", [("id", models.BigAutoField(primary_key=True))]),\n'
        'migrations.AlterField("Thing", "spare", models.ForeignKey("Else", models.SET_NULL, null=True, related_name="+")),',
        "shop.Thing", "update", "spare = a row", "violates foreign key",
    ),
    "a key that may be NULL no more": Case(
        'live.SetNotNull("Thing", "held", models.ForeignKey("Place", models.CASCADE, related_name="+")),',
        "shop.Thing", "update", "held = None", "not_null",
    ),
    "shorter elements": Case(
        'migrations.AlterField("Thing", "words", fields.ArrayField(models.CharField(max_length=5), null=True)),',
        "shop.Thing", "update", "words = ['xxxxxxxxx']", "too long",
    ),
    "shorter": Case(
        'migrations.AlterField("Thing", "title", models.CharField(max_length=20)),',
        "shop.Thing", "update", "title = 'xxx", "too long",
    ),
    "relation": Case(
        'migrations.RemoveField("Thing", "friends"),',
        "shop.Thing_friends", "read", "all columns", '"shop_thing_friends" does not exist',
    ),
    "no two alike": Case(
        'live.AddUnique("Thing", models.UniqueConstraint(fields=["title"], name="thing_title")),',
        "shop.Thing", "insert", "two alike", "thing_title",
    ),
    "not null without a default": Case(
        'migrations.AddField("Place", "must", models.IntegerField(default=1)),',
        "shop.Place", "insert", "a row", 'null value in column "must"',
    ),
    "by the parent": Case(
        'migrations.AddField("Thing", "must", models.IntegerField(default=1)),',
        "shop.Child", "insert", "a row", 'null value in column "must"',
    ),
    "dropped column": Case(
        'migrations.RemoveField("Thing", "at"),', "shop.Thing", "update", "at = None", '"at" of relation'
    ),
    "renamed column": Case(
        'migrations.RenameField("Place", "code", "name"),', "shop.Place", "read", "all columns", "code does not exist"
    ),
}  # fmt: skip
WORKS = """
migrations.AddField("Thing", "maybe", models.IntegerField(null=True)),
migrations.AddField("Thing", "given", models.IntegerField(db_default=5)),
migrations.AddField("Thing", "link", models.ForeignKey("Place", models.SET_NULL, null=True, related_name="+")),
migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True)),
    ("thing", models.ForeignKey("Thing", models.CASCADE))]),
live.AddIndex("Thing", models.Index(fields=["n"], name="thing_i")),
live.AddCheck("Thing", models.CheckConstraint(condition=Q(given__gt=0), name="thing_given")),
migrations.AlterField("Thing", "title", models.CharField(max_length=60)),
migrations.RunPython(lambda apps, editor: apps.get_model("shop", "Place").objects.create(code="made"), migrations.RunPython.noop),
"""


ASK = """
    import io
    from django.core.management import call_command
    found = []
    for line in {lines!r}:
        said, code = io.StringIO(), 0
        try:
            call_command("migrations", "compatible", "--json", *line.split(), stdout=said)
        except SystemExit as end:
            code = end.code
        found.append([code, json.loads(said.getvalue())])
    print(json.dumps(found))
"""


def asked(site: Site, *lines: str) -> list[Any]:
    """The exit codes and answers of the command with the options of each line, one after the other in one process."""
    return list(site.python(ASK.format(lines=lines)))


def contents(database: Database) -> dict[str, Any]:
    """Definitions, rows, and what was ever written to each table."""
    with database.connect() as connection:
        found: dict[str, Any] = dict(catalog(connection, books=True))
        for table in ("shop_place", "shop_thing", "django_migrations"):
            found[table] = connection.execute(
                f"SELECT count(*), md5(string_agg(t::text, ',' ORDER BY 1)) FROM {table} t"
            ).fetchone()
        found["sequence"] = connection.execute("SELECT last_value FROM shop_place_id_seq").fetchone()
        return found


def prepared(site: Site, *steps: str) -> Site:
    attributes = {f"m{number:04}": 'stage = "expand"' for number in range(2, len(steps) + 2)}
    site.shop(BASE, *steps, **attributes)
    site.migrate("-v0", "shop", "0001")
    site.database.psql(ROWS)
    return site


@pytest.mark.slow
def test_what_breaks(site: Site) -> None:
    """Every case in one plan, a migration each: all are found, each with the migration that broke it."""
    prepared(site, *(case.operations for case in BREAKS.values()))
    before = contents(site.database)
    [(code, found)] = asked(site, "")
    assert code == 1
    assert contents(site.database) == before
    assert site.database.scratches() == []
    for number, (name, case) in enumerate(BREAKS.items(), 2):
        hits = [
            one["migration"]
            for one in found["findings"]
            if (one["model"], one["action"]) == (case.model, case.action)
            and case.detail in one["detail"]
            and case.error in one["error"]
        ]
        assert f"shop.{number:04}_step" in hits, (name, number, json.dumps(found["findings"], indent=1))
    assert found["untried"] == []


@pytest.mark.slow
def test_the_message(site: Site) -> None:
    case = BREAKS["not null without a default"]
    prepared(site, WORKS, case.operations)
    done = site.manage("migrations", "compatible", check=False)
    assert done.returncode == 1
    assert "The previous release (the applied migrations) BREAKS after 2 migrations" in done.stdout
    assert f"{case.model}: {case.action} {case.detail}" in done.stdout
    assert "Broken by shop.0003_step, operation 1" in done.stdout
    assert case.error in done.stdout
    assert "Remedy" in done.stdout


@pytest.mark.slow
def test_what_works(site: Site) -> None:
    """No false alarm, with rows and without; Python that names no alias writes to the copy."""
    prepared(site, WORKS)
    before = contents(site.database)
    (code, found), (empty_code, empty) = asked(site, "", "--sample 0")
    assert (code, found["findings"], found["untried"]) == (0, [], [])
    assert found["tried"] > 50
    assert found["ran"] == ["shop.0002_step"]
    assert contents(site.database) == before
    assert (empty_code, empty["findings"]) == (0, [])
    site.migrate("-v0")
    assert "nothing to try" in site.manage("migrations", "compatible").stdout


@pytest.mark.slow
def test_stages(site: Site) -> None:
    """Contract migrations are not run unless all are; --from takes back on the copy what is applied already."""
    site.shop(
        BASE,
        'migrations.AddField("Thing", "new", models.IntegerField(null=True)),',
        BREAKS["dropped column"].operations,
    )
    site.migrate("-v0", "shop", "0001")
    site.database.psql(ROWS)
    (code, found), (all_code, _) = asked(site, "", "--all")
    assert (code, found["ran"], all_code) == (0, ["shop.0002_step"], 1)
    assert found["waiting"] == ["waits for --stage contract: shop.0003_step (contract)"]
    site.migrate("-v0")
    before = contents(site.database)
    (code, found), (_, longer) = asked(site, "--from shop.0002", "--from shop.0001_step")
    assert (code, found["ran"]) == (1, ["shop.0003_step"])
    assert {one["migration"] for one in found["findings"]} == {"shop.0003_step"}
    assert longer["ran"] == ["shop.0002_step", "shop.0003_step"]
    assert contents(site.database) == before


@pytest.mark.slow
def test_wrong_usage_and_rights(site: Site) -> None:
    prepared(site, WORKS)
    assert site.manage("migrations", "compatible", "--from", "shop", check=False).returncode == 2
    done = site.manage("migrations", "compatible", "--from", "shop.0002", check=False)
    assert (done.returncode, "is not applied" in done.stderr) == (1, True)
    done = site.manage("migrations", "compatible", "--from", "shop.000", check=False)
    assert (done.returncode, "More than one migration of shop begins with 000" in done.stderr) == (1, True)
    shown = site.manage("migrations", "compatible", "--help").stdout
    assert "exit codes:" in shown
    assert "manage.py migrations compatible" in shown
    with role(site.database, owns=True) as name:
        site.set(f"DATABASES['default']['USER'] = {name!r}")
        done = site.manage("migrations", "compatible", check=False)
        assert done.returncode == 1
        assert "CREATEDB" in done.stderr
        assert "LIVEMIGRATIONS_SCRATCH_ALIAS" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("back", [False, True], ids=["forwards", "back"])
def test_a_migration_that_fails_on_the_copy(site: Site, back: bool) -> None:
    """What the message says holds for the copy: the database itself is as it was."""
    prepared(site, "migrations.RunSQL('SELECT 1', 'SELECT 1/0')," if back else "migrations.RunSQL('SELECT 1/0', ''),")
    arguments = ["--from", "shop.0001"] if back else []
    if back:
        site.migrate("-v0")
    before = contents(site.database)
    done = site.manage("migrations", "compatible", *arguments, check=False)
    assert done.returncode == 1
    assert "did not come to their end on the copy, so nothing could be tried" in done.stderr
    assert "The database itself was not changed. There it was:\nshop.0002_step, operation 1" in done.stderr
    assert "division by zero" in done.stderr
    assert contents(site.database) == before


@pytest.mark.slow
def test_interrupted(site: Site) -> None:
    """Ctrl-C while the copy is there: exit code 130, and nothing of it is left."""
    prepared(site, "migrations.RunSQL('SELECT pg_sleep(300)', ''),")
    process = site.popen("migrations", "compatible")
    with site.database.connect() as connection:
        sleeping = "SELECT 1 FROM pg_stat_activity WHERE datname = ANY (%s) AND query = 'SELECT pg_sleep(300)' AND state = 'active'"
        wait_until(lambda: connection.execute(sleeping, [site.database.scratches()]).fetchone())
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 130, said
    assert "Interrupted. The copy is dropped; nothing was changed." in said
    assert site.database.scratches() == []


@pytest.mark.slow
def test_only_the_engine_installed(any_database: Database, tmp_path: Any) -> None:
    """A project of one app on each version of the server."""
    site = Site(tmp_path, any_database).install()
    prepared(site, BREAKS["renamed column"].operations)
    [(code, found)] = asked(site, "")
    assert code == 1
    assert {one["step"] for one in found["findings"]} == {"operation 1: rename column code on shop_place"}
    assert any_database.scratches() == []
