"""From an ``IntegrityError`` to the rule in the database that rejected the write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from django.apps import apps
from django.db import IntegrityError

from core.errors import RuleViolated, TransitionRefused


@dataclass(frozen=True, slots=True)
class Rule:
    """PostgreSQL's report about the rule that rejected a write.

    ``name`` is the constraint name, ``sqlstate`` is of class 23. ``detail`` may contain personal data.
    """

    name: str
    sqlstate: str
    table: str
    column: str
    message: str
    detail: str
    hint: str


def rule_of(error: BaseException) -> Rule | None:
    """Return the rule behind an error of Django or psycopg, or None if no named constraint rejected the write.

    NOT NULL constraints have no name in the report of PostgreSQL; they give None.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, psycopg.Error):
        cause = cause.__cause__
    if cause is None or not (cause.sqlstate or "").startswith("23") or not cause.diag.constraint_name:
        return None
    found = cause.diag
    return Rule(
        name=found.constraint_name or "",
        sqlstate=cause.sqlstate or "",
        table=found.table_name or "",
        column=found.column_name or "",
        message=found.message_primary or "",
        detail=found.message_detail or "",
        hint=found.message_hint or "",
    )


def violation_of(error: BaseException) -> RuleViolated | None:
    """Return the error of ``core`` or of a domain app that stands for the rule, or None if there is no rule.

    It is the subclass of ``RuleViolated`` that names the rule, ``TransitionRefused`` for ``<table>_transition``, and
    ``RuleViolated`` itself otherwise. Its message is the one of the constraint in the model if that has its own.
    """
    rule = rule_of(error)
    if rule is None:
        return None
    fallback = TransitionRefused if rule.name.endswith("_transition") else RuleViolated
    kind = RuleViolated.classes.get(rule.name, fallback)
    return kind(
        _declared_message(rule) or rule.message,
        rule=rule.name,
        table=rule.table,
        column=rule.column,
        detail=rule.detail,
        hint=rule.hint,
    )


@contextmanager
def violations_raised() -> Iterator[None]:
    """Raise the named error instead of an ``IntegrityError`` that a rule in the database caused.

    Put it around the ``atomic`` block, which has to end before the connection can be used again::

        with violations_raised(), transaction.atomic():
            booking.save()
    """
    try:
        yield
    except IntegrityError as error:
        violation = violation_of(error)
        if violation is None:
            raise
        raise violation from error


def _declared_message(rule: Rule) -> str:
    """The message that the model's constraint declares, which says more than PostgreSQL about a CHECK."""
    if rule.hint:
        return ""
    for model in apps.get_models():
        if model._meta.db_table == rule.table:
            for constraint in model._meta.constraints:
                if constraint.name == rule.name:
                    declared = str(constraint.violation_error_message)
                    return "" if declared == str(constraint.default_violation_error_message) else declared
    return ""
