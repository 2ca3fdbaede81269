"""What the database will delete by itself when a row goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import models
from django.db.models import Model, QuerySet


def cascaded(model: type[Model], rows: Iterable[Any]) -> Iterator[tuple[type[Model], int]]:
    """The models whose rows hang on ``rows`` of ``model`` by ``DB_CASCADE``, each with their number.

    Follows the keys of those rows as well; a model that is reached on two ways appears twice.
    """
    for relation in model._meta.related_objects:
        if relation.on_delete is not models.DB_CASCADE:
            continue
        dependent = relation.related_model
        hanging: QuerySet[Any] = QuerySet(dependent).filter(**{f"{relation.field.name}__in": rows})
        if number := hanging.count():
            yield dependent, number
            if not dependent._meta.is_composite_pk:
                yield from cascaded(dependent, hanging)
