"""Our admin, and one that pages and counts as Django does, with the same theme and columns, for ``benchmarks.lists``."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.urls import path
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

stock = UnfoldAdminSite("stock")
for model in filter(admin.site.is_registered, apps.get_models()):
    ours = admin.site.get_model_admin(model)
    fields = {field.name for field in model._meta.get_fields()}
    columns = [name for name in ours.list_display if isinstance(name, str) and name in fields]
    attributes: dict[str, Any] = {
        "list_display": columns or ("__str__",),
        "ordering": ours.ordering,
        "list_select_related": ours.list_select_related,
    }
    stock.register(model, type("Stock", (ModelAdmin,), attributes))

urlpatterns = [path("admin/", admin.site.urls), path("stock/", stock.urls)]
