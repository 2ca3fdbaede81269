"""Text for the engine's own tables in databases whose encoding is not UTF8.

The engine's tables take any text there: characters outside of ASCII are written as escapes. What the author of a
migration wrote reaches the server as it is; PostgreSQL says so if the database cannot store it.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

_ESCAPED = "ascii"


def holds_any_text(connection: BaseDatabaseWrapper) -> bool:
    """Whether the database's encoding is UTF8, so that it can store every character."""
    connection.ensure_connection()
    raw: Any = connection.connection
    return bool(raw.info.parameter_status("server_encoding") == "UTF8")


def storable(connection: BaseDatabaseWrapper, text: str) -> str:
    """The text, with escapes (``\\u2026``) for what the database might not be able to store."""
    return text if text.isascii() or holds_any_text(connection) else text.encode("ascii", "backslashreplace").decode()


def to_jsonb(connection: BaseDatabaseWrapper, data: dict[str, Any]) -> str:
    """JSON that a ``jsonb`` column of the database can store.

    PostgreSQL turns the escapes of JSON into characters of the database's encoding. Where it might not have them, the
    whole text is one string with escapes of its own.
    """
    text = json.dumps(data)
    if json.dumps(data, ensure_ascii=False).isascii() or holds_any_text(connection):
        return text
    return json.dumps({_ESCAPED: text})


def from_jsonb(text: str) -> dict[str, Any]:
    """The data that ``to_jsonb`` wrote."""
    data: dict[str, Any] = json.loads(text)
    return json.loads(data[_ESCAPED]) if data.keys() == {_ESCAPED} else data
