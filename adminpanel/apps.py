"""The Django application ``adminpanel``."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.core import checks
from django.db.models.signals import post_delete, post_save

DJANGO_RECEIVER = "update_last_login"  # the dispatch_uid of Django's own receiver


class AdminPanelConfig(AppConfig):
    """Staff and the site they work in."""

    name = "adminpanel"
    verbose_name = "Staff"

    def ready(self) -> None:
        """Register the system checks, the settings and the actors, and record the logins of staff.

        Django's receiver notes every login in ``last_login``, which would end the obligation to choose a password.
        Where our accounts are the user model, ours takes its place under the same ``dispatch_uid``, so that Django does
        not connect its own if ``django.contrib.auth`` comes after this app. Beside the host's own user model, Django's
        receiver stays.
        """
        from adminpanel.checks import check_configuration
        from adminpanel.models import AdminConfig
        from adminpanel.selectors.accounts import is_user_model
        from adminpanel.selectors.config import AdminConfigStore
        from adminpanel.selectors.permissions import staff_actor
        from adminpanel.services.accounts import record_login
        from adminpanel.services.config import forget_settings
        from core.actors import register_actor_source
        from core.settings import register_store

        checks.register(check_configuration, "teppan")
        if is_user_model():
            user_logged_in.disconnect(dispatch_uid=DJANGO_RECEIVER)
            user_logged_in.connect(record_login, dispatch_uid=DJANGO_RECEIVER)
        register_actor_source("adminpanel", staff_actor)
        register_store(AdminConfigStore())
        for signal in (post_save, post_delete):
            signal.connect(forget_settings, sender=AdminConfig, dispatch_uid="adminpanel.forget_settings")
