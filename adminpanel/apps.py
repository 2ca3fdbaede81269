"""The Django application ``adminpanel``."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_delete, post_save


class AdminPanelConfig(AppConfig):
    """Staff and the site they work in."""

    name = "adminpanel"
    verbose_name = "Staff"

    def ready(self) -> None:
        """Record logins, and register the settings and the actors with ``core``.

        Django's own receiver would end the obligation to choose a password at the first login.
        """
        from adminpanel.models import AdminConfig
        from adminpanel.selectors.config import AdminConfigStore
        from adminpanel.selectors.permissions import staff_actor
        from adminpanel.services.accounts import record_login
        from adminpanel.services.config import forget_settings
        from core.actors import register_actor_source
        from core.settings import register_store

        user_logged_in.disconnect(dispatch_uid="update_last_login")
        user_logged_in.connect(record_login, dispatch_uid="adminpanel.record_login")
        register_actor_source("adminpanel", staff_actor)
        register_store(AdminConfigStore())
        for signal in (post_save, post_delete):
            signal.connect(forget_settings, sender=AdminConfig, dispatch_uid="adminpanel.forget_settings")
