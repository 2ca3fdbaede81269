"""Where a rule ends: what is next to a finding, and none."""

from __future__ import annotations

from pathlib import Path

import pytest

from livemigrations.review.lint import Engine
from tests.livemigrations.review.lint.shelf import Shelf

FREE_KEY = (
    'migrations.AddField("part", "near", models.ForeignKey("thing", models.DB_CASCADE, null=True, db_index=False)),'
)
UNIQUE = 'migrations.AddConstraint("thing", models.UniqueConstraint(fields=["code"], name="thing_u"{more})),'
INDEX = 'migrations.AddIndex("{model}", models.Index(fields=[{fields}], name="{name}"{more})),'


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def index(model: str, *fields: str, more: str = "") -> str:
    named = ", ".join(f'"{field}"' for field in fields)
    return INDEX.format(model=model, fields=named, name=f"{model}_{'_'.join(fields)}", more=more)


def count(shelf: Shelf, rule: str, engine: Engine = Engine.LIVE) -> int:
    return sum(finding.rule.id == rule for finding in shelf.found(engine, enable=(rule,)))


def test_names_are_measured_in_bytes(shelf: Shelf) -> None:
    shelf.add(f'migrations.AddField("thing", "x", models.IntegerField(null=True, db_column="{"ü" * 31}")),')
    assert count(shelf, "LM510") == 0
    shelf.add(f'migrations.AddField("thing", "y", models.IntegerField(null=True, db_column="{"ä" * 32}")),')
    assert count(shelf, "LM510") == 1


def test_a_key_that_stays_none_needs_no_index(shelf: Shelf) -> None:
    shelf.add(FREE_KEY)
    assert count(shelf, "LM512") == 1
    shelf.add(
        'migrations.AlterField("part", "near", models.ForeignKey('
        '"thing", models.DB_CASCADE, null=True, db_index=False, db_constraint=False)),'
    )
    assert count(shelf, "LM512") == 0


@pytest.mark.parametrize(("more", "found"), [("", 0), (", condition=Q(amount__gt=0)", 1)])
def test_an_index_over_some_of_the_rows_serves_no_key(shelf: Shelf, more: str, found: int) -> None:
    shelf.add(FREE_KEY)
    shelf.add(index("part", "near", more=more))
    assert count(shelf, "LM512") == found


def test_the_key_has_to_come_first_in_an_index(shelf: Shelf) -> None:
    shelf.add(FREE_KEY)
    shelf.add("migrations.RunSQL('CREATE INDEX part_near ON {label}_part (amount, near_id)', 'DROP INDEX part_near'),")
    assert count(shelf, "LM512") == 1
    shelf.add("migrations.RunSQL('CREATE INDEX part_nea ON {label}_part (near_id, amount)', 'DROP INDEX part_nea'),")
    assert count(shelf, "LM512") == 0


@pytest.mark.parametrize(("more", "found"), [("", 1), (", deferrable=models.Deferrable.DEFERRED", 0)])
def test_a_constraint_that_waits_is_no_second_index(shelf: Shelf, more: str, found: int) -> None:
    shelf.add(UNIQUE.format(more=more))
    shelf.add(index("thing", "code"))
    assert count(shelf, "LM513") == found


def test_two_indexes_are_told_where_the_second_is_made(shelf: Shelf) -> None:
    """And not again wherever the table gets another one."""
    for name, field in (("one", "code"), ("two", "code"), ("three", "name")):
        shelf.add(f'live.AddIndex("thing", models.Index(fields=["{field}"], name="{name}")),')
    found = [finding.migration for finding in shelf.found() if finding.rule.id == "LM513"]
    assert found == [f"{shelf.label}.{shelf.names[2]}"]


def test_a_unique_beginning_of_an_index_says_more_than_it(shelf: Shelf) -> None:
    shelf.add(UNIQUE.format(more=""))
    shelf.add(index("thing", "code", "n"))
    assert count(shelf, "LM519") == 0
    shelf.add(index("thing", "n", "code"))  # the index over n of the beginning is its beginning
    assert count(shelf, "LM519") == 1


@pytest.mark.parametrize(("atomic", "found"), [(True, 1), (False, 0)])
def test_locks_add_up_in_a_transaction_only(shelf: Shelf, atomic: bool, found: int) -> None:
    shelf.add(f"{index('thing', 'code')}\n{index('part', 'amount')}", f"atomic = {atomic}")
    assert count(shelf, "LM107", Engine.DJANGO) == found


@pytest.mark.parametrize(("operation", "found"), [("migrations.AddIndex", 1), ("pg.AddIndexConcurrently", 0)])
def test_a_concurrent_build_asks_for_no_strong_lock(shelf: Shelf, operation: str, found: int) -> None:
    shelf.add(index("thing", "code").replace("migrations.AddIndex", operation), "atomic = False")
    assert count(shelf, "LM109", Engine.DJANGO) == found


@pytest.mark.parametrize(("stage", "found"), [("expand", 1), ("contract", 0)])
def test_required_columns_wait_for_the_release(shelf: Shelf, stage: str, found: int) -> None:
    shelf.add('migrations.AddField("thing", "must", models.IntegerField(default=1)),', f'stage = "{stage}"')
    assert count(shelf, "LM205") == found


def test_rows_beside_schema_are_told_once_a_table(shelf: Shelf) -> None:
    rows = "migrations.RunSQL('UPDATE {label}_thing SET n = 1 WHERE id = 1', ''),\n"
    shelf.add('migrations.AddField("thing", "x", models.IntegerField(null=True)),\n' + rows * 2)
    assert count(shelf, "LM305") == 1


@pytest.mark.parametrize(("before", "found"), [("", 1), ('live.FillColumn("thing", "n", Value(0)),', 0)])
def test_a_column_that_was_filled_in_batches_has_no_null_left(shelf: Shelf, before: str, found: int) -> None:
    if before:
        shelf.add(before)
    shelf.add('migrations.AlterField("thing", "n", models.IntegerField(default=0)),')
    assert count(shelf, "LM304", Engine.DJANGO) == found


@pytest.mark.parametrize(("default", "found"), [("", 0), (" DEFAULT 1", 1), (" NOT NULL", 1)])
def test_a_key_over_nothing_is_not_checked_row_by_row(shelf: Shelf, default: str, found: int) -> None:
    column = f"ADD COLUMN o bigint{default} REFERENCES {{label}}_thing (id)"
    shelf.add(f"migrations.RunSQL('ALTER TABLE {{label}}_part {column}', 'SELECT 1'),")
    assert count(shelf, "LM103", Engine.DJANGO) == found


@pytest.mark.parametrize(("first", "found"), [("", 1), ("CREATE TABLE fresh (n int); ", 0)])
def test_a_table_that_may_have_been_there_is_new_only_if_this_run_made_it(shelf: Shelf, first: str, found: int) -> None:
    rest = "CREATE TABLE IF NOT EXISTS fresh (n int); CREATE INDEX fresh_n ON fresh (n)"
    shelf.add(f"migrations.RunSQL('{first}{rest}', 'DROP TABLE fresh'),")
    assert count(shelf, "LM101", Engine.DJANGO) == found


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (
            'migrations.AlterField("thing", "code", models.CharField(max_length=10, unique=True)),',
            'migrations.AlterField("thing", "code", models.CharField(max_length=10)),',
        ),
        (
            'migrations.AlterField("thing", "n", models.IntegerField(null=True, db_index=True)),',
            'migrations.AlterField("thing", "n", models.IntegerField(null=True)),',
        ),
        (
            'migrations.AddField("thing", "next", models.ForeignKey("thing", models.CASCADE, null=True)),',
            'migrations.AlterField("thing", "next", models.ForeignKey("thing", models.CASCADE, null=True, db_constraint=False)),',
        ),
    ],
    ids=["unique", "index", "key"],
)
def test_what_a_field_brought_goes_with_it(shelf: Shelf, first: str, then: str) -> None:
    shelf.add(first)
    assert count(shelf, "LM211") == 0
    shelf.add(then)
    assert count(shelf, "LM211") == 1


PYTHON = """
def fill(apps, editor):
    apps.get_model("{label}", "Thing").objects.update(n=1)
"""


@pytest.mark.parametrize(
    ("whole", "own", "engine", "found"),
    [
        (True, None, Engine.LIVE, 1), (False, None, Engine.LIVE, 0), (False, True, Engine.LIVE, 1),
        (True, False, Engine.LIVE, 0), (True, False, Engine.DJANGO, 1), (False, False, Engine.DJANGO, 0),
    ],
)  # fmt: skip
def test_whose_transaction_rows_are_changed_in(
    shelf: Shelf, whole: bool, own: bool | None, engine: Engine, found: int
) -> None:
    """Django's is the whole migration's, whatever an operation says of itself."""
    code = f"migrations.RunPython(fill, migrations.RunPython.noop, atomic={own}),"
    shelf.add(code, f"atomic = {whole}", PYTHON)
    assert count(shelf, "LM306", engine) == found


MANY = """
# lint: allow LM502 because they never grow
migrations.CreateModel(
    "New",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("size", models.IntegerField()),
    ],
),
"""


def test_a_comment_above_an_operation_covers_every_line_of_it(shelf: Shelf) -> None:
    shelf.add(MANY)
    [finding] = [finding for finding in shelf.found(enable=("LM502",)) if finding.rule.id == "LM502"]
    assert shelf.newest.read_text().splitlines()[finding.place.line - 1].strip().startswith('("size"')
    assert finding.allowed == "they never grow"
