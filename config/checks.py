"""System checks of the deployment, run by ``manage.py check --deploy`` (see docs/deployment.md)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.utils.module_loading import import_string

from config.storage import COLLECT


@register(Tags.staticfiles, deploy=True)
def static_files_are_collected(**_: Any) -> list[CheckMessage]:
    """Report a missing manifest of the static files: pages would come without styles and scripts."""
    manifest = settings.STATIC_ROOT / "staticfiles.json"
    if settings.DEBUG or manifest.is_file():
        return []
    return [Error(f"{manifest} does not exist, so pages have no styles and scripts.", hint=COLLECT, id="config.E001")]


@register(Tags.security)
def password_hashers_exist(**_: Any) -> list[CheckMessage]:
    """Report a value of PASSWORD_HASHERS that cannot be imported: every login would fail."""
    found: list[CheckMessage] = []
    for name in settings.PASSWORD_HASHERS:
        try:
            import_string(name)
        except ImportError as error:
            hint = "Set PASSWORD_HASHERS to dotted paths of hasher classes, separated by commas, or leave it out."
            found.append(Error(f"PASSWORD_HASHERS={name} cannot be imported ({error}).", hint=hint, id="config.E002"))
    return found
