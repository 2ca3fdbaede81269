"""Dialogs behind the buttons of a page: they ask for a reason, and a button only acts when its dialog is submitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from core.search import as_uuid


class ReasonForm(BaseDialogForm):
    """Asks for a reason that may be left out."""

    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Shown in the history.",
    )


class RequiredReasonForm(ReasonForm):
    """Asks for a reason that must be given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True


def row_key(object_id: str) -> UUID:
    """Return the primary key in the address of a dialog. Raises ``Http404`` if there is none."""
    key = as_uuid(object_id)
    if key is None:
        raise Http404(f"{object_id!r} is not the ID of a row.")
    return key


def change_status(
    page: ModelAdmin,
    request: HttpRequest,
    form: ReasonForm,
    object_id: str,
    change: Callable[[UUID], Any],
    *,
    refusals: tuple[type[Exception], ...],
) -> HttpResponse:
    """Change the status of the row of a dialog and leave the dialog for the page of the row.

    ``change`` gets the row's primary key, calls the service function and returns the row. An error in ``refusals`` is
    shown as a message. A change is noted in the history, with the reason from the form.
    """
    options = page.opts
    address: str = reverse(f"{page.admin_site.name}:{options.app_label}_{options.model_name}_change", args=[object_id])
    try:
        row = change(row_key(object_id))
    except refusals as error:
        messages.error(request, str(error))
        return close_dialog(request, address)
    label = row.get_status_display().lower()
    page.log_change(request, row, f"Status: {label}. {form.cleaned_data['reason']}".strip())
    messages.success(request, f"The {options.verbose_name} is {label} now.")
    return close_dialog(request, address)


def close_dialog(request: HttpRequest, address: str) -> HttpResponse:
    """Leave the dialog for a page; htmx, which opened the dialog, follows a header rather than a redirect."""
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)
