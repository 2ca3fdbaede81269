"""The login form of the staff site."""

from __future__ import annotations

from typing import Any

from unfold.forms import AuthenticationForm

from adminpanel.selectors.accounts import is_user_model

_WRONG = "The email or the password is wrong. Upper and lower case matter in the password only."


class LoginForm(AuthenticationForm):
    """Tells staff that the case of the email does not matter; beside a user model of the host, Django's message stays."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_user_model():
            self.error_messages = {**self.error_messages, "invalid_login": _WRONG}
