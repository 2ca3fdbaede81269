"""Output that no terminal's encoding can end."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def replace_what_cannot_be_shown() -> None:
    """Show characters that the encoding of the terminal or pipe lacks as ``?``; without it they would end a run half-way."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")
