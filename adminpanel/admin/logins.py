"""Failed logins, the counts that lock an account, and logins, where django-axes is installed.

Nobody changes these rows. An administrator lifts a lock with ``manage.py axes_reset_username EMAIL``. A role sees the
pages with ``axes.view_accessfailurelog``, ``axes.view_accessattempt`` and ``axes.view_accesslog``.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin

from core.admin.base import ReadOnlyAdmin


class _LoginAdmin(ReadOnlyAdmin):
    """The columns that all three tables have."""

    ordering = ("-attempt_time", "-pk")
    search_fields = ("username", "ip_address")


class FailedLoginAdmin(_LoginAdmin):
    """Every failed login; those that met the lock are marked."""

    list_display = ("attempt_time", "username", "ip_address", "locked_out", "user_agent")
    list_filter = ("locked_out",)
    fields = ("attempt_time", "username", "ip_address", "locked_out", "user_agent", "path_info")


class FailedLoginCountAdmin(_LoginAdmin):
    """The failed logins by email and address within the cool-off, which the throttle counts."""

    list_display = ("attempt_time", "username", "ip_address", "failures_since_start", "user_agent")
    fields = ("attempt_time", "username", "ip_address", "failures_since_start", "user_agent", "path_info")


class LoginAdmin(_LoginAdmin):
    """Every successful login, and its logout."""

    list_display = ("attempt_time", "logout_time", "username", "ip_address", "user_agent")
    fields = ("attempt_time", "logout_time", "username", "ip_address", "user_agent", "path_info")


def _register(name: str, page: type[_LoginAdmin], singular: str, plural: str) -> None:
    """Register a model of axes under our name, in place of the page that axes itself may have registered."""
    model: Any = apps.get_model("axes", name)
    model._meta.verbose_name, model._meta.verbose_name_plural = singular, plural
    if admin.site.is_registered(model):
        admin.site.unregister(model)
    admin.site.register(model, page)


if apps.is_installed("axes"):
    apps.get_app_config("axes").verbose_name = "Logins"
    _register("AccessFailureLog", FailedLoginAdmin, "failed login", "failed logins")
    _register("AccessAttempt", FailedLoginCountAdmin, "failed login count", "failed login counts")
    _register("AccessLog", LoginAdmin, "login", "logins")
