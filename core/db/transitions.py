"""The rule about the order of statuses, as a constraint of Django that is a trigger in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.ddl_references import Statement, Table
from django.db.models import Model, QuerySet
from django.db.models.constraints import BaseConstraint

from livemigrations.statements.names import literal


class TransitionConstraint(BaseConstraint):
    """Allow only the listed changes of a status column, for every writer.

    ``transitions`` maps every known status to the statuses that may follow it. INSERT is free. ``UPDATE`` may leave
    the status as it is, and may change it from or to a status that is not listed. The trigger bears the name of the
    constraint and calls ``refuse_transition()`` (``core/sql/status_v1.sql``). ``makemigrations`` makes a migration
    that adds one depend on ``("core", "0002_s03_status")``, which creates that function.

    It is a constraint in the model, so that ``makemigrations`` writes its ``AddConstraint`` and ``RemoveConstraint``
    when the transitions change. Both lock the table in SHARE ROW EXCLUSIVE and ACCESS EXCLUSIVE mode respectively for
    a few milliseconds; no row is read. The trigger fires before the row is written, after BEFORE triggers whose names
    sort before its own.
    """

    requires = (("core", "0002_s03_status"),)
    default_violation_error_message = "The status cannot change like this."

    def __init__(
        self,
        *,
        field: str,
        transitions: Mapping[str, Iterable[str]],
        name: str,
        violation_error_code: str | None = None,
        violation_error_message: str | None = None,
    ) -> None:
        self.field = field
        self.transitions = {str(before): [str(one) for one in after] for before, after in transitions.items()}
        unlisted = {one for after in self.transitions.values() for one in after} - set(self.transitions)
        if unlisted:
            raise ValueError(f"{name}: list the statuses {', '.join(sorted(unlisted))} in transitions as well.")
        super().__init__(
            name=name, violation_error_code=violation_error_code, violation_error_message=violation_error_message
        )

    def allowed(self, before: str) -> tuple[str, ...]:
        """Return the statuses that may follow a known status."""
        return tuple(self.transitions.get(before, ()))

    def accepts(self, before: str | None, after: str | None) -> bool:
        """Return whether an UPDATE may change the status like this; equal to what the trigger decides."""
        known = self.transitions
        return before == after or before not in known or after not in known or after in known[before]

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        """Have the trigger created after the table, whose definition cannot contain it."""
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        """Return the statement that creates the trigger."""
        column = model._meta.get_field(self.field).column
        return Statement(
            "CREATE TRIGGER %(name)s BEFORE UPDATE ON %(table)s FOR EACH ROW"
            " WHEN (OLD.%(column)s IS DISTINCT FROM NEW.%(column)s)"
            " EXECUTE FUNCTION refuse_transition(%(argument)s, %(transitions)s)",
            name=schema_editor.quote_name(self.name),
            table=Table(model._meta.db_table, schema_editor.quote_name),
            column=schema_editor.quote_name(column),
            argument=literal(column),
            transitions=literal(json.dumps(self.transitions)),
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        """Return the statement that drops the trigger."""
        return Statement(
            "DROP TRIGGER IF EXISTS %(name)s ON %(table)s",
            name=schema_editor.quote_name(self.name),
            table=Table(model._meta.db_table, schema_editor.quote_name),
        )

    def validate(
        self,
        model: type[Model],
        instance: Model,
        exclude: Iterable[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Compare the status of the instance with the stored one; forms show the error."""
        if self.field in (exclude or ()):
            return
        stored = QuerySet(model, using=using).filter(pk=instance.pk).values_list(self.field, flat=True).first()
        after = getattr(instance, self.field)
        if not self.accepts(stored, after):
            allowed = ", ".join(self.allowed(str(stored))) or "none, it is final"
            raise ValidationError(
                {self.field: f'{self.get_violation_error_message()} Allowed after "{stored}": {allowed}.'},
                code=self.violation_error_code or "transition",
            )

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        """Describe the constraint for a migration."""
        path, arguments, options = super().deconstruct()
        return path, arguments, {**options, "field": self.field, "transitions": self.transitions}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TransitionConstraint) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((self.name, self.field))
