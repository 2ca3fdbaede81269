"""What a rule knows of the state before an operation, and of what later migrations put right."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import override_settings

from livemigrations.review.lint import Engine
from tests.livemigrations.review.lint.shelf import Shelf

NEW = 'migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True)), ("n", models.IntegerField())]),'
COLUMN = (
    'migrations.AddField("new", "x", models.GeneratedField('
    'expression=F("n") + 1, output_field=models.IntegerField(), db_persist=True)),'
)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def rules(shelf: Shelf, engine: Engine = Engine.LIVE, **options: tuple[str, ...]) -> set[str]:
    return {finding.rule.id for finding in shelf.found(engine, **options)}


def test_a_table_of_the_same_migration_is_new(shelf: Shelf) -> None:
    shelf.add(f"{NEW}\n{COLUMN}")
    assert rules(shelf) == set()
    assert rules(shelf, Engine.DJANGO) == set()


def test_a_table_of_an_earlier_migration_is_not(shelf: Shelf) -> None:
    shelf.add(NEW)
    shelf.add(COLUMN)
    assert rules(shelf) == {"LM002"}


def test_a_new_table_keeps_being_new_under_its_new_name(shelf: Shelf) -> None:
    shelf.add(f'{NEW}\nmigrations.RenameModel("New", "Newer"),\n{COLUMN.replace("new", "newer")}')
    assert rules(shelf) == set()


def test_a_table_that_may_be_adopted_may_have_rows(shelf: Shelf) -> None:
    shelf.add(f"{NEW.replace('migrations.CreateModel', 'live.CreateTableIfMissing')}\n{COLUMN}")
    assert rules(shelf) == {"LM002"}


def test_a_table_made_by_sql_is_new(shelf: Shelf) -> None:
    made = (
        "CREATE TABLE other (a int); CREATE INDEX i ON other (a); ALTER TABLE other ADD COLUMN b uuid DEFAULT random()"
    )
    shelf.add(f"migrations.RunSQL({made!r}, 'DROP TABLE other'),")
    assert rules(shelf, Engine.DJANGO) == set()
    shelf.add(f"migrations.RunSQL({made.replace('TABLE other', 'TABLE IF NOT EXISTS other', 1)!r}, ''),")
    assert rules(shelf, Engine.DJANGO) >= {"LM001", "LM101"}


def test_models_without_a_table_of_their_own(shelf: Shelf) -> None:
    options = '"managed": False'
    shelf.add(NEW.replace("]),", f"], options={{{options}}}),"))
    shelf.add(COLUMN + '\nmigrations.DeleteModel("New"),')
    assert rules(shelf) == set()


def test_the_second_stage_of_a_drop_by_sql(shelf: Shelf) -> None:
    drop = "migrations.RunSQL('ALTER TABLE {label}_thing DROP COLUMN n', 'SELECT 1'),"
    shelf.add('migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("thing", "n")]),')
    shelf.add(drop)
    assert rules(shelf) == set()
    other = Shelf(shelf.home.parent)
    other.add(drop)
    assert rules(other) == {"LM201"}


def test_what_is_retired_and_dropped_in_two_stages(shelf: Shelf) -> None:
    shelf.add('live.RetireColumn("thing", "code"),\nlive.RetireTable("Part"),')
    shelf.add(
        'live.DropColumn("thing", "code", models.CharField(max_length=10, null=True)),\n'
        'live.DropTable("Part", fields=[("id", models.BigAutoField(primary_key=True))]),',
        'stage = "contract"',
    )
    assert rules(shelf) == set()


def test_contract_migrations_may_drop(shelf: Shelf) -> None:
    shelf.add('migrations.RemoveField("thing", "n"),\nmigrations.DeleteModel("Part"),', 'stage = "contract"')
    assert rules(shelf) == set()


def test_a_required_column_dropped_late_breaks_the_new_release(shelf: Shelf) -> None:
    """Between the release that forgot it and the contract, each INSERT leaves out a NOT NULL column."""
    shelf.add('migrations.RemoveField("thing", "code"),', 'stage = "contract"')
    assert rules(shelf) == {"LM208"}


def test_the_database_half_of_an_operation_is_what_counts(shelf: Shelf) -> None:
    shelf.add(
        "migrations.SeparateDatabaseAndState(\n"
        '    database_operations=[migrations.RemoveField("thing", "n")],\n'
        '    state_operations=[migrations.RemoveField("thing", "n")],\n'
        "),"
    )
    (finding,) = shelf.found()
    assert finding.rule.id == "LM201"
    assert 'migrations.RemoveField("thing", "n")' in shelf.newest.read_text().splitlines()[finding.place.line - 1]


def test_only_the_state_is_no_harm(shelf: Shelf) -> None:
    shelf.add('migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("Part")]),')
    assert rules(shelf) == set()


def test_changes_of_type_are_told_from_both_states(shelf: Shelf) -> None:
    shelf.add('migrations.AlterField("thing", "code", models.CharField(max_length=50)),')
    shelf.add('migrations.AlterField("thing", "code", models.TextField()),')
    assert rules(shelf) == set()
    shelf.add('migrations.AlterField("thing", "code", models.CharField(max_length=50)),')
    (finding,) = shelf.found()
    assert "from text to character varying(50)" in finding.message


def test_the_type_of_a_key_is_that_of_its_target(shelf: Shelf) -> None:
    shelf.add('migrations.CreateModel("New", [("id", models.UUIDField(primary_key=True))]),')
    shelf.add('migrations.AlterField("part", "thing", models.ForeignKey("{label}.new", models.CASCADE)),')
    messages = [finding.message for finding in shelf.found() if finding.rule.id == "LM004"]
    assert len(messages) == 1
    assert "thing_id changes from bigint to uuid" in messages[0]


def test_what_a_later_migration_put_right_is_not_reported(shelf: Shelf) -> None:
    shelf.add('migrations.CreateModel("New", [("id", models.AutoField(primary_key=True))]),')
    shelf.add('live.AddIndex("thing", models.Index(fields=["n"], name="twice")),')
    shelf.add(
        'migrations.AddField("part", "other", models.ForeignKey("{label}.thing", models.CASCADE, null=True,'
        " db_index=False)),"
    )
    assert rules(shelf) == {"LM501", "LM512", "LM513"}
    shelf.add('migrations.AlterField("new", "id", models.BigAutoField(primary_key=True)),')
    shelf.add('live.RemoveIndex("thing", "twice"),')
    shelf.add("migrations.RunSQL('CREATE INDEX by_hand ON {label}_part (other_id)', 'DROP INDEX by_hand'),")
    assert rules(shelf) == {"LM004"}


def test_unique_together_and_many_to_many(shelf: Shelf) -> None:
    shelf.add('migrations.AlterUniqueTogether("thing", {("name", "code")}),')
    shelf.add('migrations.AddField("thing", "parts", models.ManyToManyField("{label}.part")),')
    shelf.add('migrations.RemoveField("thing", "parts"),')
    found = [(f.rule.id, f.subject.removeprefix(f"{shelf.label}_")) for f in shelf.found(Engine.DJANGO)]
    assert ("LM105", "thing.name_code") in found
    assert ("LM202", "thing_parts") in found
    assert "LM101" not in {rule for rule, _ in found}


READ = """
def look(apps, schema_editor):
    Part = apps.get_model("{label}.Part")
    for thing in apps.get_model("{label}", "Thing").objects.all():
        print(Part.objects.filter(thing=thing).count())


def inner(apps, schema_editor):
    Part, Thing = apps.get_model("{label}.Part"), apps.get_model("{label}.Thing")
    parts = Part.objects.all()

    def change(thing):
        parts.filter(thing=thing).update(amount=2)

    for thing in Thing.objects.all():
        change(thing)


def handed_on(apps, schema_editor):
    Thing = apps.get_model("{label}.Thing")
    for thing in Thing.objects.all():
        save(thing, apps.get_model("{label}.Part"))


def save(one, other):
    one.save()


def elsewhere(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        apps.get_model("{label}.Part").objects.update(amount=1)
        schema_editor.execute("PRAGMA x")


"""


@pytest.mark.parametrize(
    ("name", "changed"),
    [("look", []), ("inner", ["part"]), ("handed_on", ["a table that cannot be told"]), ("elsewhere", [])],
)
def test_python_is_read(shelf: Shelf, name: str, changed: list[str]) -> None:
    shelf.add(f"migrations.RunPython({name}, look),", extra=READ)
    found = shelf.found()
    assert [finding.rule.id for finding in found] == ["LM306"] * len(changed)
    assert all(word in finding.message for word, finding in zip(changed, found, strict=True))


@pytest.mark.parametrize("setting", [{"*": ["LM002"]}, ["LM002"]])
def test_rules_are_switched_off_in_the_settings(shelf: Shelf, setting: object) -> None:
    shelf.add(COLUMN.replace("new", "thing"))
    assert rules(shelf) == {"LM002"}
    with override_settings(LIVEMIGRATIONS_LINT_DISABLE=setting):
        assert rules(shelf) == set()
    with override_settings(LIVEMIGRATIONS_LINT_DISABLE={shelf.label: ["LM002"]}):
        assert rules(shelf) == set()
    with override_settings(LIVEMIGRATIONS_LINT_DISABLE={"another": ["LM002"]}):
        assert rules(shelf) == {"LM002"}
    with override_settings(LIVEMIGRATIONS_LINT_ENABLE=["LM219"]):
        assert rules(shelf) == {"LM002", "LM219"}
