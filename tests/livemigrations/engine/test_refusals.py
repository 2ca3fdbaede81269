"""What would lock a populated table for long is refused, with the safe code, and nothing is changed."""

from __future__ import annotations

import pytest

from tests.livemigrations.filling import fill
from tests.livemigrations.site import Site
from tests.livemigrations.synthetic import HAZARDS, TABLES
from tests.support.catalogs import catalog

BARE = 'migrations.RunSQL("CREATE TABLE shop_bare (a int, b text, c int GENERATED ALWAYS AS (a * 2) STORED)", "DROP TABLE shop_bare"),'
MODELS = {"type": "Place", "narrower": "Place"}


def prepared(site: Site, operation: str, *, rows: bool = True) -> Site:
    site.shop(f"{TABLES}\n{BARE}", operation)
    site.migrate("shop", "0001", "-v0")
    if rows:
        with site.database.connect() as connection:
            assert len(fill(connection.cursor())) > 4
    return site


@pytest.mark.slow
@pytest.mark.parametrize("hazard", list(HAZARDS))
def test_refused(site: Site, hazard: str) -> None:
    operation, instead = HAZARDS[hazard]
    if hazard in MODELS:
        operation = operation.replace('"Thing"', f'"{MODELS[hazard]}"')
    prepared(site, operation)
    with site.database.connect() as connection:
        before = catalog(connection)
        said = site.refused()
        assert "Refused on the populated table shop_" in said
        assert "2,000 rows" in said or "rows, " in said
        assert instead in said
        assert catalog(connection) == before
    assert "[ ] 0002_step" in site.manage("showmigrations", "shop").stdout


@pytest.mark.slow
def test_all_of_it_runs_on_empty_tables(site: Site) -> None:
    operations = [text.replace('"Thing"', f'"{MODELS.get(name, "Thing")}"') for name, (text, _) in HAZARDS.items()]
    site.shop(f"{TABLES}\n{BARE}", *operations)
    site.migrate("shop", "0001", "-v0")
    assert f"Applying shop.{len(operations) + 1:04}_step... OK" in site.migrate().stdout


@pytest.mark.slow
def test_a_small_table_is_simply_rewritten(site: Site) -> None:
    prepared(site, HAZARDS["stored generated column"][0], rows=False)
    with site.database.connect() as connection:
        connection.execute("INSERT INTO shop_place (name, code, rank) VALUES ('a', 'b', 1)")
        connection.execute(
            "INSERT INTO shop_thing (title, a, price, spare, data, tags, place_id) VALUES ('a', 1, 1, '', '{}', '{}', 1)"
        )
        site.migrate()
        assert connection.execute("SELECT count(h2) FROM shop_thing").fetchone() == (1,)


@pytest.mark.slow
def test_a_refusal_comes_before_anything_of_the_migration(site: Site) -> None:
    prepared(
        site,
        f'migrations.AddField("Thing", "n", models.IntegerField(null=True)),\n{HAZARDS["stored generated column"][0]}',
    )
    with site.database.connect() as connection:
        before = catalog(connection)
        site.refused()
        assert catalog(connection) == before
    assert site.manage("migrations", "status", check=False).returncode == 1


@pytest.mark.slow
def test_statements_of_newer_versions_that_are_safe_on_a_populated_table(site: Site) -> None:
    """The expression of a virtual column, and NOT NULL as an unnamed constraint, which is validated by itself."""
    sql = "ALTER TABLE shop_bare ALTER v SET EXPRESSION AS (a * 3), ADD NOT NULL b"
    prepared(site, f"migrations.RunSQL({sql!r}),", rows=False)
    with site.database.connect() as connection:
        connection.execute("ALTER TABLE shop_bare ADD v int GENERATED ALWAYS AS (a * 2) VIRTUAL")
        fill(connection.cursor())
        site.migrate()
        assert connection.execute("SELECT max(v) FROM shop_bare").fetchone() == (6000,)
        query = (
            "SELECT conname, convalidated FROM pg_constraint WHERE conrelid = 'shop_bare'::regclass AND contype = 'n'"
        )
        assert connection.execute(query).fetchall() == [("shop_bare_b_not_null", True)]
    validated = [step["sql"] for step in site.steps("0002") if "VALIDATE" in str(step["sql"])]
    assert len(validated) == 1


GENERATED = 'models.GeneratedField(expression=F("n") {sign} 2, output_field=models.IntegerField(), db_persist=True)'


def test_what_django_cannot_do_is_said_in_its_words(site: Site) -> None:
    """Also before, by ``migrations plan``, and in a script."""
    field = '[("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField()), ("x", {})]'
    site.shop(
        f'migrations.CreateModel("Thing", {field.format(GENERATED.format(sign="*"))}),',
        f'migrations.AlterField("Thing", "x", {GENERATED.format(sign="+")}),',
    ).migrate("shop", "0001", "-v0")
    planned = site.manage("migrations", "plan", check=False)
    assert planned.returncode == 1
    for said in (site.refused(), site.refused("--sql"), planned.stdout):
        assert "Django cannot do this (Alter field x on Thing): Modifying GeneratedFields is not supported" in said
        assert "correct the" in said


DISH = """
migrations.CreateModel("Dish", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=50))]),
"""
CHILD = """
migrations.CreateModel("Child", [("dish_ptr", models.OneToOneField("Dish", models.CASCADE, parent_link=True,
    primary_key=True, serialize=False, auto_created=True))], bases=("shop.dish",)),
"""
BEYOND = {
    "percent sign in a table's comment": ('migrations.AlterModelTableComment("Dish", "50% of it"),', "placeholder"),
    "percent sign in a column's comment": (
        'migrations.AlterField("Dish", "name", models.CharField(max_length=50, db_comment="50% of it")),',
        "placeholder",
    ),
    "parent renamed": (f'{CHILD}migrations.RenameModel("Dish", "Meal"),', "Auto-generated field"),
    "unknown field": ('migrations.RemoveField("Dish", "price"),', "price"),
    "unknown model": ('migrations.AddField("Meal", "x", models.IntegerField(null=True)),', "meal"),
    "unknown relation": (
        'migrations.AddField("Dish", "chef", models.ForeignKey("shop.Chef", models.CASCADE, null=True)),',
        "shop.chef",
    ),
    "many to many": (
        """migrations.AddField("Dish", "others", models.ManyToManyField("Dish")),
        migrations.AlterField("Dish", "others", models.IntegerField(null=True)),""",
        "not compatible types",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("populated", [True, False])
@pytest.mark.parametrize("name", BEYOND)
def test_every_command_says_what_django_cannot_do(site: Site, name: str, *, populated: bool) -> None:
    operations, why = BEYOND[name]
    site.shop(DISH, operations)
    if populated:
        site.migrate("shop", "0001", "-v0")
        site.database.psql("INSERT INTO shop_dish (name) SELECT 'd' || g FROM generate_series(1, 3000) g")
    else:
        site.database.psql("DROP TABLE older")
    with site.database.connect() as connection:
        before = catalog(connection)
        commands = [["migrations", "plan"], ["migrations", "trace"]] if populated else []
        said = [site.manage(*words, check=False) for words in [*commands, ["migrations", "lint"], ["migrate", "--sql"]]]
        said.append(site.migrate(check=False))
        for done in said:
            both = done.stdout + done.stderr
            assert "Traceback" not in both, both
            if name != "many to many" or "lint" not in done.args:  # the schema editor says so, and lint has none
                assert "Django cannot do this (" in both, f"{done.args}: {both}"
                assert why in both, both
                assert done.returncode == 1
        if name != "many to many":  # its first operation is sound
            assert catalog(connection) == before
    assert "[ ] 0002_step" in site.manage("showmigrations", "shop").stdout
