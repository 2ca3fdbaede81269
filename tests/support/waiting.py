"""Wait for what another process or session does, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def wait_until(true: Callable[[], Any], seconds: float = 120) -> None:
    """Ask again and again until the answer is true; an AssertionError when it never is."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)
