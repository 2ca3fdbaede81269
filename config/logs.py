"""Structured logs on stderr: JSON lines in production, readable lines in development.

Every line carries the ID of its request, and passes ``config.scrubbing`` before it is written. The records of other
libraries (Django, axes, gunicorn) take the same way.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

from config.scrubbing import drop_path, scrub
from core.request_id import current_request_id

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def add_request_id(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor: add the ID of the current request, if there is one."""
    value = current_request_id()
    if value is not None:
        event["request_id"] = value
    return event


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    add_request_id,
]


class RefusedHost(logging.Filter):
    """Makes the record of a request with a wrong Host a warning without a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; let it pass."""
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = None
        return True


def configure_structlog() -> None:
    """Send the loggers of ``structlog.get_logger()`` through the standard library's handlers."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def logging_settings(*, debug: bool, level: str) -> dict[str, Any]:
    """Return the value of Django's ``LOGGING``; gunicorn's ``logconfig_dict`` takes the same."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": ProcessorFormatter,
                "foreign_pre_chain": [*_SHARED, drop_path],
                "processors": [ProcessorFormatter.remove_processors_meta, *_rendering(debug=debug)],
            },
        },
        "filters": {"refused_host": {"()": RefusedHost}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            # The line of the request says the same of a 4xx; from 500 on this logger adds the traceback.
            "django.request": {"handlers": [], "level": "ERROR", "propagate": True},
            # runserver's line of each request would show the query string.
            "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
            # Anybody can send a wrong Host; that is a request for somebody else's site and no failure of ours.
            "django.security.DisallowedHost": {"handlers": [], "filters": ["refused_host"], "propagate": True},
            # Django leaves it to the server to drop the body of an answer to HEAD, and gunicorn warns of each.
            "gunicorn.http.wsgi": {"handlers": [], "level": "ERROR", "propagate": True},
            # At a terminal, migrate says the same in its own lines.
            "livemigrations": {"handlers": [], "level": "CRITICAL" if debug else level, "propagate": True},
            "axes": {"handlers": [], "level": "WARNING", "propagate": True},
            "gunicorn.error": {"handlers": ["stderr"], "level": level, "propagate": False},
            "gunicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
        },
    }


def _rendering(*, debug: bool) -> list[Processor]:
    """Return the processors that write a line; a traceback is text without the values of local variables."""
    if debug:
        console = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        return [structlog.processors.format_exc_info, scrub, console]
    return [structlog.processors.format_exc_info, scrub, structlog.processors.JSONRenderer()]
