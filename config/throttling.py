"""Login throttling with django-axes: which logins are counted, and the message of a lock.

An email and a client address together are locked for ``LOGIN_COOLOFF_MINUTES`` after ``LOGIN_FAILURE_LIMIT`` failed
logins, so that an attacker cannot lock the owner out from elsewhere. ``settings.py`` names the functions below.
"""

from __future__ import annotations

import math
import unicodedata
from datetime import timedelta
from typing import Any

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.contrib.auth import get_user_model
from django.db.models import Max
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import SimpleTemplateResponse
from django.utils import timezone

_USERNAME_LENGTH = 255  # of axes' column


def username(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str | None:
    """Return the typed email so that all spellings which find the same account are equal.

    Accounts are found with PostgreSQL's ``UPPER``, which for example maps the long s to S; ``upper().lower()`` merges
    at least as many spellings. NUL and characters beyond the length of the column would make the INSERT fail.
    """
    given = credentials or request.POST
    typed = given.get("username") or given.get(get_user_model().USERNAME_FIELD)
    if typed is None:
        return None
    folded = unicodedata.normalize("NFKC", str(typed)).upper().lower().strip()
    return folded.replace("\0", "")[:_USERNAME_LENGTH]


def client_label(*_: Any) -> str:
    """Return what axes writes to the log in place of the email, the address and the browser of the client."""
    return "a client (see Failed logins in the admin)"


def locked_out(
    request: HttpRequest, original: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """Return status 429 with the login form, which says how long to wait and what an administrator can do."""
    wait = _remaining(request, credentials)
    minutes = max(1, math.ceil(wait.total_seconds() / 60))
    email = username(request, credentials) or ""
    message = (
        f"Too many failed logins. Wait {minutes} minute{'' if minutes == 1 else 's'}, then try again. "
        f"An administrator can lift the lock at once with: manage.py axes_reset_username {email}"
    )
    response = _in_the_form(original, message) or HttpResponse(
        render_to_string("429.html", {"message": message}, request)
    )
    response.status_code = 429
    response.headers["Retry-After"] = str(math.ceil(wait.total_seconds()))
    return response


def _in_the_form(original: HttpResponse | None, message: str) -> HttpResponse | None:
    """Return the login page again with the message as the form's only error, or None if it is another page."""
    if not isinstance(original, SimpleTemplateResponse):
        return None
    form = (original.context_data or {}).get("form")
    if not isinstance(form, BaseForm):
        return None
    form.errors.clear()
    form.add_error(None, message)
    original.content = original.rendered_content
    return original


def _remaining(request: HttpRequest, credentials: dict[str, Any] | None) -> timedelta:
    """Return how long the lock still holds: a failed login counts for the length of the cool-off."""
    cool_off: timedelta = get_cool_off(request)
    attempts = AccessAttempt.objects.filter(
        username=username(request, credentials),
        ip_address=request.axes_ip_address,  # type: ignore[attr-defined]  # set by axes
    )
    latest = attempts.aggregate(latest=Max("attempt_time"))["latest"]
    return cool_off if latest is None else max(latest + cool_off - timezone.now(), timedelta(seconds=1))
