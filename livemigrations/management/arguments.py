"""Values that several commands take, checked where they are given."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path


def count(text: str) -> int:
    """A whole number from 1 on."""
    return _whole(text, "a whole number from 1 on", least=1)


def rows(text: str) -> int:
    """A number of rows; none is one as well."""
    return _whole(text, "a number of rows")


def sprint(text: str) -> int:
    """The number of a sprint; names of migrations have two digits for it."""
    return _whole(text, "the number of a sprint", most=99)


def days(text: str) -> float:
    """A number of days, from 0 on."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        raise ArgumentTypeError(f"give a number of days, not {text!r}")
    return value


def word(text: str) -> str:
    """A name, which cannot be empty: the empty text of a variable that is not set must not count as none given."""
    if not text.strip():
        raise ArgumentTypeError("is empty; is a variable not set?")
    return text


def file(text: str) -> Path:
    """The path of a file."""
    return Path(word(text))


def _whole(text: str, what: str, *, least: int = 0, most: int = 10**9) -> int:
    if not (text.isascii() and text.isdigit()) or not least <= int(text[:20]) <= most:
        raise ArgumentTypeError(f"give {what}, not {text!r}")
    return int(text)
