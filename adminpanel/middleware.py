"""Keeps an account on one page until its owner has chosen a password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch, reverse

from adminpanel.models import AdminUser
from adminpanel.views.first_password import FirstPasswordView

_ALLOWED = {"logout", "jsi18n"}
_ADMIN_APP_NAME = "admin"  # every AdminSite includes its URLs under this application namespace


class PasswordChangeMiddleware:
    """In every admin site, sends an account whose password somebody else set to the page that replaces it.

    List it after ``AuthenticationMiddleware``. It ignores users who are not staff accounts.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Answer instead of the view while the password must be changed, otherwise return None."""
        match = request.resolver_match
        namespace = _admin_namespace(match)
        if match is None or namespace is None or match.url_name in _ALLOWED:
            return None
        user = getattr(request, "user", None)
        if not isinstance(user, AdminUser) or not user.must_change_password:
            return None
        if match.url_name != "password_change":
            return HttpResponseRedirect(reverse(f"{namespace}:password_change"))
        vars(request)["current_app"] = namespace
        change = FirstPasswordView.as_view(
            admin_site=getattr(view, "admin_site", admin.site), success_url=reverse(f"{namespace}:index")
        )
        return change(request)


def _admin_namespace(match: ResolverMatch | None) -> str | None:
    """Return the instance namespace of the admin site that a request is for, or None if it is for none."""
    if match is None or _ADMIN_APP_NAME not in match.app_names:
        return None
    return ":".join(match.namespaces[: match.app_names.index(_ADMIN_APP_NAME) + 1])
