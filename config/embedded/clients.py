"""Who needs the server: each client locks a file of its own, which the kernel frees when it dies."""

from __future__ import annotations

import fcntl
import os
import uuid
from pathlib import Path
from typing import TextIO

from config.embedded.places import Places


def register(places: Places) -> TextIO:
    """Add this process to the clients; it counts until the returned file is closed or the process is gone."""
    handle = (places.clients / f"{os.getpid()}-{uuid.uuid4().hex[:8]}").open("w")
    os.fchmod(handle.fileno(), 0o644)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def leave(places: Places, handle: TextIO) -> bool:
    """Remove a client; return whether it was the last. The caller holds the lock of the places."""
    Path(handle.name).unlink(missing_ok=True)
    handle.close()
    return not alive(places)


def alive(places: Places) -> list[int]:
    """Return the process ids of the clients that live, and remove the files of those that were killed."""
    found = []
    for path in sorted(places.clients.glob("*-*")):
        if _is_held(path):
            found.append(int(path.name.partition("-")[0]))
        else:
            path.unlink(missing_ok=True)
    return found


def _is_held(path: Path) -> bool:
    with path.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
