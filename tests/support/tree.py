"""The files of the project, as the tests of the house see them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.support.database import ROOT

APPS = ("core", "customers", "bookings", "payments", "adminpanel")
PACKAGES = ("config", "livemigrations", *APPS)
FOLDERS = (*PACKAGES, "tests", "benchmarks")
LEFT_OUT = {"__pycache__", "node_modules", "build", "dist"}


def name(path: Path) -> str:
    """Return a path as it is seen from the project's folder."""
    return path.relative_to(ROOT).as_posix()


def modules(*folders: str) -> list[Path]:
    """Return the Python files of some of the folders, or of all of them."""
    found = (path for folder in folders or FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if not LEFT_OUT & set(path.parts))


def migrations() -> list[Path]:
    """Return the migrations of the apps."""
    return [path for path in modules(*APPS) if path.parent.name == "migrations" and path.name[0].isdigit()]


def texts() -> Iterator[tuple[Path, str]]:
    """Yield each text file that belongs to the project, with its content."""
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT).parts
        hidden = inside[0].startswith(".") and inside[0] not in {".ci", ".env.example", ".gitignore"}
        generated = LEFT_OUT & set(inside) or any(part.endswith(".egg-info") for part in inside)
        if hidden or generated or not path.is_file() or path.suffix == ".pyc":
            continue
        try:
            yield path, path.read_text()
        except UnicodeDecodeError:
            continue


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text(), filename=str(path))
