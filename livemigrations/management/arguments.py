"""Values that several commands take, checked where they are given."""

from __future__ import annotations

from argparse import ArgumentTypeError


def count(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"give a whole number from 1 on, not {text!r}")
    return int(text)


def days(text: str) -> float:
    """A number of days, from 0 on."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        raise ArgumentTypeError(f"give a number of days, not {text!r}")
    return value
