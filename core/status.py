"""Statuses: their labels, their colours, the order in which they follow each other, and the field that stores them.

Everything is declared once, in the enum::

    class Booking(Row):
        class Status(StatusChoices):
            PENDING = "pending"
            CONFIRMED = "confirmed"
            CANCELLED = "cancelled"

            @classmethod
            def transitions(cls) -> Transitions:
                return {cls.PENDING: (cls.CONFIRMED, cls.CANCELLED), cls.CONFIRMED: (cls.CANCELLED,)}

            @classmethod
            def colours(cls) -> Colours:
                return {cls.PENDING: "warning", cls.CONFIRMED: "success", cls.CANCELLED: "danger"}

        status = StatusField(Status, default=Status.PENDING, db_default=Status.PENDING)

The field adds two rules to the model, which ``makemigrations`` writes into a migration: the CHECK
``<table>_status_known`` and, if the enum has transitions, the trigger ``<table>_transition``. Service functions call
``check_transition(booking, Booking.Status.CONFIRMED)`` before they write, and lists show ``status_badge()``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

from django.core import checks
from django.db import models
from django.db.models.constraints import BaseConstraint

from core.db.fields import CharBase
from core.db.transitions import TransitionConstraint
from core.errors import TransitionRefused

type Colour = Literal["success", "info", "warning", "danger", "primary"]
type Colours = Mapping[str, Colour]
type Transitions = Mapping[str, Iterable[str]]

LONGEST_NAME = 63  # bytes; PostgreSQL cuts longer names off


class StatusChoices(models.TextChoices):
    """Statuses with their transitions and colours; derive an enum with the values from it."""

    @classmethod
    def transitions(cls) -> Transitions | None:
        """Return the statuses that may follow each status, or None if a status may change to any other.

        A status that is missing is final.
        """
        return None

    @classmethod
    def colours(cls) -> Colours:
        """Return the colour of the badge for each status; one that is missing is grey."""
        return {}

    @classmethod
    def allowed_transitions(cls, status: str) -> tuple[Self, ...]:
        """Return the statuses that may follow ``status``, in their declared order."""
        declared = cls.transitions()
        if declared is None:
            return tuple(one for one in cls if one.value != status)
        return tuple(cls(one) for one in declared.get(status, ()))

    @classmethod
    def can_change(cls, before: str, after: str) -> bool:
        """Return whether the trigger accepts the change; a status that stays as it is always may.

        A change from or to a status that the enum does not know is accepted here: the CHECK rejects it.
        """
        known = cls.values
        return before == after or before not in known or after not in known or after in cls.allowed_transitions(before)


class StatusField[Set, Get](CharBase[Set, Get]):
    """A column for the values of an enum: ``varchar(50)``, with the rules that the enum declares.

    ``enum`` is a ``StatusChoices``, or any ``TextChoices`` for a type or kind. The field adds to its model:

    - the CHECK ``<table>_<column>_known``: no other value is stored. ``known=False`` leaves it out, for a status that
      another system defines;
    - the trigger ``<table>_transition``, if the enum has transitions: see ``TransitionConstraint``. ``rule`` names it
      differently, for a second status in one table.

    ``enforced=False`` adds neither: for views, and for tables that get the rules in a later migration. Migrations see
    an ordinary ``CharField``.
    """

    def __init__(
        self,
        enum: type[models.TextChoices],
        verbose_name: str | None = None,
        *,
        known: bool = True,
        rule: str = "",
        enforced: bool = True,
        **options: Any,
    ) -> None:
        self.enum, self.known, self.rule, self.enforced = enum, known, rule, enforced
        super().__init__(verbose_name, **{"max_length": 50, "choices": enum, **options})

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Describe the field as Django's own, so that migrations do not import this module."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.CharField", arguments, options

    def clone(self) -> Any:
        """Return the field as migrations see it; the rules are constraints of the model."""
        _, _, arguments, options = self.deconstruct()
        return models.CharField(*arguments, **options)

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        """Add the rules to the model, unless it is abstract or a view."""
        super().contribute_to_class(cls, name, private_only)
        options = cls._meta
        if not self.enforced or options.abstract or not options.managed:
            return
        rules = [*options.constraints, *self._rules(options.db_table)]
        options.constraints = options.original_attrs["constraints"] = rules

    def check(self, **options: Any) -> list[checks.CheckMessage]:
        """Report names of rules that PostgreSQL would cut off."""
        long = [rule.name for rule in self._rules(self.model._meta.db_table) if len(rule.name.encode()) > LONGEST_NAME]
        errors = [
            checks.Error(
                f"The name {name} has more than {LONGEST_NAME} bytes, which PostgreSQL cuts off.",
                hint="Shorten the name of the table or of the column.",
                obj=self,
                id="core.E001",
            )
            for name in long
        ]
        return [*super().check(**options), *errors]

    def transition_rule(self, table: str) -> TransitionConstraint | None:
        """Return the rule about the order of statuses in a table, or None if the enum has no transitions."""
        declared = self.enum.transitions() if issubclass(self.enum, StatusChoices) else None
        if declared is None:
            return None
        return TransitionConstraint(
            field=self.name,
            transitions={value: declared.get(value, ()) for value in self.enum.values},
            name=self.rule or f"{table}_transition",
        )

    def _rules(self, table: str) -> list[BaseConstraint]:
        rules: list[BaseConstraint] = []
        if self.known:
            rules.append(
                models.CheckConstraint(
                    condition=models.Q((f"{self.name}__in", self.enum.values)),
                    name=f"{table}_{self.column}_known",
                    violation_error_message=f"The {self.verbose_name} must be one of: {', '.join(self.enum.values)}.",
                )
            )
        if (transition := self.transition_rule(table)) is not None:
            rules.append(transition)
        return rules


def status_field(model: type[models.Model], name: str = "status") -> StatusField[Any, Any]:
    """Return the ``StatusField`` of a model; TypeError if the field is another one."""
    field = model._meta.get_field(name)
    if not isinstance(field, StatusField):
        raise TypeError(f"{model._meta.label}.{name} is not a StatusField.")
    return field


def check_transition(row: models.Model, after: str, *, field: str = "status") -> None:
    """Raise ``TransitionRefused`` if the database would reject the change of a row's status to ``after``.

    The error has the same rule, table, column, detail and hint as the one that the trigger raises. The caller sets the
    status and saves the row; a row that another transaction may change has to be locked first.
    """
    declared = status_field(type(row), field)
    column = str(declared.column)
    table, before = row._meta.db_table, str(getattr(row, field))
    rule = declared.transition_rule(table)
    if rule is None or rule.accepts(before, after):
        return
    allowed = ", ".join(rule.allowed(before))
    raise TransitionRefused(
        f'{table}.{column} cannot change from "{before}" to "{after}".',
        rule=rule.name,
        table=table,
        column=column,
        detail=f'{column} is "{before}", the new value is "{after}" (id {row.pk}).',
        hint=f'After "{before}" it may become: {allowed}.' if allowed else f'"{before}" is final.',
    )
