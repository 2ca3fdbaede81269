"""Checks of the files themselves."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.migrations import RunPython, RunSQL

from livemigrations.own_apps import own_apps
from livemigrations.review.lint.checks.hits import Hit, StepCheck
from livemigrations.review.lint.code import code_of
from livemigrations.review.lint.history import Chapter, Step


def irreversible(step: Step) -> Iterator[Hit]:
    """Operations that cannot be undone."""
    if not step.operation.reversible:
        name = type(step.operation).__name__
        missing = {"RunPython": "reverse_code", "RunSQL": "reverse_sql"}.get(name, "a way back")
        yield Hit("LM401", f"{name} has no {missing}: migrating back stops here.")


def empty_reverse(step: Step) -> Iterator[Hit]:
    """Operations whose way back does nothing, though the way forth does something."""
    operation = step.operation
    if isinstance(operation, RunPython) and step.python is not None and operation.reverse_code is RunPython.noop:
        yield Hit("LM402", "The way back is RunPython.noop.")
    elif isinstance(operation, RunSQL) and operation.sql != RunSQL.noop and operation.reverse_sql == RunSQL.noop:
        yield Hit("LM402", "The way back is RunSQL.noop.")


def live_models(step: Step) -> Iterator[Hit]:
    """Models of the code as it is now, used by the Python of a migration."""
    if not isinstance(step.operation, RunPython):
        return
    for code in (step.operation.code, step.operation.reverse_code):
        if code is None or code is RunPython.noop:
            continue
        found = code_of(code)
        for name, span in found.live.items():
            yield Hit("LM403", f"{name} is the model of today, not that of this migration.", name, span, found.source)


def loose_dependencies(chapter: Chapter) -> Iterator[Hit]:
    """Dependencies that mean another migration tomorrow, or too little.

    ``swappable_dependency`` has no other way and is left out, and so are the first migrations of installed packages,
    whose names are theirs to change.
    """
    span = chapter.source.attribute("dependencies")
    own = own_apps()
    for dependency in chapter.migration.dependencies:
        loose = dependency[1] == "__latest__" or (dependency[1] == "__first__" and dependency[0] in own)
        if loose and not getattr(dependency, "setting", None):
            yield Hit("LM404", f"It depends on {dependency[0]}.{dependency[1]}.", ".".join(dependency), span)


def merges(chapter: Chapter) -> Iterator[Hit]:
    """Migrations with two parents in their own app."""
    app = chapter.migration.app_label
    parents = [name for label, name in chapter.migration.dependencies if label == app]
    if len(parents) > 1:
        span = chapter.source.attribute("dependencies")
        yield Hit("LM406", f"It joins {' and '.join(parents)}.", "", span)


def docstring(chapter: Chapter) -> Iterator[Hit]:
    """Files that say nothing about themselves."""
    if chapter.source.path is not None and not chapter.source.docstring:
        yield Hit("LM408", "The file has no docstring: why, what it locks and for how long, the way back?", "", (1, 1))


STEPS: list[StepCheck] = [irreversible, empty_reverse, live_models]
CHAPTERS = [loose_dependencies, merges, docstring]
