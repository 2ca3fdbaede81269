"""Dates and times on the pages of the staff site: shown with their zone, and read in the zone of the row's location.

A model with a property ``time_zone`` (a ``tzinfo``) has all of its times shown and read in that zone; every other model in
the zone of the installation.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any, cast

from django import forms
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from core.datetimes import NonexistentTime, from_wall_clock, in_zone, show, site_zone, to_wall_clock, zone_name


def zone_of(row: models.Model) -> tzinfo:
    """Return the time zone in which the times of a row are shown and read."""
    try:
        return cast(tzinfo, getattr(row, "time_zone", None) or site_zone())
    except ObjectDoesNotExist:  # a required foreign key is not set yet
        return site_zone()


class TimeColumn:
    """A column or read-only field that shows a ``DateTimeField`` with its zone."""

    def __init__(self, field: models.DateTimeField[Any, Any]) -> None:
        self.field = field
        self.__name__ = field.name
        self.short_description = str(field.verbose_name)
        self.admin_order_field = field.name

    def __call__(self, row: models.Model) -> str:
        """Return the time of one row as text."""
        value: datetime | None = getattr(row, self.field.name)
        return show(value, zone_of(row))

    def __eq__(self, other: object) -> bool:
        return self.field == (other.field if isinstance(other, TimeColumn) else other)

    def __hash__(self) -> int:
        return hash(self.field)


class WallClockWidget(UnfoldAdminSplitDateTimeWidget):
    """A date and a time, the latter without seconds."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.widgets[1].format = "%H:%M"


class WallClockField(forms.SplitDateTimeField):
    """A date and a time as the clocks of the row's location show them: a naive ``datetime`` until the form converts it."""

    widget = WallClockWidget

    def compress(self, data_list: Any) -> datetime | None:
        """Combine date and time; raise ValidationError if one of the two is missing."""
        if not data_list or not any(data_list):
            return None
        day, clock = data_list
        if day in self.empty_values:
            raise forms.ValidationError(self.error_messages["invalid_date"], code="invalid_date")
        if clock in self.empty_values:
            raise forms.ValidationError(self.error_messages["invalid_time"], code="invalid_time")
        return datetime.combine(day, clock)


class WallClockForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Shows and reads the times of a row in the zone of its location, also when the location is chosen in this form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = zone_of(self.instance)
        for name in self._wall_clocks():
            value = self.initial.get(name)
            if isinstance(value, datetime) and value.tzinfo is not None:
                self.initial[name] = to_wall_clock(value, zone).replace(second=0, microsecond=0)
                hint = f"Time zone {zone} ({zone_name(in_zone(value, zone))})."
            else:
                hint = (
                    "In the time zone of the location." if hasattr(self.instance, "time_zone") else f"Time zone {zone}."
                )
            field = self.fields[name]
            field.help_text = f"{field.help_text} {hint}".strip()

    def _clean_form(self) -> None:
        """Convert the times before ``clean`` sees them."""
        self._convert_times()
        super()._clean_form()  # type: ignore[misc]  # a hook of Django's BaseForm that its stubs leave out

    def _convert_times(self) -> None:
        before, after = zone_of(self.instance), zone_of(self._row_as_chosen())
        for name in self._wall_clocks():
            naive = self.cleaned_data.get(name)
            if not isinstance(naive, datetime):
                continue
            stored: datetime | None = getattr(self.instance, name, None)
            if self.instance.pk and isinstance(stored, datetime) and name not in self.changed_data and before == after:
                self.cleaned_data[name] = stored  # to the microsecond, and the right one of two equal wall-clock times
                continue
            try:
                self.cleaned_data[name] = from_wall_clock(naive, after).astimezone(UTC)
            except NonexistentTime as error:
                self.add_error(name, str(error))

    def _wall_clocks(self) -> list[str]:
        return [name for name, field in self.fields.items() if isinstance(field, WallClockField)]

    def _row_as_chosen(self) -> models.Model:
        """Return an unsaved copy of the instance with the related rows that were chosen in the form."""
        model: type[models.Model] = type(self.instance)
        row = model(**{field.attname: getattr(self.instance, field.attname) for field in model._meta.concrete_fields})
        for field in model._meta.concrete_fields:
            if field.is_relation and field.name in self.cleaned_data:
                setattr(row, field.name, self.cleaned_data[field.name])
        return row


class TimeMixin(ModelAdmin):
    """Shows every ``DateTimeField`` with its zone, and reads it in the zone of the row's location."""

    object_history_template = "core/object_history.html"

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns, those of dates and times replaced."""
        return [self._shown(name) for name in super().get_list_display(request)]

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        """The columns that link to the row, those of dates and times replaced."""
        links = super().get_list_display_links(request, list_display)
        return links and [self._shown(name) for name in links]  # None means that no column links

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """The columns that sort, those of dates and times replaced."""
        names = super().get_sortable_by(request)
        return [self._shown(name) for name in names]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The page of a row, its read-only dates and times replaced."""
        page = context["adminform"]
        fixed = [name for name in page.readonly_fields if isinstance(self._shown(name), TimeColumn)]
        page.readonly_fields = [self._shown(name) for name in page.readonly_fields]
        page.fieldsets = [
            (title, {**options, "fields": _replaced(options["fields"], fixed, self._shown)})
            for title, options in page.fieldsets
        ]
        return super().render_change_form(request, context, *args, **kwargs)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The history of a row, with times in the zone of its location."""
        response: HttpResponse = super().history_view(request, object_id, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            zone = zone_of(response.context_data["object"])
            for entry in response.context_data["action_list"]:
                entry.shown_time = show(entry.action_time, zone)
        return response

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, able to convert between wall-clock time and moments."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if issubclass(form, WallClockForm) or not any(
            isinstance(field, WallClockField) for field in form.base_fields.values()
        ):
            return form
        return type(form.__name__, (WallClockForm, form), {})

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """A date and time becomes a ``WallClockField``."""
        if isinstance(db_field, models.DateTimeField):
            return db_field.formfield(form_class=WallClockField, widget=WallClockWidget, **kwargs)
        field: forms.Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        return field

    def _shown(self, name: Any) -> Any:
        if not isinstance(name, str) or name in self.__class__.__dict__:
            return name
        try:
            field = self.opts.get_field(name)
        except FieldDoesNotExist:
            return name
        return TimeColumn(field) if isinstance(field, models.DateTimeField) else name


def _replaced(fields: Any, fixed: list[str], shown: Callable[[Any], Any]) -> list[Any]:
    """Return the fields of a fieldset, which may be grouped in tuples, with read-only times replaced."""
    return [
        tuple(_replaced(entry, fixed, shown))
        if isinstance(entry, list | tuple)
        else shown(entry)
        if entry in fixed
        else entry
        for entry in fields
    ]
