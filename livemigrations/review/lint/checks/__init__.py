"""The checks behind the rules, in the families of the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from livemigrations.review.lint.checks import beyond_django, design, files, locks, refused, releases, rows
from livemigrations.review.lint.checks.hits import Hit, StepCheck
from livemigrations.review.lint.history import Chapter, Step

STEP_CHECKS: list[StepCheck] = [
    *refused.STEPS,
    beyond_django.comments,
    *locks.STEPS,
    *releases.STEPS,
    *rows.STEPS,
    *files.STEPS,
    *design.STEPS,
]
STEPS_OF_CHAPTER_CHECKS: list[Callable[[Chapter], Iterator[tuple[Step, Hit]]]] = [
    beyond_django.states,
    *locks.CHAPTERS,
    *releases.CHAPTERS,
    *rows.CHAPTERS,
]
CHAPTER_CHECKS: list[Callable[[Chapter], Iterator[Hit]]] = list(files.CHAPTERS)
