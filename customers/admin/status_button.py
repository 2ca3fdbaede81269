"""The button that changes the status of a lead, a subscriber or a thread."""

from __future__ import annotations

from typing import Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from core.actors import actor_for
from core.admin import dialogs
from core.admin.base import StaffAdmin
from core.admin.dialogs import ReasonForm
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
        def run(key: UUID) -> Model:
            model, status = cast(Any, page.model), form.cleaned_data["status"]
            return change_status(model=model, key=key, to=status, actor=actor_for(request.user), at=now())

        return dialogs.change_status(page, request, form, object_id, run, refusals=(CustomerError, ValueError))

    return change
