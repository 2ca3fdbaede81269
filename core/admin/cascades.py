"""The rows that PostgreSQL deletes, and the foreign keys that it sets to NULL, when other rows are deleted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Model, Q, QuerySet
from django.db.models.fields.reverse_related import ForeignObjectRel


@dataclass(frozen=True)
class Deleted:
    """The rows of one model that are deleted along; each row is counted once, however many foreign keys reach it."""

    model: type[Model]
    rows: QuerySet[Any]
    count: int


@dataclass(frozen=True)
class Unlinked:
    """The rows of one model that stay and lose the value of one foreign key."""

    model: type[Model]
    field: models.Field[Any, Any]
    rows: QuerySet[Any]
    count: int


@dataclass(frozen=True)
class Consequences:
    """Everything that deleting some rows does to other rows."""

    deleted: list[Deleted]
    unlinked: list[Unlinked]


def consequences(model: type[Model], keys: Iterable[Any]) -> Consequences:
    """Return what deleting the rows of ``model`` with the primary keys ``keys`` does by ``ON DELETE``."""
    reach = _Reach(model, list(keys))
    deleted = [Deleted(one, rows, count) for one in reach.models if (count := (rows := reach.rows(one)).count())]
    gone = {model, *(one.model for one in deleted)}
    return Consequences(deleted, [one for source in gone for one in _unlinked(reach, source)])


def cascading(model: type[Model]) -> list[ForeignObjectRel]:
    """Return the relations whose rows PostgreSQL deletes together with the row of ``model`` that they point at."""
    return [one for one in model._meta.related_objects if one.on_delete is models.DB_CASCADE]


class _Reach:
    """The models that ``DB_CASCADE`` reaches from a root, and a condition for the rows of each."""

    def __init__(self, root: type[Model], keys: list[Any]) -> None:
        self.root, self.keys = root, keys
        self.models: list[type[Model]] = []
        waiting = [root]
        while waiting:
            for relation in cascading(waiting.pop(0)):
                if relation.related_model is not root and relation.related_model not in self.models:
                    self.models.append(relation.related_model)
                    waiting.append(relation.related_model)

    def condition(self, model: type[Model], above: tuple[type[Model], ...] = ()) -> Q:
        """Return the condition for the rows of ``model`` that go; a model in ``above`` is not followed again."""
        found = Q(pk__in=self.keys) if model is self.root else Q(pk__in=[])
        for source in (self.root, *self.models):
            if source in (model, *above) or source._meta.is_composite_pk:
                continue
            for relation in cascading(source):
                if relation.related_model is model:
                    found |= Q(**{f"{relation.field.name}__in": self.keys_of(source, (*above, model))})
        return found

    def rows(self, model: type[Model]) -> QuerySet[Any]:
        """Return the rows of ``model`` that go."""
        return QuerySet(model).filter(self.condition(model))

    def keys_of(self, source: type[Model], above: tuple[type[Model], ...]) -> Any:
        """Return the primary keys of the rows of ``source`` that go: a list for the root, else a subquery."""
        if source is self.root:
            return self.keys
        return QuerySet(source).filter(self.condition(source, above)).values("pk")


def _unlinked(reach: _Reach, source: type[Model]) -> list[Unlinked]:
    found = []
    for relation in source._meta.related_objects:
        if relation.on_delete not in (models.DB_SET_NULL, models.SET_NULL, models.DB_SET_DEFAULT, models.SET_DEFAULT):
            continue
        dependent, field = relation.related_model, relation.field
        keys = reach.keys_of(source, ())
        rows: QuerySet[Any] = QuerySet(dependent).filter(**{f"{field.name}__in": keys})
        if dependent in reach.models or dependent is reach.root:
            rows = rows.exclude(reach.condition(dependent))
        if count := rows.count():
            found.append(Unlinked(dependent, field, rows, count))
    return found
