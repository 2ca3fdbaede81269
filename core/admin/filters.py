"""A filter by days: today, tomorrow, this week, or from one date to another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import FieldListFilter
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSingleDateWidget

from core.clock import now
from core.datetimes import THIS_WEEK, TODAY, TOMORROW, Period, day_of, site_zone

PERIODS = {"today": TODAY, "tomorrow": TOMORROW, "week": THIS_WEEK}
_CHOICES = (("", "Any day"), ("today", "Today"), ("tomorrow", "Tomorrow"), ("week", "This week"))


class DayForm(forms.Form):
    """The inputs of a filter by days; the field names carry the name of the filtered field."""

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[f"{name}_on"] = forms.ChoiceField(
            label="Day", choices=_CHOICES, required=False, widget=UnfoldAdminSelectWidget
        )
        for end, label in (("from", "From"), ("to", "To")):
            widget = UnfoldAdminSingleDateWidget(attrs={"placeholder": label, "aria-label": label})
            self.fields[f"{name}_{end}"] = forms.DateField(label=label, required=False, widget=widget)


class DayFilter(FieldListFilter):
    """Rows of one day or of a range of days. What cannot be read as a date is reported, and no row is shown.

    A day of a date and time is a day of the row's location: the admin's ``days_condition`` computes its bounds.
    """

    template = "core/filters/days.html"

    def __init__(
        self,
        field: models.Field[Any, Any],
        request: HttpRequest,
        params: dict[str, Any],
        model: type[Model],
        model_admin: Any,
        field_path: str,
    ) -> None:
        self.names = [f"{field_path}_{end}" for end in ("on", "from", "to")]
        super().__init__(field, request, params, model, model_admin, field_path)
        self.model_admin = model_admin
        self.used_parameters = {name: _last(value) for name, value in self.used_parameters.items() if _last(value)}
        self.form = DayForm(field_path, data=self.used_parameters)

    def expected_parameters(self) -> list[str | None]:
        """The parameters of the query string that belong to this filter."""
        return [*self.names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the chosen days; none if the choice cannot be read."""
        if not self.used_parameters:
            return queryset
        if not self.form.is_valid():
            for name in self.form.errors:
                self._report(request, f"{self.used_parameters[name]!r} is not a day. Write a date such as 2026-07-04.")
            return queryset.none()
        on, first, last = (self.form.cleaned_data[name] for name in self.names)
        if first and last and last < first:
            self._report(request, f"{last} is before {first}. Exchange the two dates.")
            return queryset.none()
        for period in filter(None, (PERIODS.get(on), Period(first, last) if first or last else None)):
            queryset = queryset.filter(self._condition(period, request))
        return queryset

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:  # type: ignore[override]  # for our template
        """The form that the template shows."""
        yield {"form": self.form}

    def _report(self, request: HttpRequest, problem: str) -> None:
        messages.error(request, f"The filter by {self.title} shows no rows: {problem}")

    def _condition(self, period: Period, request: HttpRequest) -> models.Q:
        if isinstance(self.field, models.DateTimeField):
            condition: models.Q = self.model_admin.days_condition(self.field_path, period, request)
            return condition
        first, last = period.days(_today())
        condition = models.Q()
        if first is not None:
            condition &= models.Q(**{f"{self.field_path}__gte": first})
        return condition if last is None else condition & models.Q(**{f"{self.field_path}__lte": last})


def _last(value: Any) -> str:
    return str(value[-1] if isinstance(value, list) and value else value or "").strip()


def _today() -> date:
    return day_of(now(), site_zone())
