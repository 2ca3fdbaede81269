"""What a check answers, and the form that most checks have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from livemigrations.review.lint.effects import Change, Effect
from livemigrations.review.lint.history import Step
from livemigrations.review.lint.sources import Source, Span
from livemigrations.statements.tokens import tokens


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule's id, what it is about and what is wrong; ``span`` and ``source`` where it is not the operation's.

    ``names`` are those by which the lines inside of the operation are found.
    """

    rule: str
    message: str
    subject: str = ""
    span: Span | None = None
    source: Source | None = None
    names: tuple[str, ...] = ()


type StepCheck = Callable[[Step], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class On:
    """A check of single effects: on what traffic may know, unless ``anywhere``.

    ``message`` is a format string over the effect, ``c``.
    """

    rule: str
    effects: tuple[Effect, ...]
    message: str
    when: Callable[[Step, Change], bool] = lambda step, change: True
    anywhere: bool = False

    def __call__(self, step: Step) -> Iterator[Hit]:
        for change in step.changes:
            if change.effect in self.effects and (self.anywhere or change.existing) and self.when(step, change):
                subject = change.subject or brief(change.sql)
                yield Hit(self.rule, self.message.format(c=change), subject, names=names_of(change))


@dataclass(frozen=True, slots=True)
class Words:
    """A check of statements by their keywords: ``pattern`` is searched in the statement in upper case, its names too,
    with one blank between tokens and strings as ``?``.
    """

    rule: str
    pattern: str
    message: str
    when: Callable[[Step, Change], bool] = lambda step, change: True

    def __call__(self, step: Step) -> Iterator[Hit]:
        found: set[str] = set()  # one statement may have several effects
        for change in step.changes:
            new = change.sql and change.sql not in found
            if new and re.search(self.pattern, words(change.sql)) and self.when(step, change):
                found.add(change.sql)
                yield Hit(self.rule, self.message.format(sql=brief(change.sql)), change.subject or brief(change.sql))


def names_of(change: Change) -> tuple[str, ...]:
    """What the object of an effect may be called in the file."""
    return tuple(name for name in (change.name, change.name.removesuffix("_id")) if name)


@cache
def words(sql: str) -> str:
    """A statement in upper case with one blank between its tokens; strings are question marks."""
    return " ".join("?" if token.kind == "string" else token.text.upper() for token in tokens(sql))


def brief(sql: str) -> str:
    """A statement on one line, cut to fit."""
    text = " ".join(sql.split())
    return text if len(text) <= 80 else text[:79] + "…"
