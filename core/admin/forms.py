"""Forms of the staff site: record fields, and saving without overwriting unseen changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import models, router, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldBooleanSwitchWidget

from core.admin.stale import OPENED, StaleCheck

TIMESTAMPS = ("created_at", "updated_at")


class FormMixin(ModelAdmin):
    """A form with its record fields, which writes only what was changed and refuses to save a stale page.

    ``fieldsets`` and ``readonly_fields`` leave out the primary key and the timestamps: a change page shows them in a
    section "Record" of its own, together with ``extra_record_fields``, and an add page does not show them. An add page
    shows no other read-only field either, because a row that does not exist has no values.
    """

    compressed_fields = True
    change_form_template = "core/change_form.html"
    extra_record_fields: ClassVar[tuple[str, ...]] = ()

    def record_fields(self) -> tuple[str, ...]:
        """Return the fields that the system writes: ``extra_record_fields``, the primary key and the timestamps."""
        names = {field.name for field in self.opts.concrete_fields}
        return (*self.extra_record_fields, self.opts.pk.name, *(name for name in TIMESTAMPS if name in names))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return the declared read-only fields and the record fields."""
        declared = super().get_readonly_fields(request, obj)
        return tuple(dict.fromkeys((*declared, *self.record_fields())))

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """Return the declared sections, and the section "Record" for a row that exists."""
        declared = super().get_fieldsets(request, obj)
        if obj is None:
            return list(_without(declared, set(self.get_readonly_fields(request, obj))))
        record = self.record_fields()
        stamps = tuple(name for name in record if name in TIMESTAMPS)
        lines: list[Any] = [name for name in record if name not in TIMESTAMPS]
        if stamps:
            lines.append(stamps)
        return [*_without(declared, set(record)), ("Record", {"fields": lines, "classes": ("collapse",)})]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form class; a change form refuses to save over changes that its reader has not seen."""
        meta = getattr(kwargs.get("form", self.form), "_meta", None)
        kwargs["labels"] = {
            self.opts.pk.name: "ID",
            **(getattr(meta, "labels", None) or {}),
            **(kwargs.get("labels") or {}),
        }
        shown = frozenset(kwargs.get("fields") or ())
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (StaleCheck, form), {"shown": shown}) if change else form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form. While a posted form is checked and saved, its row is locked."""
        if request.method != "POST" or object_id is None or not self.has_change_permission(request):
            return super().changeform_view(request, object_id, form_url, extra_context)
        with transaction.atomic(using=router.db_for_write(self.model)):
            row = self._locked_row(unquote(object_id))
            if OPENED in request.POST and (row is None or not self.has_change_permission(request, row)):
                return self._closed_meanwhile(request, row)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        """Insert a new row whole; of an existing row, write the fields that were changed and no other."""
        if not isinstance(form, StaleCheck):
            super().save_model(request, obj, form, change)
            return
        obj.save(update_fields=form.written_fields())
        for action in self.get_actions_submit_line(request, obj.pk):  # as the method of the base class does
            if action.action_name in request.POST:
                action.method(request, obj)  # type: ignore[operator]  # a method at run time

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """Return a switch for a nullable boolean, for which NULL means no."""
        if isinstance(db_field, models.BooleanField) and not db_field.choices:
            return forms.BooleanField(
                required=False,
                label=str(db_field.verbose_name).capitalize(),
                help_text=db_field.help_text,
                initial=bool(db_field.get_default()),
                widget=UnfoldBooleanSwitchWidget,
            )
        field: forms.Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        return field

    def _locked_row(self, key: str) -> models.Model | None:
        try:
            value = self.opts.pk.to_python(key)
        except ValidationError:
            return None
        rows: models.QuerySet[Any] = models.QuerySet(self.model)
        return rows.select_for_update(no_key=True, of=("self",)).filter(pk=value).first()

    def _closed_meanwhile(self, request: HttpRequest, row: models.Model | None) -> HttpResponse:
        """Answer a form whose row was deleted, or can no longer be edited, since the form was opened."""
        name, page = self.opts.verbose_name, f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}"
        if row is None:
            messages.error(request, f"Nothing was saved: this {name} was deleted after you opened the form.")
            return HttpResponseRedirect(reverse(f"{page}_changelist"))
        reason = f"this {name} was changed after you opened the form and can no longer be edited"
        messages.error(request, f"Nothing was saved: {reason}.")
        return HttpResponseRedirect(reverse(f"{page}_change", args=[row.pk]))


def _without(fieldsets: Sequence[Any], names: set[str]) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Yield the sections without the fields ``names``; a section that has no other field is left out."""
    for title, options in fieldsets:
        lines: list[Any] = []
        for line in options["fields"]:
            if isinstance(line, str):
                if line not in names:
                    lines.append(line)
            elif kept := tuple(one for one in line if one not in names):
                lines.append(kept)
        if lines:
            yield title, {**options, "fields": lines}
