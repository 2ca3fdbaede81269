"""The login form of the staff site."""

from __future__ import annotations

from typing import ClassVar

from unfold.forms import AuthenticationForm


class LoginForm(AuthenticationForm):
    """Says what may be wrong. The case of the email does not matter; the case of the password does."""

    error_messages: ClassVar[dict[str, str]] = {
        **AuthenticationForm.error_messages,
        "invalid_login": "The email or the password is wrong. Upper and lower case matter in the password only.",
    }
