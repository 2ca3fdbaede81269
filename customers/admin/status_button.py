"""The button that changes the status of a lead, a subscriber or a thread."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from core.actors import actor_for
from core.admin.base import StaffAdmin
from core.admin.dialogs import ReasonForm, close_dialog, row_key
from core.clock import now
from core.search import as_uuid
from customers.errors import CustomerError
from customers.services.status import allowed_statuses, change_status


class StatusForm(ReasonForm):
    """Asks for one of the statuses that the row may have next."""

    model: ClassVar[type[Model]]
    field_order = ("status", "reason")
    status = forms.ChoiceField(label="New status", widget=UnfoldAdminSelectWidget())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        key = as_uuid(str(self.object_id))
        rows: QuerySet[Any] = QuerySet(self.model)
        row = rows.filter(pk=key).first() if key else None
        field = self.fields["status"]
        assert isinstance(field, forms.ChoiceField)
        column: Any = self.model._meta.get_field("status")
        labels = dict(column.flatchoices)
        field.choices = [(one, labels[one]) for one in allowed_statuses(row)] if row is not None else []


class StatusButton(StaffAdmin):
    """Shows the status without letting the form change it, and offers a button that does."""

    actions_detail = ("change_status",)  # type: ignore[assignment]  # unfold declares it too narrowly
    change_status: Any

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The status as well."""
        fields: tuple[str, ...] = super().get_readonly_fields(request, obj)
        return ("status", *fields)


def status_button(model: type[Model]) -> Any:
    """Return the action ``change_status`` of the admin class of ``model``."""
    form_class = type(f"{model.__name__}StatusForm", (StatusForm,), {"model": model})

    @action(
        description="Change status",
        url_path="status",
        permissions=["change"],
        dialog={"title": "Change the status", "form_class": form_class, "form_submit_text": "Change status"},
    )
    def change(page: StaffAdmin, request: HttpRequest, form: StatusForm, object_id: str) -> HttpResponse:
        address: str = reverse(
            f"{page.admin_site.name}:{page.opts.app_label}_{page.opts.model_name}_change", args=[object_id]
        )
        kind: Any = page.model
        try:
            row = change_status(
                model=kind,
                key=row_key(object_id),
                to=form.cleaned_data["status"],
                actor=actor_for(request.user),
                at=now(),
            )
        except (CustomerError, ValueError) as error:
            messages.error(request, str(error))
            return close_dialog(request, address)
        label = row.get_status_display().lower()
        page.log_change(request, row, f"Status: {label}. {form.cleaned_data['reason']}".strip())
        messages.success(request, f"The {page.opts.verbose_name} is {label} now.")
        return close_dialog(request, address)

    return change
