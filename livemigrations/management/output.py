"""Output that neither a terminal's encoding nor a reader who has gone can end with a traceback."""

from __future__ import annotations

import os
import signal
import sys
from io import TextIOWrapper

_STRICT = {"strict", "surrogateescape"}  # the latter is what Python takes in the locale C


def replace_what_cannot_be_shown() -> None:
    """Show characters that the encoding of the terminal or pipe lacks as ``?``; without it they would end a run half-way."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors in _STRICT:
            stream.reconfigure(errors="replace")


def leave_without_reader() -> int:
    """Write to nobody from now on, since the reader has gone, as in ``migrations plan | head``; return the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + signal.SIGPIPE
