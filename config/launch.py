"""How ``manage.py`` begins and ends: the embedded server where it is needed, plain words when it fails."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence

import django
import psycopg
import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import NotSupportedError, OperationalError

from config import checks, embedded
from livemigrations.engine.failures import why_unreachable

WITHOUT_DATABASE = {
    *("check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "help", "makemessages"),
    *("sendtestemail", "startapp", "startproject", "testserver", "version"),
}


def manage(argv: list[str]) -> int:
    """Run a management command; return its exit code, with a message on stderr instead of a traceback.

    Only failures to reach the database are put into words here. Everything else is raised as it is.
    """
    try:
        with _database_for(argv):
            execute_from_command_line(argv)
    except (ImproperlyConfigured, embedded.EmbeddedError) as error:
        return _fail(str(error), argv)
    except NotSupportedError as error:
        if "or later is required" not in str(error):
            raise
        return _fail(f"{_address()} is too old: {error}. Point DATABASE_URL to PostgreSQL 15 or newer.", argv)
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        if argv[1:2] != ["collectstatic"]:
            raise
        place = f"STATIC_ROOT={settings.STATIC_ROOT}"
        return _fail(f"{place} cannot be written ({error.strerror}). Set STATIC_ROOT to a folder that you can write.")
    except BrokenPipeError:  # the reader of our output has gone, as in `manage.py … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OperationalError as error:
        cause = error.__cause__
        if not isinstance(cause, psycopg.OperationalError) or cause.sqlstate is not None:
            raise
        return _fail(unreachable(str(error)), argv)
    return 0


def check_settings() -> int:
    """Read the settings; return the exit code, with a message on stderr if a variable has a wrong value."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        _ = settings.DEBUG  # the first setting to be read loads all of them
    except (ImproperlyConfigured, embedded.EmbeddedError) as error:
        return _fail(str(error))
    return 0


def ensure_database() -> None:
    """Start the embedded server when the settings say that it is the database."""
    if settings.EMBEDDED_POSTGRES:
        embedded.ensure_running()


def prepare_to_serve() -> None:
    """Do what the WSGI and ASGI entry points need: warnings as log lines, the static files' check, the database."""
    django.setup(set_prefix=False)
    logging.captureWarnings(True)
    for problem in checks.static_files_are_collected():
        structlog.get_logger("teppan.static").error(
            "static_files_not_collected", problem=problem.msg, remedy=problem.hint
        )
    ensure_database()


def unreachable(reason: str) -> str:
    """Say in words why the database does not let us in, and what to do."""
    return f"The database {_address()} cannot be reached: {why_unreachable(reason, 'DATABASE_URL')}\n{reason.strip()}"


@contextlib.contextmanager
def _database_for(argv: list[str]) -> Iterator[None]:
    command = argv[1] if len(argv) > 1 else "help"
    dry = command == "makemigrations" and {"--check", "--dry-run"} & set(argv)
    if dry:
        warnings.filterwarnings("ignore", "Got an error checking a consistent", RuntimeWarning)
    if dry or command in WITHOUT_DATABASE or {"--help", "-h", "--version"} & set(argv):
        yield
    elif command == "up" and settings.EMBEDDED_POSTGRES:
        print(f"Starting the embedded PostgreSQL in {embedded.status().home} ...", flush=True)
        with embedded.client():
            yield
    else:
        ensure_database()
        yield


def _address() -> str:
    """Return the database's address as a person would say it, without its password."""
    entry = settings.DATABASES["default"]
    server = f"{entry.get('HOST') or 'localhost'}:{entry.get('PORT') or 5432}"
    return f"{entry['NAME']} on {server} (user {entry.get('USER') or os.environ.get('USER', 'unnamed')})"


def _fail(message: str, argv: Sequence[str] = ()) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2 if argv[1:2] == ["migrations"] and "status" in argv else 1  # 1 would say that migrations are pending


if __name__ == "__main__":  # gunicorn's configuration runs this before the server starts
    sys.exit(check_settings())
