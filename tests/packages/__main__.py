"""``make packages``: install each package beside Django, migrate it twice by plain Django and twice by the engine.

``python -m tests.packages [name …]``. Each package is installed into a folder of its own below ``.packages``, without
Django and psycopg, which are those of this project. Prints a table in Markdown; exits with 1 if a catalog differs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.packages.shelf import CONTRIB, PACKAGES, SETTINGS, Package
from tests.support import processes
from tests.support.catalogs import differences
from tests.support.database import ROOT, fresh
from tests.support.postgres import Fleet, PgServer, newest
from tests.support.project import Project

HOME = ROOT / ".packages"
PERCENT = (50, 75, 90)  # rows come after so many of the migrations: later ones where plain Django fails on them
OURS = ("django", "Django", "psycopg", "psycopg_binary", "psycopg_pool", "pgtrigger", "bin")
HEAD = (
    "| package | version | migrations | empty | populated | refused until --allow-long-locks |\n"
    "| --- | --- | --- | --- | --- | --- |"
)


@dataclass
class Result:
    """What came of one package; ``details`` are the lines to look into."""

    package: Package
    version: str = ""
    migrations: int = 0
    empty: str = ""
    populated: str = ""
    refused: int = 0
    differs: bool = False
    details: list[str] = field(default_factory=list)

    @property
    def row(self) -> str:
        cells = [self.package.name, self.version, str(self.migrations or ""), self.empty, self.populated]
        return f"| {' | '.join([*cells, str(self.refused or '')])} |"


def main(names: list[str]) -> int:
    """Try the packages of these names, or all of them. Returns the exit code."""
    wanted = [package for package in PACKAGES if not names or package.name in names]
    fleet = Fleet.create()
    results = []
    try:
        server = fleet.server(newest())
        print(HEAD, flush=True)
        for package in wanted:
            results.append(_tried(package, server))
            print(results[-1].row, flush=True)
            for line in results[-1].details:
                print(f"  {line}", file=sys.stderr, flush=True)
    finally:
        processes.stop_server()
        fleet.stop()
    return int(any(result.differs for result in results))


def _tried(package: Package, server: PgServer) -> Result:
    result = Result(package)
    if why := _installed(package, result):
        result.empty = "cannot be installed"
        result.details.append(why)
        return result
    truth = _walked(package, server, live=False)
    result.migrations = truth.get("migrations", 0)
    result.empty = _compared(result, truth, _walked(package, server, live=True), percent=0)
    if truth.get("error"):
        return result
    for percent in PERCENT:
        truth = _walked(package, server, live=False, percent=percent)
        if not (truth.get("error") or truth.get("failed")) or percent == PERCENT[-1]:
            found = _walked(package, server, live=True, percent=percent)
            result.populated = f"{_compared(result, truth, found, percent=percent)} (rows after {percent} %)"
            return result
        _compared(result, truth, {}, percent=percent)
    return result


def _compared(result: Result, truth: dict[str, Any], found: dict[str, Any], *, percent: int) -> str:
    kind = f"populated after {percent} %" if percent else "empty"
    if why := truth.get("error") or truth.get("failed"):
        result.details.append(f"{result.package.name}, {kind}, plain Django: {_short(why)}")
        return "fails under plain Django"
    result.refused += len(found.get("refused", ()))
    result.details += [f"{result.package.name}, {kind}: {one}" for one in found.get("refused", ())]
    if why := found.get("error") or found.get("failed"):
        result.differs = True
        result.details.append(f"{result.package.name}, {kind}, the engine: {_short(why)}")
        return "**fails**"
    different = differences(found["catalog"], truth["catalog"])
    different += [
        f"rows of {table}" for table in truth["rows"] if found["rows"].get(table, [None])[0] != truth["rows"][table][0]
    ]
    result.differs = result.differs or bool(different)
    result.details += [f"{result.package.name}, {kind}: {line}" for line in different]
    return f"**{len(different)} differences**" if different else "equal"


def _short(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return " / ".join(lines[-3:])[:600]


def _installed(package: Package, result: Result) -> str:
    """Install the package into its folder, unless it is there. Returns why it could not be."""
    target = HOME / package.name / "lib"
    if not (target.parent / "done").exists():
        shutil.rmtree(target, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), *package.install]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return done.stderr.strip()[-600:]
        for name in _not_theirs(target):
            shutil.rmtree(target / name, ignore_errors=True)
        (target.parent / "done").write_text("")
    name = package.install[0].partition("[")[0].replace("-", "_").lower()
    found = [path for path in target.glob("*.dist-info") if path.name.lower().startswith(f"{name}-")]
    result.version = found[0].name.removesuffix(".dist-info").rpartition("-")[2] if found else "?"
    return ""


def _not_theirs(target: Path) -> Iterator[str]:
    """The folders of what this project brings itself."""
    for path in target.iterdir():
        if path.name in OURS or path.name.startswith(
            ("django-6", "Django-", "psycopg-", "psycopg_binary", "psycopg_pool")
        ):
            yield path.name


def _walked(package: Package, server: PgServer, *, live: bool, percent: int = 0) -> dict[str, Any]:
    folder = HOME / package.name / f"{'live' if live else 'plain'}_{percent}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "urls.py").write_text("urlpatterns = []\n")
    with fresh(server) as database:
        project = Project(folder, database, SETTINGS + package.settings, live, (*CONTRIB, *package.apps))._settings()
        environment = project.environment()
        environment["PYTHONPATH"] = f"{HOME / package.name / 'lib'}:{environment['PYTHONPATH']}"
        command = [sys.executable, "-W", "ignore", "-m", "tests.packages.walk", *([str(percent)] if percent else [])]
        started = time.monotonic()
        done = processes.run(command, cwd=folder, env=environment, timeout=900, new_interpreter=True)
        if done.returncode:
            return {"error": f"{done.stdout[-500:]}\n{done.stderr[-3000:]}"}
        return {**json.loads(done.stdout.splitlines()[-1]), "seconds": time.monotonic() - started}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
