"""Checks of what Django itself cannot perform."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.db.migrations.state import ModelState

from livemigrations.engine.beyond_django import advance, refused_by_django
from livemigrations.errors import RefusedByDjango
from livemigrations.review.lint.checks.hits import Hit
from livemigrations.review.lint.history import Chapter, Step

# psycopg reads a percent sign in a statement as a placeholder, unless it is doubled.
_PLACEHOLDER = re.compile(r"(?<!%)(?:%%)*%(?!%)")


def states(chapter: Chapter) -> Iterator[tuple[Step, Hit]]:
    """Models that cannot be made. Those of the last state tell; only if they fail, each operation is tried."""
    if not chapter.steps or _why_not(chapter.steps[-1], at_once=True) is None:
        return
    for step in chapter.steps:
        if why := _why_not(step, at_once=False) or _why_not(step, at_once=True):
            yield step, Hit("LM018", str(why).partition("\n")[0])
            return


def _why_not(step: Step, *, at_once: bool) -> RefusedByDjango | None:
    """Why the models after a step cannot be made: all ``at_once``, as a later run makes them, or from those before."""
    try:
        if at_once:
            with refused_by_django(step.operation):
                step.scene.after.clone().apps  # noqa: B018 - rendered
        else:
            before = step.scene.before.clone()
            with refused_by_django(step.operation):
                before.apps  # noqa: B018
            advance(step.operation, step.scene.app, before)
    except RefusedByDjango as error:
        return error
    return None


def comments(step: Step) -> Iterator[Hit]:
    """Comments whose percent signs are taken for placeholders."""
    before = _comments(step.scene.before.models)
    for subject, comment in _comments(step.scene.after.models).items():
        if before.get(subject) != comment and _PLACEHOLDER.search(comment):
            what = f"Django cannot do this ({step.operation.describe()})"
            yield Hit("LM018", f"{what}: it hands the comment {comment!r} to the driver with a placeholder.", subject)


def _comments(models: dict[tuple[str, str], ModelState]) -> dict[str, str]:
    found: dict[str, str] = {}
    for (app, name), model in models.items():
        options: dict[str, Any] = model.options
        if comment := options.get("db_table_comment"):
            found[f"{app}.{name}"] = str(comment)
        for field_name, field in model.fields.items():
            if comment := getattr(field, "db_comment", None):
                found[f"{app}.{name}.{field_name}"] = str(comment)
    return found
