"""The Django application ``adminpanel``."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class AdminPanelConfig(AppConfig):
    """Staff and the site they work in."""

    name = "adminpanel"
    verbose_name = "Staff"

    def ready(self) -> None:
        """Record logins our way: Django's own receiver would end the obligation to choose a password."""
        from adminpanel.services.accounts import record_login

        user_logged_in.disconnect(dispatch_uid="update_last_login")
        user_logged_in.connect(record_login, dispatch_uid="adminpanel.record_login")
