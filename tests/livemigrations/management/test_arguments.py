"""Values on the command line: what is none is named, in words, before anything begins."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable

import pytest

from livemigrations.management.arguments import count, days, file, rows, sprint, word


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [(count, "1", 1), (count, "007", 7), (rows, "0", 0), (sprint, "0", 0), (sprint, "99", 99), (days, "0.5", 0.5)],
)
def test_taken(read: Callable[[str], float], text: str, value: float) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *((read, text) for read in (count, rows, sprint) for text in ("", "-1", "1.5", "one", "²", "٣", "1" * 5000)),
        (count, "0"), (sprint, "100"), (days, "-1"), (days, "nan"), (days, "inf"), (days, "soon"),
    ],
)  # fmt: skip
def test_refused_in_words(read: Callable[[str], float], text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=r"^give (a|the) .*number.*, not "):
        read(text)


@pytest.mark.parametrize("read", [word, file])
@pytest.mark.parametrize("text", ["", " "])
def test_empty_text_is_none_given_by_mistake(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is empty; is a variable not set"):
        read(text)
