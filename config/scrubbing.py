"""Removes personal values from log lines: the last line of defence behind code that does not log them at all.

The patterns find emails, phone numbers, query strings, and the values that PostgreSQL and Python quote in their error
messages. They cannot recognise a name or a street in free text, so no code may log customer data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # https://user:password@host, before the pattern for emails takes a part of it
    (re.compile(r"(?<=://)[^\s/@]+@"), "[credentials]@"),
    (re.compile(r"[\w.+'-]+(?:@|%40)[\w-]+(?:\.[\w-]+)*", re.IGNORECASE), "[email]"),
    # /path?query, up to the end of the word
    (re.compile(r"(?<=[\w/])\?[^\s\"'<>]*=[^\s\"'<>]*"), "?[query]"),
    # +1 916 555 0123, (916) 555-0123, 916-555-0123, 9165550123; not a part of a UUID or of a decimal fraction
    (re.compile(r"\+\d[\d ().-]{6,}\d"), "[phone]"),
    (re.compile(r"(?<![\w.-])\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}(?![\w-]|\.\d)"), "[phone]"),
    # PostgreSQL: the detail of an error repeats the values of the row
    (re.compile(r"(?<=\bDETAIL:)[^\n]*"), " [values]"),
    (
        re.compile(r"\((?P<columns>[^()\n]*)\)=\([^\n]*?\)(?= (?:already exists|is not|is still|conflicts))"),
        r"(\g<columns>)=([values])",
    ),
    (re.compile(r"(?<=Failing row contains )\([^\n]*\)"), "([values])"),
    # invalid input syntax for type uuid: "…", invalid literal for int() with base 10: '…', “…” is not a valid UUID
    (re.compile(r"(?<=: )(?:\"[^\"\n]*\"|'[^'\n]*')"), "[value]"),
    (re.compile(r"“[^”\n]*”"), "[value]"),
)
_NEVER = {"request", "body", "post", "cookies", "headers", "password", "email", "phone", "full_name", "username"}


def scrubbed(text: str) -> str:
    """Return ``text`` without emails, phone numbers, query strings and quoted values."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def scrub(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor: drop fields that hold personal values, and scrub the text of all others."""
    for key in list(event):
        if key.lower() in _NEVER:
            del event[key]
        elif key not in {"_record", "exc_info", "timestamp", "request_id"}:
            event[key] = _clean(event[key])
    return event


def drop_path(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor for records of Django: take the requested path out of the message; the request's line has it."""
    record = event.get("_record")
    request = getattr(record, "request", None)
    path = getattr(request, "path", None)
    if isinstance(path, str) and len(path) > 1 and isinstance(event.get("event"), str):
        event["event"] = re.sub(rf":? ?{re.escape(path)}$", "", event["event"]).replace(path, "[path]")
    return event


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return scrubbed(value)
    if isinstance(value, Mapping):
        return {key: _clean(item) for key, item in value.items() if str(key).lower() not in _NEVER}
    if isinstance(value, list | tuple | set):
        return [_clean(item) for item in value]
    return value if isinstance(value, int | float | bool | None) else scrubbed(str(value))
