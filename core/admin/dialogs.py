"""Dialogs behind the buttons of a page: they ask for a reason, and a button only acts when its dialog is submitted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget


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


def close_dialog(request: HttpRequest, address: str) -> HttpResponse:
    """Leave the dialog for a page; htmx, which opened the dialog, follows a header rather than a redirect."""
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)
