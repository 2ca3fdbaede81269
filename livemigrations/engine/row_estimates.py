"""How many rows a statement will read or write, as the server's planner estimates it."""

from __future__ import annotations

import json
from typing import Any

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper


def estimated_rows(connection: BaseDatabaseWrapper, sql: str) -> float | None:
    """The largest number of rows that a node of the statement's plan answers; None where the server cannot tell."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '1s'")
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
            plan = cursor.fetchone()[0]
    except DatabaseError:
        return None
    found = json.loads(plan) if isinstance(plan, str) else plan
    return max(_rows(found[0]["Plan"]), default=None)


def _rows(node: dict[str, Any]) -> list[float]:
    return [float(node["Plan Rows"]), *(rows for inner in node.get("Plans", ()) for rows in _rows(inner))]
