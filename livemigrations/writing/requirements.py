"""Migrations that a constraint needs because they create the functions that it calls.

Django derives the dependencies of a migration from relations between models only. A constraint, or an expression in
the condition of a CHECK, names further ones in its attribute ``requires``: pairs of app label and migration name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.migrations.operations.base import Operation


def required_by(operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield the migrations that the constraints in an operation need."""
    options: dict[str, Any] = getattr(operation, "options", None) or {}
    constraints = [*options.get("constraints", ()), getattr(operation, "constraint", None)]
    for constraint in constraints:
        yield from getattr(constraint, "requires", ())
        condition: Any = getattr(constraint, "condition", None)
        for expression in condition.flatten() if condition is not None else ():
            yield from getattr(expression, "requires", ())
