"""The ID of the request that is being answered: one per request, the same in every log line and response."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{7,63}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """Return the ID of the current request, or None outside of a request (a command, a task)."""
    return _current.get()


def new_request_id() -> str:
    """Return a new random ID of 32 hexadecimal digits."""
    return uuid.uuid4().hex


@contextmanager
def request_id_bound(value: str) -> Iterator[None]:
    """Make ``value`` the current request ID inside the block, for middleware and for tasks that continue a request."""
    token = _current.set(value)
    try:
        yield
    finally:
        _current.reset(token)
