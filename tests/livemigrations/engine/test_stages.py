"""Stages: what is expand and what contract, what waits, and what a contract is refused for."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from livemigrations import operations as live
from livemigrations.engine.breaking import Known
from livemigrations.engine.stages import stage_of
from livemigrations.errors import UnknownStage
from livemigrations.translation import Stage
from tests.livemigrations.site import Site

BASE = """
migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)),
    ("old", models.TextField(default=""))]),
"""
ADD = 'migrations.AddField("Thing", "new", models.TextField(null=True)),'
DROP = 'migrations.RemoveField("Thing", "old"),'
INDEX = 'live.AddIndex("Thing", models.Index(fields=["n"], name="thing_n")),'
DROP_N = 'migrations.RemoveField("Thing", "n"),'


def state() -> ProjectState:
    """A release with one model of several fields, and another with a table of its own name."""
    found = ProjectState()
    key = models.ForeignKey("shop.Other", models.CASCADE)
    fields: list[tuple[str, models.Field[Any, Any]]] = [
        ("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField(null=True)), ("key", key),
        ("code", models.CharField(max_length=20)), ("named", models.TextField(db_column="its_name")),
        ("price", models.DecimalField(max_digits=8, decimal_places=2)),
    ]  # fmt: skip
    found.add_model(ModelState("shop", "Thing", fields))
    found.add_model(
        ModelState("shop", "Other", [("id", models.BigAutoField(primary_key=True))], {"db_table": "others"})
    )
    found.add_model(ModelState("shop", "Abroad", [("id", models.BigAutoField(primary_key=True))], {"managed": False}))
    return found


def judged(*operations: Operation, known: ProjectState | None = None, **attributes: Any) -> Stage:
    """The stage of a migration of these operations after a release with ``state()``."""
    kind = type("Migration", (migrations.Migration,), {"operations": list(operations), **attributes})
    return stage_of(kind("0009_step", "shop"), Known.of(known or state()), state())


CONTRACT: dict[str, list[Operation]] = {
    "drop a column": [migrations.RemoveField("Thing", "n")],
    "drop a table": [migrations.DeleteModel("Thing")],
    "rename a column": [migrations.RenameField("Thing", "n", "m")],
    "rename a table": [migrations.RenameModel("Thing", "Item")],
    "another table": [migrations.AlterModelTable("Thing", "things")],
    "not null": [live.SetNotNull("Thing", "n", models.IntegerField())],
    "not null, plain": [migrations.AlterField("Thing", "n", models.IntegerField(default=0))],
    "another column": [migrations.AlterField("Thing", "n", models.IntegerField(null=True, db_column="m"))],
    "another type": [migrations.AlterField("Thing", "n", models.TextField(null=True))],
    "shorter": [migrations.AlterField("Thing", "code", models.CharField(max_length=19))],
    "bounded": [migrations.AlterField("Thing", "named", models.CharField(max_length=19, db_column="its_name"))],
    "fewer digits": [migrations.AlterField("Thing", "price", models.DecimalField(max_digits=8, decimal_places=3))],
    "key elsewhere": [migrations.AlterField("Thing", "key", models.ForeignKey("shop.Thing", models.CASCADE))],
    "sql": [migrations.RunSQL("UPDATE a SET b = 1; ALTER TABLE shop_thing DROP COLUMN n", "SELECT 1")],
    "sql, an old table beside a new one": [
        migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True))]),
        migrations.RunSQL("DROP TABLE shop_new, shop_thing"),
    ],
    "sql rename": [migrations.RunSQL([("ALTER TABLE shop_thing RENAME n TO m", None)])],
    "in the database only": [migrations.SeparateDatabaseAndState([migrations.RemoveField("Thing", "n")])],
    "known by its new name": [
        migrations.RenameModel("Other", "Another"), migrations.RemoveField("Thing", "n")
    ],
}  # fmt: skip
EXPAND: dict[str, list[Operation]] = {
    "new table": [migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True))])],
    "column": [migrations.AddField("Thing", "x", models.IntegerField(null=True))],
    "column added and dropped": [
        migrations.AddField("Thing", "x", models.IntegerField(null=True)), migrations.RemoveField("Thing", "x")
    ],
    "new table, changed": [
        migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True)), ("a", models.TextField())]),
        migrations.RenameModel("New", "Newer"), migrations.RemoveField("Newer", "a"),
        migrations.RunSQL("ALTER TABLE shop_new DROP COLUMN b"), migrations.DeleteModel("Newer"),
    ],
    "made and dropped by sql": [migrations.RunSQL("CREATE TABLE a (id int)"), migrations.RunSQL("DROP TABLE a")],
    "new table, renamed and changed by sql": [
        migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True))]),
        migrations.RenameModel("New", "Newer"), migrations.RunSQL("ALTER TABLE shop_newer DROP COLUMN b"),
        migrations.AlterModelTable("Newer", "newest"), migrations.RunSQL("ALTER TABLE newest DROP COLUMN b"),
    ],
    "index": [live.AddIndex("Thing", models.Index(fields=["n"], name="thing_n"))],
    "check": [live.AddCheck("Thing", models.CheckConstraint(condition=models.Q(n__gt=0), name="thing_c"))],
    "renamed in the code": [
        migrations.AlterField("Thing", "n", models.IntegerField(null=True, db_column="n")),
        migrations.RenameField("Thing", "n", "m"),
    ],
    "renamed with its own column": [migrations.RenameField("Thing", "named", "name")],
    "the same table": [migrations.AlterModelTable("Other", "others")],
    "wider": [migrations.AlterField("Thing", "n", models.BigIntegerField(null=True))],
    "longer": [migrations.AlterField("Thing", "code", models.CharField(max_length=40))],
    "to text": [migrations.AlterField("Thing", "code", models.TextField())],
    "nullable": [migrations.AlterField("Thing", "code", models.CharField(max_length=20, null=True))],
    "more digits": [migrations.AlterField("Thing", "price", models.DecimalField(max_digits=10, decimal_places=3))],
    "to one to one": [migrations.AlterField("Thing", "key", models.OneToOneField("shop.Other", models.CASCADE))],
    "in the state only": [migrations.SeparateDatabaseAndState([], [migrations.RemoveField("Thing", "n")])],
    "unmanaged": [migrations.DeleteModel("Abroad")],
    "sql": [migrations.RunSQL("ALTER TABLE shop_thing RENAME CONSTRAINT a TO b; CREATE VIEW v AS SELECT 1")],
    "python": [migrations.RunPython(migrations.RunPython.noop)],
}  # fmt: skip


@pytest.mark.parametrize("operations", CONTRACT.values(), ids=CONTRACT)
def test_contract(operations: list[Operation]) -> None:
    assert judged(*operations) == Stage.CONTRACT


@pytest.mark.parametrize("operations", EXPAND.values(), ids=EXPAND)
def test_expand(operations: list[Operation]) -> None:
    assert judged(*operations) == Stage.EXPAND


def test_what_the_previous_release_does_not_know() -> None:
    """A fresh database: removing what an earlier migration made breaks nobody. An adopted table may be in use."""
    assert judged(migrations.RemoveField("Thing", "n"), known=ProjectState()) == Stage.EXPAND
    adopted = live.CreateTableIfMissing(
        "Old", [("id", models.BigAutoField(primary_key=True)), ("a", models.TextField())]
    )
    assert judged(adopted, migrations.RemoveField("Old", "a"), known=ProjectState()) == Stage.CONTRACT


def test_without_a_state() -> None:
    """Only what the operations alone show."""
    alone = type("Migration", (migrations.Migration,), {"operations": CONTRACT["not null"]})
    assert stage_of(alone("0009_step", "shop")) == Stage.CONTRACT
    plain = type("Migration", (migrations.Migration,), {"operations": CONTRACT["not null, plain"]})
    assert stage_of(plain("0009_step", "shop")) == Stage.EXPAND


def test_stated() -> None:
    assert judged(*EXPAND["column"], stage="contract") == Stage.CONTRACT
    assert judged(*CONTRACT["drop a column"], stage="expand") == Stage.EXPAND
    dropping = migrations.RunPython(migrations.RunPython.noop)
    vars(dropping)["stage"] = "contract"
    assert judged(dropping) == Stage.CONTRACT
    with pytest.raises(UnknownStage, match=r"shop\.0009_step states the stage 'later'.*'expand' or 'contract'"):
        judged(stage="later")


def applied(site: Site) -> list[str]:
    with site.database.connect() as connection:
        return [
            row[0] for row in connection.execute("SELECT name FROM django_migrations WHERE app = 'shop' ORDER BY id")
        ]


@pytest.mark.slow
def test_two_stages(site: Site) -> None:
    """Expand leaves the contract and what depends on it, contract refuses until expand has run."""
    site.shop(BASE, ADD, DROP, INDEX, DROP_N)
    site.migrate("shop", "0001", "-v0")
    found = json.loads(site.manage("migrations", "status", "--json", check=False).stdout)["pending_migrations"]
    assert [one["stage"] for one in found] == ["expand", "contract", "expand", "contract"]
    assert "contract shop.0003_step" in site.manage("migrations", "status", check=False).stdout
    said = site.refused("--stage", "contract")
    assert "shop.0003_step needs shop.0002_step" in said
    assert "Remedy: run migrate --stage expand" in said
    assert applied(site) == ["0001_step"]
    assert site.migrate("--check", "--stage", "expand", check=False).returncode == 1

    said = site.migrate("--stage", "expand").stdout
    assert applied(site) == ["0001_step", "0002_step"]
    assert "Applying shop.0002_step... OK" in said
    assert "waits for --stage contract: shop.0003_step (contract)" in said
    assert "waits for --stage contract: shop.0004_step (depends on shop.0003_step)" in said
    assert site.migrate("--check", "--stage", "expand", check=False).returncode == 0
    again = site.migrate("--stage", "expand").stdout
    assert "No migrations to apply." in again
    assert "waits for --stage contract: shop.0003_step (contract)" in again

    said = site.migrate("--stage", "contract").stdout
    assert applied(site) == ["0001_step", "0002_step", "0003_step", "0004_step"]
    assert "waits for the next --stage contract: shop.0005_step" in said
    assert "waits" not in site.migrate("--stage", "contract").stdout
    assert applied(site)[-1] == "0005_step"
    assert "No migrations to apply." in site.migrate("--stage", "contract").stdout


@pytest.mark.slow
def test_beside_other_ways_to_choose(site: Site) -> None:
    site.shop(BASE, ADD, INDEX, DROP, m0002="sprint = 1", m0003="sprint = 2", m0004="sprint = 2")
    site.migrate("shop", "0001", "-v0")
    site.migrate("--sprint", "1", "--stage", "expand", "-v0")
    assert applied(site)[1:] == ["0002_step"]
    said = site.refused("shop", "0001", "--stage", "expand")
    assert "this goes back: shop.0002_step" in said
    said = site.refused("--back", "1", "--stage", "contract", code=2)
    assert "--back goes back" in said
    script = site.migrate("--sql", "--stage", "expand").stdout
    assert "thing_n" in script
    assert "-- waits for --stage contract: shop.0004_step (contract)" in script
    assert not re.search(r'DROP COLUMN "old"', script)
    site.migrate("--forward", "1", "--stage", "expand", "-v0")
    site.migrate("--forward", "1", "--stage", "expand", "-v0")
    assert applied(site)[1:] == ["0002_step", "0003_step"]
    assert "0004" in site.migrate("shop", "--plan", "--stage", "contract").stdout
    site.migrate("shop", "--stage", "contract", "-v0")
    assert applied(site)[-1] == "0004_step"


@pytest.mark.slow
def test_expand_of_another_app_is_left_alone(site: Site) -> None:
    site.shop(BASE, DROP)
    site.migrate("-v0", "shop", "0001")
    site.shop(BASE.replace("Thing", "Else"), label="market")
    said = site.migrate("--stage", "contract").stdout
    assert "waits for --stage expand: market.0001_step" in said
    assert applied(site) == ["0001_step", "0002_step"]


@pytest.mark.slow
def test_half_done(site: Site) -> None:
    """An expand that stopped half-way holds the contract back; a contract that did goes on."""
    broken = f"{ADD}\nmigrations.RunSQL('SELECT 1 / (SELECT count(*) FROM older)', ''),"
    site.shop(BASE, broken, DROP)
    site.migrate("-v0", "shop", "0001")
    site.refused("--stage", "expand")
    assert "shop.0003_step needs shop.0002_step" in site.refused("--stage", "contract")
    with site.database.connect() as connection:
        connection.execute("INSERT INTO older VALUES (1)")
        site.migrate("--stage", "expand", "-v0")
        site.migration(
            "shop",
            "0003_step",
            (site.folder / "shop/migrations/0003_step.py")
            .read_text()
            .split("live\n", 1)[1]
            .replace(
                "    ]\n", "        migrations.RunSQL('SELECT 1 / (SELECT count(*) - 1 FROM older)', ''),\n    ]\n"
            ),
        )
        site.refused("--stage", "contract")
        assert "No migrations to apply." in site.migrate("--stage", "expand").stdout
        connection.execute("INSERT INTO older VALUES (1)")
    site.migrate("--stage", "contract", "-v0")
    assert applied(site)[-1] == "0003_step"


@pytest.mark.slow
def test_what_a_contract_relies_on(site: Site) -> None:
    """Rows that are not filled in and constraints that were never validated are named together; nothing is changed."""
    check = """
        operations.AddConstraintNotValid("Thing", models.CheckConstraint(condition=Q(n__gt=0), name="thing_c")),"""
    fill = 'live.FillColumn("Thing", "new", F("old")),'
    site.shop(
        BASE, ADD, check, fill,
        'live.RetireColumn("Thing", "old"),', 'live.DropColumn("Thing", "old", models.TextField(db_default="")),',
    )  # fmt: skip
    site.migrate("-v0", "shop", "0001")
    with site.database.connect() as connection:
        connection.execute("INSERT INTO shop_thing (old) SELECT 'x' FROM generate_series(1, 10)")
        site.migrate("--stage", "expand", "-v0")
        assert applied(site)[-1] == "0005_step"
        connection.execute(
            "INSERT INTO shop_thing (old) SELECT 'written by the old release' FROM generate_series(1, 7)"
        )
        said = site.refused("--stage", "contract")
        assert "shop.0006_step needs shop.0004_step (Fill Thing.new in batches) to be complete: 7 rows of" in said
        assert "needs the constraint thing_c of shop_thing, which was never validated. Remedy: ALTER TABLE" in said
        assert "Nothing was changed." in said
        assert applied(site)[-1] == "0005_step"
        assert "still lack" in site.refused("--stage", "contract", "--sql")
        connection.execute("UPDATE shop_thing SET new = old")
        assert "still lack" not in site.refused("--stage", "contract")
        file = site.folder / "shop" / "migrations" / "0006_step.py"
        file.write_text(file.read_text().replace("initial = False", 'unvalidated = ["thing_c"]'))
        site.migrate("--stage", "contract", "-v0")
    assert applied(site)[-1] == "0006_step"
