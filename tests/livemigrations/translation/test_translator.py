"""The translator: a function of operation and state, that leaves alone what is safe."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import OperationWriter
from django.db.models.expressions import RawSQL
from django.db.models.functions import UUID7, Cast, Lower, Now, Random, TruncDate

from core.db.functions import TransactionNow
from livemigrations import operations as live
from livemigrations.translation import Stage, Work, from_django, writes_rows
from livemigrations.translation.defaults import is_volatile
from livemigrations.translation.render import proposal
from livemigrations.translation.types import type_of

KEY = models.BigAutoField(primary_key=True)


@pytest.fixture
def state() -> ProjectState:
    state = ProjectState()
    fields: list[Any] = [
        ("id", KEY),
        ("n", models.IntegerField(null=True)),
        ("code", models.CharField(max_length=20)),
        ("other", models.ForeignKey("shop.thing", models.CASCADE, null=True, db_constraint=False)),
    ]
    for made in (
        migrations.CreateModel("Thing", fields),
        migrations.CreateModel("Copy", [], options={"proxy": True}, bases=("shop.thing",)),
        migrations.CreateModel("Foreign", [("id", KEY), ("n", models.IntegerField())], options={"managed": False}),
        migrations.CreateModel("Person", [("id", KEY)], options={"swappable": "AUTH_USER_MODEL"}),
        migrations.CreateModel(
            "Lost", [("id", KEY), ("to", models.ForeignKey("shop.thing", models.CASCADE, to_field="gone"))]
        ),
    ):
        made.state_forwards("shop", state)
    return state


AS_THEY_ARE: list[Operation] = [
    migrations.AddField("thing", "x", models.IntegerField(null=True)),
    migrations.AddField("thing", "x", models.IntegerField(db_default=1)),
    migrations.AddField("thing", "x", models.ManyToManyField("shop.thing")),
    migrations.AddField("thing", "x", models.IntegerField(unique=True, default=1)),
    migrations.AlterField("thing", "n", models.IntegerField(null=True, help_text="x")),
    migrations.AlterField("thing", "code", models.CharField(max_length=30)),
    migrations.AlterField("thing", "code", models.CharField(max_length=20, null=True)),
    migrations.AlterModelOptions("thing", {"verbose_name": "x"}),
    migrations.AlterOrderWithRespectTo("thing", None),
    migrations.RemoveField("foreign", "n"),
    migrations.DeleteModel("Foreign"),
    migrations.DeleteModel("Person"),
    migrations.RemoveField("lost", "to"),
    migrations.DeleteModel("Copy"),
    migrations.RenameModel("Copy", "Other"),
    migrations.RunPython(migrations.RunPython.noop),
    migrations.RunSQL("SELECT 1"),
    AddIndexConcurrently("thing", models.Index(fields=["n"], name="i")),
    migrations.AddConstraint("thing", ExclusionConstraint(name="e", expressions=[("n", "=")])),
    live.AddIndex("thing", models.Index(fields=["n"], name="i")),
    live.AddForeignKey("thing", "other", models.ForeignKey("shop.thing", models.CASCADE, null=True)),
    live.DropColumn("thing", "z", models.IntegerField(null=True)),
]


@pytest.mark.parametrize("operation", AS_THEY_ARE, ids=lambda operation: str(operation.describe()))
def test_what_is_safe_or_unknown_stays(operation: Operation, state: ProjectState) -> None:
    parts = from_django(operation, state, "shop")
    assert [inner for part in parts for inner in part.operations] == [operation]
    assert all(part.exact for part in parts)


def test_the_state_is_left_alone(state: ProjectState) -> None:
    before = {key: dict(model.fields) for key, model in state.models.items()}
    for operation in (
        migrations.RemoveField("thing", "n"),
        migrations.DeleteModel("thing"),
        migrations.AlterField("thing", "n", models.TextField()),
        migrations.AddField("thing", "u", models.UUIDField(default=uuid.uuid4)),
    ):
        first, second = (proposal(from_django(operation, state, "shop")) for _ in range(2))
        assert first == second
    assert {key: dict(model.fields) for key, model in state.models.items()} == before


VOLATILE: list[Any] = [
    RandomUUID(),
    UUID7(),
    Random(),
    RawSQL("nextval('s')", []),
    models.Func(function="my_own"),
    Cast(RandomUUID(), models.TextField()),
    Lower(Cast(Random(), models.TextField())),
]
STEADY: list[Any] = [5, "x", models.Value(5), Now(), TransactionNow(), TruncDate(Now()), Lower(models.Value("X"))]


@pytest.mark.parametrize("default", VOLATILE, ids=repr)
def test_volatile_defaults(default: Any, state: ProjectState) -> None:
    assert is_volatile(default)
    operation = migrations.AddField("thing", "x", models.TextField(db_default=default))
    assert writes_rows(operation, state, "shop")
    parts = from_django(operation, state, "shop")
    assert [(part.stage, part.work) for part in parts] == [
        (Stage.EXPAND, Work.SCHEMA),
        (Stage.EXPAND, Work.ROWS),
        (Stage.EXPAND, Work.NOT_NULL),
    ]


@pytest.mark.parametrize("default", STEADY, ids=repr)
def test_steady_defaults(default: Any, state: ProjectState) -> None:
    assert not is_volatile(default)
    operation = migrations.AddField("thing", "x", models.TextField(db_default=default))
    assert not writes_rows(operation, state, "shop")


@pytest.mark.parametrize(
    ("name", "field", "stages"),
    [
        ("code", models.IntegerField(), [Stage.CONTRACT]),
        ("n", models.BigIntegerField(null=True), [Stage.EXPAND]),
        ("n", models.BigIntegerField(default=1), [Stage.EXPAND, Stage.EXPAND, Stage.CONTRACT]),
    ],
)
def test_a_change_of_type(name: str, field: models.Field[Any, Any], stages: list[Stage], state: ProjectState) -> None:
    parts = from_django(migrations.AlterField("thing", name, field), state, "shop")
    assert [part.stage for part in parts] == stages
    assert all(part.exact for part in parts)
    assert parts[0].work == Work.TYPE
    assert "would rewrite the table" in parts[0].why
    assert "live.ChangeColumnType(" in proposal(parts)


@pytest.mark.parametrize(
    ("operation", "named"),
    [
        (migrations.AddField("thing", "at", models.DateTimeField(db_default=Now())), "db_default=Now()"),
        (
            migrations.AddField("thing", "u", models.TextField(db_default=Cast(RandomUUID(), models.TextField()))),
            "Cast(",
        ),
        (migrations.AddField("thing", "u", models.UUIDField(default=uuid.uuid4)), "default=uuid.uuid4"),
        (migrations.AddField("thing", "t", models.TextField(default="django.db.models.functions.Now")), "s.Now'"),
        (
            migrations.AddField("thing", "o", models.ForeignKey("shop.thing", models.CASCADE, default=1)),
            "on_delete=models.CASCADE",
        ),
    ],
    ids=str,
)
def test_a_proposal_can_be_pasted(operation: Any, named: str, state: ProjectState) -> None:
    """Into a migration that has ``migrations``, ``models`` and ``live``: what else it names it imports."""
    text = proposal(from_django(operation, state, "shop"))
    assert named in text
    head = re.findall(r"^(?:from|import) .*$", text, re.MULTILINE)
    assert text.startswith("\n".join(head)), "imports come first"
    body = text.removeprefix("\n".join(head))
    names = {"migrations": migrations, "models": models, "live": live}
    exec("\n".join(head), names)  # noqa: S102 - what a migration file would do
    pasted = eval(f"[{body}\n]", names)
    written = [inner for part in from_django(operation, state, "shop") for inner in part.operations]
    assert [OperationWriter(one).serialize() for one in pasted] == [OperationWriter(one).serialize() for one in written]


def test_every_part_that_changes_something_says_why(state: ProjectState) -> None:
    for operation in (
        migrations.AddField("thing", "x", models.ForeignKey("shop.thing", models.CASCADE, default=1)),
        migrations.AlterField("thing", "n", models.IntegerField(default=1)),
        migrations.RemoveField("thing", "n"),
        migrations.RenameField("thing", "n", "m"),
    ):
        assert all(part.why for part in from_django(operation, state, "shop"))


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        (models.CharField(max_length=9), "character varying(9)"),
        (models.DecimalField(max_digits=8, decimal_places=2), "numeric(8,2)"),
        (models.BigAutoField(primary_key=True), "bigint"),
        (models.DateTimeField(), "timestamp with time zone"),
        (models.ManyToManyField("shop.thing"), ""),
    ],
)
def test_types_as_postgresql_spells_them(field: models.Field[Any, Any], kind: str) -> None:
    assert type_of(field) == kind


def test_a_key_is_added_when_its_column_is_there(state: ProjectState) -> None:
    """Within ADD COLUMN it would look up every row under the locks of two tables."""
    key = models.ForeignKey("shop.thing", models.CASCADE, null=True)
    column, added = from_django(migrations.AddField("thing", "o", key), state, "shop")
    assert column.operations[0].field.db_constraint is False  # type: ignore[attr-defined]
    assert (added.work, [type(one) for one in added.operations]) == (Work.KEY, [live.AddForeignKey])
