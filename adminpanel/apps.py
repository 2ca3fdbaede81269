"""The Django application ``adminpanel``."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.core import checks

DJANGO_RECEIVER = "update_last_login"  # the dispatch_uid of Django's own receiver


class AdminPanelConfig(AppConfig):
    """Staff and the site they work in."""

    name = "adminpanel"
    verbose_name = "Staff"

    def ready(self) -> None:
        """Register the system checks, and record the logins of staff where they are the project's users.

        Django's receiver notes every login in ``last_login``, which would end the obligation to choose a password.
        Ours takes its place under the same ``dispatch_uid``, so that Django does not connect its own where
        ``django.contrib.auth`` comes after this app. Beside the host's own user model, Django's receiver stays.
        """
        from adminpanel.checks import check_configuration
        from adminpanel.selectors.accounts import is_user_model
        from adminpanel.services.accounts import record_login

        checks.register(check_configuration, "teppan")
        if is_user_model():
            user_logged_in.disconnect(dispatch_uid=DJANGO_RECEIVER)
            user_logged_in.connect(record_login, dispatch_uid=DJANGO_RECEIVER)
