"""Reads the environment: typed variables, and addresses as the dictionaries that Django's settings expect."""

from __future__ import annotations

import math
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from psycopg import ProgrammingError
from psycopg.conninfo import make_conninfo

POSTGRES_ENGINE = "django.db.backends.postgresql"
_DJANGO_OPTIONS = {"assume_role", "isolation_level", "pool", "server_side_binding"}
_TRUE, _FALSE = ("on", "true", "yes", "1"), ("off", "false", "no", "0")
_URL_FORM = "postgres://user:password@host:5432/database"


class Environment(environ.Env):  # type: ignore[misc]  # the package has no type hints
    """The variables of the environment. Every error names the variable, its value, and the fix.

    A variable that is empty counts as not set. Values are taken as they are: unlike its base class, this one does
    not resolve ``$NAME``, which would break a secret key that begins with a dollar sign.
    """

    def get_value(self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, *_: Any, **__: Any) -> Any:
        """Return a variable as ``cast`` reads it, or ``default``. Raises ImproperlyConfigured for any other value."""
        text = str(self.ENVIRON.get(var, "")).strip()
        if not text:
            if default is self.NOTSET:
                raise ImproperlyConfigured(f"{var} is not set. Set it in the environment or in .env.")
            return default
        if cast is bool:
            return _boolean(var, text)
        if cast is list:
            return [item.strip() for item in text.split(",") if item.strip()] or default
        return text

    def whole(self, var: str, *, default: int, least: int = 0, most: int = 2**31 - 1) -> int:
        """Return an integer between ``least`` and ``most``; no column and no timer takes more than the default."""
        text = self.get_value(var, default=str(default))
        try:
            number = int(text)
        except ValueError:
            raise wrong(var, text, f"a whole number of at least {least}") from None
        if number < least:
            raise wrong(var, text, f"a whole number of at least {least}")
        if number > most:
            raise wrong(var, text, f"a whole number of at most {most}")
        return number

    def real(self, var: str, *, default: float, least: float = 0) -> float:
        """Return a finite number of at least ``least``."""
        text = self.get_value(var, default=str(default))
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not least <= number < math.inf:
            raise wrong(var, text, f"a number of at least {least:g}")
        return number

    def choice(self, var: str, allowed: tuple[str, ...], *, default: str) -> str:
        """Return one of the words in ``allowed``, in their case."""
        text = str(self.get_value(var, default=default))
        if text.upper() not in allowed:
            raise wrong(var, text, f"one of {', '.join(allowed)}")
        return text.upper()

    def time_zone(self, var: str, *, default: str) -> str:
        """Return the name of a time zone that this machine knows."""
        name = str(self.get_value(var, default=default))
        try:
            ZoneInfo(name)
        except (KeyError, OSError, ValueError):  # not found, a folder, or no name at all
            raise wrong(var, name, "a name of the IANA database, such as America/New_York") from None
        return name


def load() -> Environment:
    """Return the environment, with what ``.env`` in the checkout adds to it."""
    path = Path(__file__).resolve().parents[1] / ".env"
    if path.is_file():
        Environment.read_env(path)
    return Environment()


def wrong(var: str, value: str, allowed: str) -> ImproperlyConfigured:
    """Return the error for a variable that has a value which it may not have."""
    return ImproperlyConfigured(f"{var}={value} is not allowed. Set {var} in the environment or in .env to {allowed}.")


def _boolean(var: str, text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise wrong(var, text, f"one of {', '.join((*_TRUE, *_FALSE))}")


def hosts(text: str) -> list[str]:
    """Return the host names of ALLOWED_HOSTS; a scheme, path or port would match no request."""
    found = [item.strip() for item in text.split(",") if item.strip()]
    for host in found:
        if "/" in host or " " in host or re.fullmatch(r"[^\[\]:]+:\d+", host):
            raise wrong("ALLOWED_HOSTS", host, "host names without scheme, path and port, such as admin.example.com")
    if not found:
        raise wrong("ALLOWED_HOSTS", text, "at least one host name, such as admin.example.com")
    return found


def listener(var: str, text: str) -> str:
    """Return the address that a server listens on: ``host:port`` or ``unix:/path``."""
    port = re.fullmatch(r"(?:\[[^\]]+\]|[^\[\]:/]*):(\d+)", text)
    if not (re.fullmatch(r"unix:/.+", text) or (port and 0 < int(port[1]) < 2**16)):
        raise wrong(var, text, "host:port with a port from 1 to 65535, or unix:/path")
    return text


def origins(found: list[str]) -> list[str]:
    """Return CSRF_TRUSTED_ORIGINS; an origin without a scheme would match no request."""
    for origin in found:
        if not re.fullmatch(r"https?://[^/\s]+", origin):
            raise wrong("CSRF_TRUSTED_ORIGINS", origin, "origins with scheme and no path, such as https://example.com")
    return found


def sender(value: str) -> str:
    """Return DEFAULT_FROM_EMAIL; without an address in it no mail server would take a mail."""
    try:
        validate_email(parseaddr(value)[1].replace("@localhost", "@localhost.localdomain"))
    except ValidationError:
        raise wrong("DEFAULT_FROM_EMAIL", value, "an email, such as Teppan <teppan@example.com>") from None
    return value


def database(url: str) -> dict[str, Any]:
    """Return the ``DATABASES`` entry of a ``postgres://`` address.

    A Unix socket may be given as ``?host=/folder`` or as an encoded ``%2Ffolder`` host; both end in ``HOST``,
    where ``dbshell`` and ``psql`` look too. Raises ImproperlyConfigured for anything but PostgreSQL; the message
    does not repeat the address, because it may hold a password.
    """
    scheme = url.partition(":")[0] if "://" in url else ""
    if scheme not in {"postgres", "postgresql", "pgsql", "psql"}:
        found = f"starts with {scheme}://" if scheme else "has no scheme"
        raise ImproperlyConfigured(f"DATABASE_URL {found}, and only PostgreSQL is supported. Write {_URL_FORM}.")
    try:
        parsed = urlsplit(url)
        _ = parsed.port
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read ({_reason(error)}). {_URL_REMEDY}") from None
    entry: dict[str, Any] = dict(environ.Env.db_url_config(url, engine=POSTGRES_ENGINE))
    options = entry.setdefault("OPTIONS", {})
    encoded = parsed.netloc.rpartition("@")[2]
    if encoded.lower().startswith("%2f"):
        entry["HOST"] = unquote(encoded.partition(":")[0])
    for key, option in (("HOST", "host"), ("PORT", "port"), ("USER", "user"), ("PASSWORD", "password")):
        given = options.pop(option, None)
        if given is not None:
            entry[key] = str(given)
    entry["NAME"] = options.pop("dbname", None) or entry["NAME"]
    if not entry["NAME"]:
        raise ImproperlyConfigured(f"DATABASE_URL names no database. End it with /name, as in {_URL_FORM}.")
    try:
        make_conninfo(**{key: value for key, value in options.items() if key not in _DJANGO_OPTIONS})
    except ProgrammingError as error:
        raise ImproperlyConfigured(
            f"DATABASE_URL has an option that libpq does not know ({str(error).strip()}). Take it out, or correct its name; "
            "sslmode, sslrootcert and connect_timeout are options, for example."
        ) from None
    return entry


_URL_REMEDY = (
    f"Write {_URL_FORM}, with a port from 1 to 65535. "
    "Percent-encode special characters of the password: %23 for #, %2F for /, %3F for ?, %40 for @."
)


def _reason(error: ValueError) -> str:
    """Return what is wrong with an address, without the part of it that Python quotes: it may be a password."""
    text = str(error)
    if text.startswith("Port could not be cast"):
        return "the part after the last colon of the host is not a port"
    return text[:1].lower() + text[1:] if text.startswith(("Port out of range", "Invalid IPv6")) else "it is malformed"


def mailer(url: str) -> dict[str, Any]:
    """Return the ``MAILERS`` entry of an address such as ``smtp+tls://user:password@host:587``.

    Raises ImproperlyConfigured for an address of another kind, without repeating its password.
    """
    try:
        parsed = environ.Env.email_url_config(url)
    except (ImproperlyConfigured, ValueError):
        kinds = ", ".join(f"{scheme}://" for scheme in _MAIL_SCHEMES)
        raise ImproperlyConfigured(
            f"EMAIL_URL cannot be read. Write smtp+tls://user:password@host:587, with percent-encoded special "
            f"characters in user and password, or another address that starts with one of {kinds}."
        ) from None
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
    kind = backend.split(".")[-2]
    options = {
        names[key]: value for key, value in parsed.items() if names.get(key) in wanted.get(kind, set()) and value
    }
    if kind == "smtp" and "host" not in options:
        raise ImproperlyConfigured("EMAIL_URL names no mail server. Write smtp+tls://user:password@host:587.")
    return {"BACKEND": backend, "OPTIONS": options}


_MAIL_SCHEMES = ("smtp", "smtp+tls", "smtp+ssl", "consolemail", "filemail", "memorymail", "dummymail")
