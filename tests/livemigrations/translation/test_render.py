"""Proposed code can be compiled and run, also where it names a function of a migration."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from django.db import migrations, models

from livemigrations import operations as live
from livemigrations.translation.parts import Work, expand
from livemigrations.translation.render import proposal


@pytest.mark.parametrize("path", ["shop.migrations.0002_fill", "shop.migrations.0002", "shop.0002_x.rules"])
@pytest.mark.parametrize("name", ["default_of", "Rules.default_of"])
def test_a_function_of_a_migration(monkeypatch: pytest.MonkeyPatch, path: str, name: str) -> None:
    module = ModuleType(path)
    parts = path.split(".")
    for number in range(1, len(parts)):
        monkeypatch.setitem(sys.modules, ".".join(parts[:number]), ModuleType(".".join(parts[:number])))
    monkeypatch.setitem(sys.modules, path, module)

    class Rules:
        @staticmethod
        def default_of() -> int:
            return 7

    Rules.__module__, Rules.__qualname__ = path, "Rules"
    Rules.default_of.__module__, Rules.default_of.__qualname__ = path, name
    vars(module).update(Rules=Rules, default_of=Rules.default_of)
    operation = migrations.AddField("Dish", "n", models.IntegerField(default=Rules.default_of))
    code = proposal((expand(Work.SCHEMA, operation),))
    head, _, body = code.partition("migrations.AddField(")
    names: dict[str, Any] = {"migrations": migrations, "models": models, "live": live}
    exec(compile(f"{head}\nmade = [migrations.AddField({body}]", "<proposal>", "exec"), names)  # noqa: S102 - code of our own
    made = names["made"]
    assert made[0].field.default() == 7
