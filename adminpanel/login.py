"""The login form of the staff site."""

from __future__ import annotations

from typing import Any

from unfold.forms import AuthenticationForm

_WRONG = "The email or the password is wrong. Upper and lower case matter in the password only."


class LoginForm(AuthenticationForm):
    """Says what may be wrong: the case of the email does not matter, the case of the password does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.error_messages = {**self.error_messages, "invalid_login": _WRONG}
