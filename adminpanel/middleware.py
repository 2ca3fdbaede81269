"""Keeps an account on one page until its owner has chosen a password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from adminpanel.models import AdminUser
from adminpanel.views.first_password import FirstPasswordView

_ALLOWED = {"logout", "jsi18n"}


class PasswordChangeMiddleware:
    """In the admin, shows whoever still has a password from somebody else nothing but the page to replace it.

    Belongs after ``AuthenticationMiddleware``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Answer in place of the view where the obligation stands, else let it through."""
        match = request.resolver_match
        if match is None or admin.site.name not in match.namespaces or match.url_name in _ALLOWED:
            return None
        user = request.user
        if not isinstance(user, AdminUser) or not user.must_change_password:
            return None
        if match.url_name == "password_change":
            return FirstPasswordView.as_view()(request)
        return HttpResponseRedirect(reverse(f"{admin.site.name}:password_change"))
