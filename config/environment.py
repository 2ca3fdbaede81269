"""Addresses from the environment turned into the dictionaries that Django's settings want."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

POSTGRES_ENGINE = "django.db.backends.postgresql"


class Environment(environ.Env):  # type: ignore[misc]  # the package states no types
    """The environment's variables; one that cannot be read is named."""

    def get_value(self, var: str, *args: Any, **options: Any) -> Any:
        """Return a variable in its type; raises ImproperlyConfigured if it has no such value."""
        try:
            return super().get_value(var, *args, **options)
        except ValueError as error:
            raise ImproperlyConfigured(
                f"{var} cannot be read ({error}): correct it in the environment or .env"
            ) from error


def database(url: str) -> dict[str, Any]:
    """Return the ``DATABASES`` entry of a ``postgres://`` address.

    A Unix socket may be given as ``?host=/folder`` or as an encoded ``%2Ffolder`` host; both end in ``HOST``,
    where ``dbshell`` and ``psql`` look too. Raises ImproperlyConfigured for anything but PostgreSQL.
    """
    scheme = urlsplit(url).scheme
    if scheme not in {"postgres", "postgresql", "pgsql", "psql"}:
        remedy = "write postgres://user:password@host:5432/database"
        raise ImproperlyConfigured(f"DATABASE_URL starts with {scheme or 'no scheme'}: {remedy}")
    try:
        entry: dict[str, Any] = dict(environ.Env.db_url_config(url, engine=POSTGRES_ENGINE))
    except ValueError as error:
        message = f"DATABASE_URL cannot be read ({error}): percent-encode its password"
        raise ImproperlyConfigured(message) from error
    options = entry.setdefault("OPTIONS", {})
    encoded = urlsplit(url).netloc.rpartition("@")[2]
    if encoded.lower().startswith("%2f"):
        entry["HOST"] = unquote(encoded.partition(":")[0])
    for key, option in (("HOST", "host"), ("PORT", "port"), ("USER", "user"), ("PASSWORD", "password")):
        given = options.pop(option, None)
        if given is not None:
            entry[key] = str(given)
    entry["NAME"] = options.pop("dbname", None) or entry["NAME"]
    if not entry["NAME"]:
        raise ImproperlyConfigured("DATABASE_URL names no database: end it with /name")
    return entry


def mailer(url: str) -> dict[str, Any]:
    """Return the ``MAILERS`` entry of an address such as ``smtp+tls://user:password@host:587``."""
    parsed = environ.Env.email_url_config(url)
    names = {
        "EMAIL_HOST": "host",
        "EMAIL_PORT": "port",
        "EMAIL_HOST_USER": "username",
        "EMAIL_HOST_PASSWORD": "password",
        "EMAIL_USE_TLS": "use_tls",
        "EMAIL_USE_SSL": "use_ssl",
        "EMAIL_FILE_PATH": "file_path",
    }
    wanted = {"smtp": {*names.values()} - {"file_path"}, "filebased": {"file_path"}}
    backend = str(parsed["EMAIL_BACKEND"])
    allowed = wanted.get(backend.split(".")[-2], set())
    options = {names[key]: value for key, value in parsed.items() if names.get(key) in allowed and value}
    return {"BACKEND": backend, "OPTIONS": options}
