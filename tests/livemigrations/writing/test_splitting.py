"""How changes are split: one kind of work a file, contracts last, and nothing left to detect."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations import Migration
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.operations.base import Operation
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState

from livemigrations.translation import Work
from livemigrations.writing.splitting import Notes, split
from livemigrations.writing.writer import SafeMigrationWriter
from tests.livemigrations.writing.changes import CHANGES, HEAD, ONE, meta, models_of, more, other
from tests.livemigrations.writing.states import SafeAutodetector, applied, detected, state_of

# The kinds of work of the files that a change is written as; a star marks those of the stage contract.
WRITTEN = {
    "nullable column": "schema",
    "column with a default": "schema, default*",
    "text that may be blank": "schema, default*",
    "column with a default in the database": "schema",
    "json with an empty default": "schema, default*",
    "default of each row's own": "schema, rows, not null",
    "uuid of each row's own": "schema, rows, not null, default*",
    "code of each row's own": "schema, rows, rows*, not null*",
    "default that Python makes": "schema, not null*",
    "touched by itself": "schema, default*",
    "unique column": "schema",
    "foreign key": "schema, foreign key",
    "foreign key with a default": "schema, foreign key, default*",
    "many to many": "schema",
    "null off": "rows, not null*",
    "null off, and unique": "schema, rows, not null*",
    "null on": "schema",
    "unique on": "constraint",
    "index on": "index",
    "default of the database off": "default*",
    "key on": "foreign key",
    "column goes": "schema, drop*",
    "many to many goes": "schema, drop*",
    "index": "index",
    "index goes": "remove",
    "check": "constraint",
    "unique of two": "constraint",
    "constraint goes": "remove",
    "unique together": "constraint",
    "unique together goes": "remove",
    "options only": "schema",
    "new model": "schema",
    "model goes": "schema, drop*",
    "indexed model goes": "schema, drop*",
    "key and its model go": "schema, drop*",
    "child goes": "schema, drop*",
    "several at once": "schema, type, index, foreign key, constraint, drop*",
}


def works(*, before: str, after: str, renamed: bool = False) -> str:
    found = detected(state_of(before), state_of(after), renamed=renamed)
    notes: list[Notes] = [vars(migration)["notes"] for migration in found]
    return ", ".join(f"{note.work.value}{'*' * (note.stage == 'contract')}" for note in notes)


@pytest.mark.parametrize("name", CHANGES)
def test_nothing_is_left_to_detect(name: str) -> None:
    before, after = state_of(models_of(0, name)), state_of(models_of(1, name))
    found = detected(before, after)
    assert found
    assert detected(applied(before, found), after) == []
    for migration in found:
        for operation in migration.operations:
            operation.state_forwards("shop", before)
            assert before.clone().apps.get_models()
        text = SafeMigrationWriter(migration).as_string()
        compile(text, migration.name, "exec")
        assert text.count('"""') == 2


@pytest.mark.parametrize(("name", "expected"), WRITTEN.items(), ids=WRITTEN)
def test_a_file_for_each_kind_of_work(name: str, expected: str) -> None:
    assert works(before=models_of(0, name), after=models_of(1, name)) == expected


def test_renames_are_contracts_and_say_what_they_break() -> None:
    before, after = HEAD + ONE.format(m="Cart"), HEAD + ONE.format(m="Cart").replace("    a =", "    z =")
    found = detected(state_of(before), state_of(after), renamed=True)
    assert [vars(migration)["notes"].work for migration in found] == [Work.RENAME]
    assert 'db_column="a"' in SafeMigrationWriter(found[0]).as_string()
    kept = after.replace("z = models.IntegerField()", 'z = models.IntegerField(db_column="a")')
    assert works(before=before, after=kept, renamed=True) == "schema"
    assert works(before=before, after=before.replace("Cart", "Basket"), renamed=True) == "rename*"


def test_what_builds_on_a_contract_comes_after_it() -> None:
    """A column that takes the place of one that goes waits until it is gone."""
    before = HEAD + ONE.format(m="Cart") + "    b = models.IntegerField()\n"
    after = HEAD + ONE.format(m="Cart") + '    c = models.TextField(db_column="b", null=True)\n'
    assert works(before=before, after=after) == "schema, drop*, schema"


def test_a_table_of_many_to_many_that_another_needs() -> None:
    """The new one has the name of the old one, which stands until the contract."""
    before = HEAD + ONE.format(m="Cart") + "    many = models.ManyToManyField(Place, related_name='+')\n"
    assert works(before=before, after=before.replace("(Place", "(Label")) == "schema, drop*, schema"
    model = HEAD + "class Other(models.Model):\n    pass\n" + ONE.format(m="Cart")
    own = "    many = models.ManyToManyField(Place, related_name='+', db_table='links')\n"
    assert works(before=model + own, after=model.replace("pass", own.strip())) == "schema, drop*, schema"


def test_a_name_of_an_index_that_another_table_needs() -> None:
    before = HEAD + ONE.format(m="Cart") + meta('indexes = [models.Index(fields=["a"], name="by_a")]')[1][len(ONE) :]
    assert works(before=before, after=before.replace("Cart", "Basket")) == "remove, schema, drop*"
    assert works(before=before, after=before.replace("Cart", "Basket").replace("by_a", "b_by_a")) == "schema, drop*"


def test_a_proxy_of_a_renamed_model_comes_after_the_rename() -> None:
    """It names its base and has no field that points there."""
    before, after = HEAD + ONE.format(m="Cart"), HEAD + ONE.format(m="Basket")
    proxy = "\nclass Full(Basket):\n    class Meta:\n        proxy = True\n"
    found = detected(state_of(before), state_of(after + proxy), renamed=True)
    assert [vars(migration)["notes"].work for migration in found] == [Work.RENAME, Work.SCHEMA]
    assert applied(state_of(before), found).apps.get_model("shop", "Full")._meta.proxy


def test_a_model_that_goes_keeps_what_stands_on_its_table() -> None:
    """The previous release still reads by the indexes, and the way back has to make them again."""
    name = "indexed model goes"
    model = f"M{list(CHANGES).index(name)}"
    *_, last = detected(state_of(models_of(0, name)), state_of(models_of(1, name)))
    (drop,) = last.operations
    assert [index.name for index in drop.options["indexes"]] == [f"{model}_i"]  # type: ignore[attr-defined]
    assert [one.name for one in drop.options["constraints"]] == [f"{model}_u", f"{model}_c"]  # type: ignore[attr-defined]
    *_, last = detected(state_of(models_of(0, "model goes")), state_of(models_of(1, "model goes")))
    assert last.operations[-1].options["unique_together"] == {("a", "place")}  # type: ignore[attr-defined]


def test_what_the_new_release_needs_does_not_wait_for_a_contract_that_it_has_nothing_to_do_with() -> None:
    place = "    place = models.ForeignKey(Place, models.CASCADE, related_name='+')\n"
    before = HEAD + ONE.format(m="Cart") + place + "    b = models.IntegerField()\n"
    options = "order_with_respect_to = 'place'\n        db_table_comment = 'x'\n        verbose_name = 'y'"
    after = HEAD + ONE.format(m="Cart") + place + f"\n    class Meta:\n        {options}\n"
    assert works(before=before, after=after) == "schema, default*, drop*"
    added = Migration("auto_1", "shop")
    field = models.IntegerField(default=1)
    vars(added)["operations"] = [migrations.AddField("cart", "n", field), Unknown("cart")]
    files = split({"shop": [added]}, state_of(before), {"shop"})["shop"]
    assert [type(one) for one in files[0].operations] == [migrations.AddField, Unknown]
    assert len(files) == 2


def test_work_of_a_later_kind_that_comes_first_stays_first() -> None:
    """Types are changed before indexes are built, but not before one that is built over the old type."""
    whole = Migration("auto_1", "shop")
    index = migrations.AddIndex("cart", models.Index(fields=["a"], name="i"))
    vars(whole)["operations"] = [index, migrations.AlterField("cart", "a", models.BigIntegerField())]
    files = split({"shop": [whole]}, state_of(HEAD + ONE.format(m="Cart")), {"shop"})["shop"]
    assert [vars(migration)["notes"].work for migration in files] == [Work.INDEX, Work.TYPE]


def test_what_would_wait_for_itself_is_not_split() -> None:
    """Another app's migration stands between two of an app, and a part of the first would come behind the second."""
    first, second, between = Migration("auto_1", "shop"), Migration("auto_2", "shop"), Migration("auto_1", "other")
    index = migrations.AddIndex("cart", models.Index(fields=["a"], name="i"))
    vars(first)["operations"] = [index, migrations.AlterField("cart", "a", models.BigIntegerField())]
    vars(second)["operations"] = [migrations.AddField("cart", "n", models.IntegerField(null=True))]
    vars(between)["dependencies"] = [("shop", "auto_1")]
    vars(second)["dependencies"] = [("shop", "auto_1"), ("other", "auto_1")]
    changes = {"shop": [first, second], "other": [between]}
    assert split(changes, state_of(HEAD + ONE.format(m="Cart")), {"shop"}) is changes


def test_keys_to_one_table_do_not_wait_for_each_other() -> None:
    names, place = (
        ("Cart", "Basket"),
        "    place = models.ForeignKey(Place, models.CASCADE, null=True, related_name='+')\n",
    )
    before, after = (HEAD + "".join(ONE.format(m=name) + line for name in names) for line in ("", place))
    assert works(before=before, after=after) == "schema, foreign key"


class Unknown(Operation):
    """One of another package, on a model."""

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing."""


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("b = models.IntegerField()", "b = models.IntegerField(help_text='x', choices=[(1, 'one')])", "nothing: only"),
        ("b = models.IntegerField()", "b = models.BigIntegerField()", "for milliseconds, when the new column"),
        ("b = models.IntegerField()", "b = models.IntegerField(db_comment='x')", "for milliseconds each"),
    ],
)
def test_the_docstring_tells_the_locks(before: str, after: str, said: str) -> None:
    old, new = other(before, after)
    (found,) = detected(state_of(HEAD + old.format(m="Cart")), state_of(HEAD + new.format(m="Cart")))
    assert f"Locks: {said}" in SafeMigrationWriter(found).as_string().replace("ACCESS EXCLUSIVE on shop_cart ", "")


def test_the_docstring_tells_the_locks_of_what_is_built_under_them() -> None:
    stored = "b = models.GeneratedField(expression=F('a') + 1, output_field=models.IntegerField(), db_persist=True)"
    exclusion = "from django.contrib.postgres.constraints import ExclusionConstraint\n"
    for before, after in (
        more(stored),
        meta("constraints = [ExclusionConstraint(name='x', expressions=[('a', '=')])]"),
    ):
        (found,) = detected(*(state_of(HEAD + exclusion + text.format(m="Cart")) for text in (before, after)))
        assert "for as long as every row takes" in " ".join(SafeMigrationWriter(found).as_string().split())


def test_a_key_of_two_names_its_parts_by_what_is_left_of_them() -> None:
    key = "    place = models.ForeignKey(Place, models.CASCADE)\n    pk = models.CompositePrimaryKey('a', 'place_id')\n"
    *_, last = detected(state_of(HEAD + ONE.format(m="Cart") + key), state_of(HEAD))
    (drop,) = last.operations
    fields = dict(drop.fields)  # type: ignore[attr-defined]
    assert fields["pk"].field_names == ("a", "place")
    assert fields["place"].db_column == "place_id"


def test_a_new_app_stays_in_one_file() -> None:
    after = state_of(models_of(1))
    found = SafeAutodetector(ProjectState(), after, MigrationQuestioner({"ask_initial": True})).changes(
        MigrationGraph()
    )["shop"]
    assert [migration.name for migration in found] == ["0001_initial"]
    assert "Locks: nothing that traffic knows" in SafeMigrationWriter(found[0]).as_string()


def fields(**more: Any) -> list[tuple[str, Any]]:
    return [("id", models.BigAutoField(primary_key=True)), *more.items()]


def two_apps(*operations: tuple[str, Operation]) -> ProjectState:
    state = ProjectState()
    for label, operation in operations:
        operation.state_forwards(label, state)
    return state


def test_apps_that_depend_on_each_other() -> None:
    """A key moves to a new model of the other app, whose old model goes."""
    thing = migrations.CreateModel("Thing", fields(n=models.IntegerField()))
    kind = migrations.CreateModel("Kind", fields())
    old_key = models.ForeignKey("shop.thing", models.CASCADE)
    new_key = models.ForeignKey("shop.kind", models.CASCADE, null=True)
    seen = migrations.CreateModel("Seen", fields(box=models.ForeignKey("depot.box", models.CASCADE)))
    box = migrations.CreateModel("Box", fields(size=models.IntegerField(), thing=old_key))
    before = two_apps(("shop", thing), ("depot", box))
    after = two_apps(
        ("shop", kind),
        ("depot", migrations.CreateModel("Box", fields(size=models.TextField(), kind=new_key))),
        ("shop", seen),
    )
    graph = MigrationGraph()
    for label in ("shop", "depot"):
        graph.add_node((label, "0001_initial"), Migration("0001_initial", label))
    found = SafeAutodetector(before.clone(), after.clone(), MigrationQuestioner()).changes(graph)
    nodes = {(m.app_label, m.name): m for whole in found.values() for m in whole}
    depends = {key: [d for d in map(tuple, m.dependencies) if d in nodes] for key, m in nodes.items()}
    order = [nodes[key] for key in TopologicalSorter(depends).static_order()]
    assert len(order) >= 5
    reached = applied(before, order)
    assert SafeAutodetector(reached, after.clone(), MigrationQuestioner()).changes(graph) == {}
    contracts = {key for key, m in nodes.items() if vars(m).get("stage") == "contract"}
    assert len(contracts) == 3
    assert not any(contracts & set(depends[key]) for key in nodes.keys() - contracts)
