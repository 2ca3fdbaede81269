"""Inside a staff site: styled pages for what is refused or missing, and a login that leads to a page that exists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.admin import ModelAdmin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.sites import UnfoldAdminSite

from core.admin.access import AccessMixin, site_of

_NO_PAGES = {"login", "logout", "jsi18n", "autocomplete", "search"}
_VERBS = {
    "changelist": ("view", "change"),
    "change": ("view", "change"),
    "history": ("view", "change"),
    "add": ("add",),
    "delete": ("delete",),
    "password_change": ("change",),
}


class StaffPagesMiddleware:
    """Answers 403 and 404 inside a staff site in its own style, and corrects the login's ``next``.

    Belongs after ``AuthenticationMiddleware`` and ``MessageMiddleware``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Replace a login's ``next`` that leads to no page of this site by the index."""
        match = request.resolver_match
        if match is None or not _in_site(match) or match.url_name != "login":
            return None
        index = reverse(f"{site_of(request).name}:index")
        for name in ("GET", "POST"):
            data = getattr(request, name)
            if REDIRECT_FIELD_NAME in data and not _leads_somewhere(request, data[REDIRECT_FIELD_NAME]):
                changed = data.copy()
                changed[REDIRECT_FIELD_NAME] = index
                setattr(request, name, changed)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer a refusal or a missing page inside the site with a page of the site."""
        match = request.resolver_match
        if match is None or not _in_site(match) or not isinstance(exception, (PermissionDenied, Http404)):
            return None
        site = site_of(request)
        if not isinstance(site, UnfoldAdminSite) or not site.has_permission(request) or match.url_name in _NO_PAGES:
            return None
        refused = isinstance(exception, PermissionDenied)
        request.current_app = site.name
        context = {
            **site.each_context(request),
            "title": "Not permitted" if refused else "Page not found",
            "message": _reason(request, match) if refused else "There is no such page.",
            "permissions": _missing(request, match) if refused else [],
            "index_url": reverse(f"{site.name}:index"),
            **_list_of(request, match),
        }
        answer = TemplateResponse(request, "core/refused.html", context, status=403 if refused else 404)
        return answer.render()


def _in_site(match: ResolverMatch) -> bool:
    return "admin" in match.app_names


def _leads_somewhere(request: HttpRequest, address: str) -> bool:
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return False
    try:
        match = resolve(urlsplit(address).path)
    except Resolver404:
        return False
    # The admin's catch-all view has no name.
    return not _in_site(match) or (match.url_name is not None and match.url_name not in _NO_PAGES)


def _admin_of(match: ResolverMatch) -> ModelAdmin[Any] | None:
    found = getattr(match.func, "model_admin", None)
    return found if isinstance(found, ModelAdmin) else None


def _missing(request: HttpRequest, match: ResolverMatch) -> list[str]:
    """Return the permissions of which the page wants one; nothing if the user has one and a rule refuses the rest."""
    admin = _admin_of(match)
    if admin is None:
        return []
    verb = str(match.url_name).removeprefix(f"{admin.opts.app_label}_{admin.opts.model_name}_")
    wanted = [f"{admin.opts.app_label}.{one}_{admin.opts.model_name}" for one in _VERBS.get(verb, ())]
    if any(request.user.has_perm(one) for one in wanted):
        unpickable = admin.unpickable(request) if verb == "add" and isinstance(admin, AccessMixin) else []
        return [f"{model._meta.app_label}.view_{model._meta.model_name}" for model in unpickable]
    return wanted


def _reason(request: HttpRequest, match: ResolverMatch) -> str:
    admin = _admin_of(match)
    if admin is not None and not _missing(request, match) and getattr(admin, "rows_are_protected", False):
        names = str(admin.opts.verbose_name_plural)
        return f"The system writes these records ({names}). They can be read here, but not added, changed or deleted."
    return "You may not open this page."


def _list_of(request: HttpRequest, match: ResolverMatch) -> dict[str, str]:
    admin = _admin_of(match)
    if admin is None or not admin.has_view_or_change_permission(request):
        return {}
    name = f"{admin.admin_site.name}:{admin.opts.app_label}_{admin.opts.model_name}_changelist"
    return {"list_url": reverse(name), "list_name": str(admin.opts.verbose_name_plural)}
