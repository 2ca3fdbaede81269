"""``manage.py create_first_superuser``: the first account, from the environment or by prompt."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from adminpanel.errors import AdminPanelError
from adminpanel.selectors.accounts import SETTING, is_user_model
from adminpanel.services.accounts import create_first_superuser

PREFIX = "TEPPAN_SUPERUSER_"


class Command(BaseCommand):
    """Creates the account, or says why it cannot; the password must be changed at the first login."""

    help = (
        f"Create the first superuser from {PREFIX}EMAIL, {PREFIX}NAME and {PREFIX}PASSWORD, and ask for those that "
        "are not set. The first login asks for a new password. "
        "The exit code is 1 if a superuser exists or a value is refused."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, create, report."""
        email = self._answer("EMAIL", "Email: ")
        name = self._answer("NAME", "Full name: ")
        password = os.environ.get(f"{PREFIX}PASSWORD") or self._password()
        try:
            user = create_first_superuser(email=email, full_name=name, password=password)
        except AdminPanelError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Created {user.email} with all permissions. {_next_step()}")

    def _answer(self, name: str, question: str) -> str:
        given = os.environ.get(PREFIX + name)
        if given:
            return given
        self._refuse_without_terminal(name)
        return input(question)

    def _password(self) -> str:
        self._refuse_without_terminal("PASSWORD")
        password = getpass.getpass("Password for the first login: ")
        if password != getpass.getpass("Password (again): "):
            raise CommandError("The two passwords differ. No account was created. Try again.")
        return password

    def _refuse_without_terminal(self, name: str) -> None:
        if not sys.stdin.isatty():
            raise CommandError(f"{PREFIX}{name} is not set, and there is no terminal to ask for it. Set the variable.")


def _next_step() -> str:
    if is_user_model():
        return "The first login asks for a new password."
    return (
        f"This project logs in users of {settings.AUTH_USER_MODEL}, not staff accounts. A user gets the permissions"
        f" of this account through the setting {SETTING}."
    )
