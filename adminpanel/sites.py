"""Our admin pages on a site of the host's own.

The pages are registered on Django's default site. A host that has a second ``AdminSite`` registers them there too::

    backoffice = BackofficeSite(name="backoffice")  # derived from unfold.sites.UnfoldAdminSite
    register(backoffice)
"""

from __future__ import annotations

from importlib import import_module

from django.apps import apps
from django.contrib import admin
from django.contrib.admin import AdminSite

LABELS = ("customers", "bookings", "payments", "adminpanel")


def register(site: AdminSite) -> None:
    """Register every model of ours on ``site``, with the admin class that the default site has for it.

    Call it when Django is set up, for example in ``urls.py`` or in an ``admin.py``. Models that ``site`` has already
    keep their admin class.
    """
    installed = [config for config in apps.get_app_configs() if config.label in LABELS]
    for config in installed:
        import_module(f"{config.name}.admin")
    for model in (model for config in installed for model in config.get_models()):
        if admin.site.is_registered(model) and not site.is_registered(model):
            site.register(model, type(admin.site.get_model_admin(model)))
