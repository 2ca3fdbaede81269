"""Which processes of a data folder are alive: a number in a file is not believed, a process is looked at."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from config.embedded.errors import StopFailed

PROC = Path("/proc")
FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT


def of(data: Path) -> list[int]:
    """Return the ids of all server processes that work in a data folder, also in one deleted under them.

    PostgreSQL's processes stand in their data folder, which /proc shows; a number that was given to another
    program since is therefore never taken for ours. Without /proc only the postmaster is looked for.
    """
    if not PROC.joinpath("self", "cwd").exists():
        number = recorded(data)
        return [number] if number and _stands_by_lsof(number, data) else []
    places = {os.fspath(data.resolve()), f"{data.resolve()} (deleted)"}
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit() and _stands(entry) in places]


def postmaster(data: Path) -> int | None:
    """Return the id of the process that rules the data folder, or None when none does."""
    number = recorded(data)
    return number if number is not None and number in of(data) else None


def recorded(data: Path) -> int | None:
    """Return the number that ``postmaster.pid`` holds, which may be stale, or None."""
    try:
        first = (data / "postmaster.pid").read_text().split("\n", 1)[0]
    except OSError:
        return None
    return abs(int(first)) if first.strip().lstrip("-").isdigit() else None


def end(data: Path, *, patience: float = 30) -> bool:
    """End the server of a data folder, politely at first; return whether there was one.

    Raises StopFailed when processes are left after twice ``patience`` seconds.
    """
    if not (alive := of(data)):
        return False
    for polite in (True, False):
        ruler = postmaster(data)
        for number in [ruler] if polite and ruler else alive:
            _signal(number, FAST if polite and ruler else IMMEDIATE)
        if not (alive := _wait(data, patience)):
            return True
    numbers = ", ".join(map(str, alive))
    raise StopFailed(f"The server in {data} did not stop. Kill its processes {numbers}.")


def _wait(data: Path, patience: float) -> list[int]:
    until = time.monotonic() + patience
    while (alive := of(data)) and time.monotonic() < until:
        time.sleep(0.02)
    return alive


def _signal(number: int, kind: signal.Signals) -> None:
    try:
        os.kill(number, kind)
    except ProcessLookupError:
        return


def _stands(entry: Path) -> str:
    try:
        return os.fspath((entry / "cwd").readlink())
    except OSError:
        return ""


def _stands_by_lsof(number: int, data: Path) -> bool:
    command = ["lsof", "-a", "-p", str(number), "-d", "cwd", "-Fn"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"n{data.resolve()}" in shown.stdout.splitlines()
