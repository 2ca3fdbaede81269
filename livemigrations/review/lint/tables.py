"""The indexes that a model's table has by its state: which columns each of them covers, and who asked for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib.postgres.indexes import BTreeIndex
from django.db.migrations.state import ModelState
from django.db.models import Index, UniqueConstraint
from django.db.models.fields.composite import CompositePrimaryKey

from livemigrations.review.lint.fields import Facts, column, has_index


@dataclass(frozen=True, slots=True)
class Covering:
    """An index over ``columns`` (descending ones begin with a minus). ``plain`` is a B-tree over all rows.

    ``label`` says where it comes from.
    """

    columns: tuple[str, ...]
    unique: bool
    label: str
    plain: bool = True
    primary: bool = False


def indexes_of(facts: Facts, model: ModelState) -> list[Covering]:
    """Every index of the model's table that its state tells of."""
    return [*_of_fields(facts, model), *_of_options(facts, model)]


def _of_fields(facts: Facts, model: ModelState) -> Iterator[Covering]:
    for field in model.fields.values():
        if isinstance(field, CompositePrimaryKey):
            columns = tuple(facts.column_of(model, part) for part in field.field_names)
            yield Covering(columns, True, "the primary key", primary=True)
    for name, field in facts.columns(model):
        own = (column(name, field),)
        if field.primary_key:
            yield Covering(own, True, "the primary key", primary=True)
        elif field.unique:
            yield Covering(own, True, f"unique=True of {name}")
        elif has_index(field):
            asked = "the index that Django makes for the key" if field.many_to_one else "db_index=True of"
            yield Covering(own, False, f"{asked} {name}")


def _of_options(facts: Facts, model: ModelState) -> Iterator[Covering]:
    for index in model.options.get("indexes", ()):
        yield index_covering(facts, model, index)
    for constraint in model.options.get("constraints", ()):
        if isinstance(constraint, UniqueConstraint):
            yield unique_covering(facts, model, constraint)
    for word, unique in (("unique_together", True), ("index_together", False)):
        for names in model.options.get(word) or ():
            yield Covering(together(facts, model, names), unique, f"{word} {tuple(names)}")


def together(facts: Facts, model: ModelState, names: Sequence[str]) -> tuple[str, ...]:
    """The columns of an entry of ``unique_together``."""
    return tuple(facts.column_of(model, name) for name in names)


def index_covering(facts: Facts, model: ModelState, index: Index) -> Covering:
    """What an index of ``Meta.indexes`` covers; one over expressions has no columns."""
    columns = tuple(_signed(facts, model, name, order) for name, order in index.fields_orders)
    plain = type(index) in (Index, BTreeIndex) and not (index.condition or index.opclasses or index.expressions)
    return Covering(columns, False, f"index {index.name}", plain and not index.include)


def unique_covering(facts: Facts, model: ModelState, constraint: UniqueConstraint) -> Covering:
    """What a unique constraint covers."""
    asked = ("condition", "expressions", "opclasses", "include")
    extra = any(getattr(constraint, name, None) for name in asked)
    columns = tuple(facts.column_of(model, name) for name in constraint.fields)
    plain = not extra and constraint.deferrable is None and constraint.nulls_distinct is None
    return Covering(columns, True, f"constraint {constraint.name}", plain)


def _signed(facts: Facts, model: ModelState, name: str, order: str) -> str:
    return f"{'-' if order else ''}{facts.column_of(model, name)}"


def covers(indexes: list[Covering], columns: Sequence[str]) -> bool:
    """Whether an index over all rows begins with these columns, in any order among them."""
    wanted = set(columns)
    return any(
        {part.lstrip("-") for part in index.columns[: len(wanted)]} == wanted
        for index in indexes
        if index.plain or index.unique
    )
