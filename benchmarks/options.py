"""The command-line options that the benchmarks have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Mapping
from pathlib import Path


def parser(program: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser that knows which server is measured and how the figures are printed."""
    made = argparse.ArgumentParser(prog=f"python -m benchmarks.{program}", description=description)
    made.add_argument("--postgresql", type=int, metavar="MAJOR", help="version, of those that are installed")
    made.add_argument("--folder", type=Path, help="where its files are while it is measured")
    made.add_argument("--json", action="store_true", help="print everything that was measured as JSON")
    return made


def names(known: Collection[str], aliases: Mapping[str, str]) -> Callable[[str], list[str]]:
    """Return the reader of a list of names with commas between them."""

    def read(text: str) -> list[str]:
        chosen = [aliases.get(name, name) for name in text.split(",")]
        wrong = [name for name in chosen if name not in known]
        if wrong:
            raise argparse.ArgumentTypeError(f"there is no {', '.join(wrong)}: choose from {', '.join(known)}")
        return chosen

    return read
