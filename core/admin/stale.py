"""Refuses to save a form whose row was changed after the form was opened.

A change form carries a signed token with a digest of each value that it showed (``OPENED``). When the form is posted,
``FormMixin`` locks the row and ``StaleCheck`` compares the digests with the values of the row. If they differ, nothing
is saved and the form lists the changes. The person reloads the page, or ticks a box (``OVERWRITE``) and saves again;
the second save writes only the fields that the person changed and keeps the other person's values of the rest.

Digests of the values are compared rather than ``updated_at`` or ``xmin``: raw SQL does not change the ``updated_at`` of
the older tables, and ``xmin`` also changes when a backfill or a login writes the row without changing what the form shows.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import display_for_field
from django.contrib.auth.forms import ReadOnlyPasswordHashField
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.formats import localize
from django.utils.text import capfirst

from core import clock, datetimes
from core.admin.times import zone_of

OPENED = "opened_state"
OVERWRITE = "overwrite_state"
_SALT = "core.admin.stale"
_EMPTY = "-"


@dataclass(frozen=True)
class RowState:
    """The digests of a row's values by field name, and when they were taken."""

    at: datetime
    digests: Mapping[str, str]

    def token(self, row: models.Model) -> str:
        """Return the signed text that a form of ``row`` carries."""
        return signing.dumps({"at": self.at.isoformat(), "digests": self.digests}, salt=_salt(row), compress=True)

    @classmethod
    def read(cls, token: str | None, row: models.Model) -> RowState | None:
        """Return the state in a token that was signed for ``row``, or None."""
        try:
            content = signing.loads(token or "", salt=_salt(row))
        except signing.BadSignature:
            return None
        return cls(datetime.fromisoformat(content["at"]), content["digests"])


@dataclass(frozen=True)
class FieldChange:
    """A field that was changed after the form was opened. ``entered`` is None if the person did not change it."""

    label: str
    stored: str
    entered: str | None


@dataclass(frozen=True)
class Conflict:
    """The changes since the form was opened, and the token that allows to overwrite them."""

    changes: list[FieldChange]
    token: str


class StaleCheck(forms.BaseModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A change form that refuses to save over changes that its reader has not seen.

    ``shown`` names the fields of the page. Those that are read-only are compared as well: a person who changes the
    guests of a pending booking must see that it was cancelled. Columns that only the system writes are not compared.
    """

    shown: ClassVar[frozenset[str]] = frozenset()
    conflict: Conflict | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._row_stored = {
            field.attname: copy.deepcopy(field.value_from_object(self.instance))
            for field in self.instance._meta.concrete_fields
        }
        self._row_columns = {field.name: field.attname for field in self.instance._meta.concrete_fields}
        self._row_kept: set[str] = set()
        self._row_state = RowState(clock.now(), self._row_digests())

    @property
    def opened_token(self) -> str:
        """The token of the state in which the person opened the form."""
        return (self.data.get(OPENED) if self.is_bound else None) or self._row_state.token(self.instance)

    @cached_property
    def changed_data(self) -> list[str]:
        """The fields that the person changed, without those that keep another person's value."""
        return [name for name in super().changed_data if name not in self._row_kept]

    def clean(self) -> dict[str, Any] | None:
        """Check the state first, so that the form's own checks see the values that will be saved."""
        self._check_row_state()
        return super().clean()

    def written_fields(self) -> list[str]:
        """The model fields to save: those whose value the form or the admin class has changed."""
        written = [field.name for field in self.instance._meta.concrete_fields if self._is_written(field)]
        if written:
            fields = self.instance._meta.concrete_fields
            written += [field.name for field in fields if getattr(field, "auto_now", False)]
        return written

    def _is_written(self, field: models.Field[Any, Any]) -> bool:
        value, stored = field.value_from_object(self.instance), self._row_stored[field.attname]
        if value == stored:
            return False
        if field.name not in self.fields or field.name in self.changed_data:
            return True
        # A form reads NULL back as "" or False, which is no change. A time does change with the zone of its location.
        return self._row_digest(field.name, value) != self._row_digest(field.name, stored)

    def _check_row_state(self) -> None:
        if (posted := self.data.get(OPENED)) is None:
            return
        opened = RowState.read(posted, self.instance)
        if opened is None:
            self.add_error(
                None,
                ValidationError(
                    "Nothing was saved: the server could not read the state in which you opened this form. To fix this, "
                    "reload the page and enter your changes again.",
                    code="unreadable",
                ),
            )
            return
        current = self._row_state.digests
        changed = [name for name, digest in opened.digests.items() if current.get(name, digest) != digest]
        if not changed:
            return
        seen = RowState.read(self.data.get(OVERWRITE), self.instance)
        if seen is not None and seen.digests == current:
            self._keep_stored(name for name in changed if not self._person_changed(name, opened))
            return
        self.conflict = Conflict(
            [self._field_change(name, opened) for name in changed],
            RowState(clock.now(), current).token(self.instance),
        )
        self.add_error(None, ValidationError(self._stale_message(opened), code="stale"))

    def _keep_stored(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self.fields:
                self._row_kept.add(name)
                self.cleaned_data[name] = self._row_cleaned(name)
        self.__dict__.pop("changed_data", None)  # computed before this check

    def _person_changed(self, name: str, opened: RowState) -> bool:
        """Whether the person entered another value than the one that the form showed."""
        if name not in self.fields:
            return False
        if name not in self.cleaned_data:  # it has an error of its own
            return True
        return self._row_digest(name, self.cleaned_data[name]) != opened.digests[name]

    def _field_change(self, name: str, opened: RowState) -> FieldChange:
        if name not in self.fields:
            column = self.instance._meta.get_field(name)
            assert isinstance(column, models.Field)
            value = column.value_from_object(self.instance)
            stored = (
                self._shown(None, value) if isinstance(value, datetime) else display_for_field(value, column, _EMPTY)
            )
            return FieldChange(capfirst(str(column.verbose_name)), stored, None)
        field = self.fields[name]
        if isinstance(field, ReadOnlyPasswordHashField):
            return FieldChange(str(self[name].label), "changed", None)
        entered = self.cleaned_data.get(name, self[name].data) if self._person_changed(name, opened) else None
        return FieldChange(
            str(self[name].label),
            self._shown(field, self._row_cleaned(name)),
            None if entered is None else self._shown(field, entered),
        )

    def _stale_message(self, opened: RowState) -> str:
        name = self.instance._meta.verbose_name
        entry = (
            LogEntry.objects.filter(
                content_type=ContentType.objects.get_for_model(self.instance),
                object_id=str(self.instance.pk),
                action_time__gt=opened.at,
            )
            .select_related("user")
            .first()
        )
        what = f"this {name} was changed after you opened this form"
        if entry is not None:
            at = datetimes.show(entry.action_time)
            what = f"{entry.user} changed this {name} on {at}, after you opened this form"
        return f"Nothing was saved: {what}. Reload the page to see the current values, or tick the box below and save again."

    def _row_digests(self) -> dict[str, str]:
        columns = {
            field.name for field in self.instance._meta.concrete_fields if field.editable and field.name in self.shown
        }
        return {name: self._row_digest(name, self._row_value(name)) for name in sorted(columns | set(self.fields))}

    def _row_digest(self, name: str, value: Any) -> str:
        if isinstance(self.fields.get(name), forms.BooleanField):
            value = bool(value)
        text = json.dumps(_comparable(value), sort_keys=True, default=str)
        return salted_hmac(f"{_salt(self.instance)}:{name}", text, algorithm="sha256").hexdigest()[:16]

    def _row_value(self, name: str) -> Any:
        """The stored value of a column, else what the form shows first in a field of its own."""
        if name in self._row_columns:
            return self._row_stored[self._row_columns[name]]
        return self.get_initial_for_field(self.fields[name], name)

    def _row_cleaned(self, name: str) -> Any:
        """The stored value in the form that ``cleaned_data`` has."""
        field, value = self.fields[name], self._row_value(name)
        if isinstance(field, forms.ModelChoiceField) and not isinstance(field, forms.ModelMultipleChoiceField):
            return None if field.queryset is None else field.queryset.all().filter(pk=value).first()
        return value

    def _shown(self, field: forms.Field | None, value: Any) -> str:
        """Return a cleaned value as a person reads it."""
        match value:
            case None | "":
                return _EMPTY
            case bool():
                return "Yes" if value else "No"
            case datetime():
                return datetimes.show(value, zone_of(self.instance))
            case date() | time() | Decimal():
                return str(localize(value))
            case list() | tuple() | models.QuerySet():
                return ", ".join(str(one) for one in value) or _EMPTY
        choices: Any = (
            field.choices if isinstance(field, forms.ChoiceField) and not isinstance(value, models.Model) else ()
        )
        return str(dict(choices).get(value, value))


def _salt(row: models.Model) -> str:
    return f"{_SALT}:{row._meta.label_lower}:{row.pk}"


def _comparable(value: Any) -> Any:
    """Return the value so that equal values, read from the database or from a form, are equal as JSON."""
    match value:
        case "":
            return None
        case models.Model():
            return str(value.pk)
        case Decimal():
            return str(value.normalize())
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")  # forms show no seconds
        case list() | tuple() | set() | models.QuerySet():
            return [_comparable(one) for one in value]
    return value
