"""Tables by the names that Django gives them, also where it has to shorten one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.db import migrations, models
from django.db.migrations.state import ModelState, ProjectState

from livemigrations.engine.breaking import Known, breaks
from livemigrations.engine.expansion import taken_apart
from livemigrations.engine.touched import table_of
from livemigrations.statements.names import Name

MODEL = "AModelWhoseNameIsSoLongThatTheNameOfItsTableHasToBeShortened"
FIELDS: list[tuple[str, Any]] = [("id", models.BigAutoField(primary_key=True))]


def _state() -> ProjectState:
    state = ProjectState()
    state.add_model(ModelState("shop", MODEL, [(name, field.clone()) for name, field in FIELDS]))
    return state


def _table(state: ProjectState) -> str:
    table = str(state.apps.get_model("shop", MODEL)._meta.db_table)
    assert len(table) == 63
    return table


def test_the_table_of_a_model() -> None:
    state = _state()
    assert table_of(state, ("shop", MODEL.lower())) == _table(state)


def test_a_table_that_the_release_before_does_not_know() -> None:
    known = Known.of(ProjectState())
    known.learn(migrations.CreateModel(MODEL, FIELDS), "shop")
    assert not breaks(migrations.RunSQL(f"DROP TABLE {_table(_state())}"), "shop", known)


def test_a_large_table_is_found() -> None:
    before = _state()
    asked: list[Name] = []

    def find(table: Name) -> None:
        asked.append(table)

    around: Any = SimpleNamespace(find=find, long_locks_allowed=False)
    operation = migrations.AddField(MODEL, "n", models.IntegerField(null=True))
    after = before.clone()
    operation.state_forwards("shop", after)
    taken_apart(around, "shop", operation, before, after, backwards=False)
    assert asked == [Name("", _table(before))]
