"""A rollback that rows forbid changes nothing, and an unchanged file is the same file in every process."""

from __future__ import annotations

import pytest

from tests.livemigrations.faithful.twins import Twins, compare

# The field before, the field after, and rows under which the way back is impossible.
FORBIDDEN = {
    "unique before": (
        "models.IntegerField(null=True, unique=True)",
        "models.IntegerField(default=4)",
        "UPDATE shop_dish SET z = 4",
    ),
    "narrower before": (
        "models.CharField(max_length=5, default='')",
        "models.CharField(max_length=50, default='', db_index=True)",
        "UPDATE shop_dish SET z = 'longer than five' WHERE id = 6",
    ),
    "not null before": (
        "models.IntegerField(default=4)",
        "models.IntegerField(null=True, db_index=True)",
        "UPDATE shop_dish SET z = NULL WHERE id = 6",
    ),
    "positive before": (
        "models.PositiveIntegerField(default=4)",
        "models.IntegerField(default=4, db_index=True)",
        "UPDATE shop_dish SET z = -4 WHERE id = 6",
    ),
    "key before": (
        'models.ForeignKey("Menu", models.CASCADE, null=True, db_column="z")',
        'models.BigIntegerField(null=True, db_column="z")',
        "UPDATE shop_dish SET z = 999999 WHERE id = 6",
    ),
}
CODE = """
import datetime


class Work:
    def __call__(self, apps, editor):
        pass
"""
UNIQUE = 'migrations.AlterField("Dish", "note", models.TextField(unique=True)),'
CHANGING = {
    "callable object": "migrations.RunPython(Work(), Work()),",
    "bound method": "migrations.RunPython(Work().__call__, Work().__call__),",
    "lambda": "migrations.RunPython(lambda apps, editor: None, lambda apps, editor: None),",
    "default computed when the file is read": """
        migrations.AddField("Dish", "born", models.DateTimeField(
            default=datetime.datetime.now(datetime.timezone.utc))),""",
    "set": 'migrations.RunSQL([("SELECT %s", [str({"a", "b", "c", "d", "e"})])], migrations.RunSQL.noop),',
}


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new", "rows"), FORBIDDEN.values(), ids=[name.replace(" ", "-") for name in FORBIDDEN])
def test_a_rollback_that_rows_forbid(pair: Twins, old: str, new: str, rows: str) -> None:
    pair.migration(f'migrations.AddField("Dish", "z", {old}),')
    pair.faithful()
    pair.migration(f'migrations.AlterField("Dish", "z", {new}),')
    pair.faithful()
    pair.sql(rows)
    before = pair.live.state()
    plain, live = pair.both("shop", "0002")
    if plain.code == 0:
        compare(before, plain, live)
        return
    assert live.code != 0, live.output
    assert "Traceback" not in live.output
    lost = [line for line in live.state.differences(before) if not line.startswith("indexes ")]
    assert not lost, "a rule is gone while the rollback is half done:\n" + "\n".join(lost)
    again = pair.live.run()
    assert again.code == 0, f"the way forward is barred after a rollback that failed:\n{again.output}"
    assert again.state.differences(before) == []


@pytest.mark.slow
@pytest.mark.parametrize("operation", CHANGING.values(), ids=[name.replace(" ", "-") for name in CHANGING])
def test_an_unchanged_file_is_not_edited(pair: Twins, operation: str) -> None:
    """Two rows stop the migration half-way. When they are corrected it goes on, in a process of its own."""
    pair.sql("UPDATE shop_dish SET note = 'same' WHERE id < 3")
    pair.migration(operation + UNIQUE, code=CODE)
    plain, live = pair.both()
    assert plain.code != 0
    assert live.code != 0
    pair.sql("UPDATE shop_dish SET note = 'n1' WHERE id = 1")
    for twin in pair:
        twin.ignoring = ("shop_dish",)
    pair.faithful()
    pair.faithful("shop", "0001")


@pytest.mark.slow
@pytest.mark.parametrize("operation", CHANGING.values(), ids=[name.replace(" ", "-") for name in CHANGING])
def test_a_half_applied_migration_can_be_taken_back(pair: Twins, operation: str) -> None:
    pair.sql("UPDATE shop_dish SET note = 'same' WHERE id < 3")
    before = pair.live.state()
    pair.migration(operation + UNIQUE, code=CODE)
    assert pair.live.run().code != 0
    live = pair.live.run("shop", "0001")
    assert live.code == 0, live.output
    assert live.state.differences(before) == []
