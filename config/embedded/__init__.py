"""A PostgreSQL of the project's own, for development: the server that runs when ``DATABASE_URL`` is not set.

The binaries come from a wheel, the lifecycle from here: :mod:`places` says where the data and the socket are,
:mod:`account` as whom the server runs, :mod:`binaries` which programs it is, :mod:`processes` what is alive,
:mod:`cluster` creates and starts it, :mod:`clients` counts who needs it, :mod:`server` ties these together.
"""

from __future__ import annotations

from config.embedded.errors import EmbeddedError
from config.embedded.server import client, ensure_running, remove, settings, status, stop, url

__all__ = ["EmbeddedError", "client", "ensure_running", "remove", "settings", "status", "stop", "url"]
