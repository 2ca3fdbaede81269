"""Progress of a backup, verification or restore: a bar on a terminal, plain lines elsewhere, nothing if unwanted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from django.core.management.base import OutputWrapper

from livemigrations.engine.reporter import can_redraw

_EVERY_S = 5.0


class Telling(Protocol):
    """A progress reporter: is told what happens, in order. ``fraction`` is the part of the stage that is done, 0 to 1."""

    def stage(self, text: str) -> None: ...
    def progress(self, text: str, fraction: float) -> None: ...
    def note(self, text: str) -> None: ...
    def end(self) -> None: ...


class Silent:
    """Tells nothing."""

    def stage(self, text: str) -> None: ...
    def progress(self, text: str, fraction: float) -> None: ...
    def note(self, text: str) -> None: ...
    def end(self) -> None: ...


class Lines:
    """A line for each stage, and one every few seconds while it lasts."""

    def __init__(self, stdout: OutputWrapper) -> None:
        self.stdout = stdout
        self._last = 0.0

    def stage(self, text: str) -> None:
        self._last = time.monotonic()
        self.note(f"  {text} ...")

    def progress(self, text: str, fraction: float) -> None:
        if time.monotonic() - self._last > _EVERY_S:
            self._last = time.monotonic()
            self.note(f"    {fraction:4.0%}  {text}")

    def note(self, text: str) -> None:
        """Write at once; nobody listening any more is no reason to stop."""
        with suppress(BrokenPipeError):
            self.stdout.write(text)
            self.stdout.flush()

    def end(self) -> None: ...


class Bar:
    """A progress bar for terminals (rich)."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[what]}", markup=False),
        )
        self._task: Any = None

    def stage(self, text: str) -> None:
        self._finish()
        self._bar.start()
        self._task = self._bar.add_task(text, total=1.0, what="")

    def progress(self, text: str, fraction: float) -> None:
        if self._task is not None:
            self._bar.update(self._task, completed=fraction, what=text)

    def note(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def end(self) -> None:
        self._finish()
        self._bar.stop()

    def _finish(self) -> None:
        if self._task is not None:
            self._bar.update(self._task, completed=1.0, what="")
            self._task = None


def telling_for(stdout: OutputWrapper, verbosity: int) -> Telling:
    """What fits the output: nothing, a bar, or lines."""
    if verbosity < 1:
        return Silent()
    return Bar() if can_redraw(stdout) else Lines(stdout)


@contextmanager
def told(telling: Telling) -> Iterator[Telling]:
    """End the telling at the end of the block."""
    try:
        yield telling
    finally:
        telling.end()


def size(count: float) -> str:
    """A number of bytes for people: 812 B, 4.2 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:,.0f} {unit}" if unit == "B" else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def age(seconds: float) -> str:
    """How long ago, for people: 12 min, 3.5 h, 4 d."""
    if seconds < 5400:
        return f"{max(seconds, 0) / 60:,.0f} min"
    return f"{seconds / 3600:,.1f} h" if seconds < 172800 else f"{seconds / 86400:,.0f} d"
