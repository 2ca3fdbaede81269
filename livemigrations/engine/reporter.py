"""What a run tells: a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Protocol

from django.core.management.base import OutputWrapper
from django.core.management.color import Style

from livemigrations.catalog.activity import Session as DatabaseSession
from livemigrations.results import StepReport


class Reporter(Protocol):
    """The events of a run, in order."""

    def run(self, migrations: int) -> None: ...
    def migration(self, name: str, *, backwards: bool, fake: bool = False) -> None: ...
    def migrated(self) -> None: ...
    def step(self, label: str) -> None: ...
    def waiting(self, what: str, sessions: Iterable[DatabaseSession]) -> None: ...
    def progress(self, text: str, fraction: float | None) -> None: ...
    def note(self, text: str) -> None: ...
    def ask(self, question: str) -> bool: ...
    def end(self) -> None: ...


class Silent:
    """Tells nothing."""

    def run(self, migrations: int) -> None: ...
    def migration(self, name: str, *, backwards: bool, fake: bool = False) -> None: ...
    def migrated(self) -> None: ...
    def step(self, label: str) -> None: ...
    def waiting(self, what: str, sessions: Iterable[DatabaseSession]) -> None: ...
    def progress(self, text: str, fraction: float | None) -> None: ...
    def note(self, text: str) -> None: ...
    def ask(self, question: str) -> bool:
        return _confirmed(question)

    def end(self) -> None: ...


class Lines:
    """Plain lines, in the form of Django's own migrate."""

    def __init__(self, stdout: OutputWrapper, style: Style, verbosity: int = 1) -> None:
        self.stdout, self.style, self.verbosity = stdout, style, verbosity
        self._open = self._fake = False
        self._last = 0.0

    def run(self, migrations: int) -> None: ...

    def migration(self, name: str, *, backwards: bool, fake: bool = False) -> None:
        self._newline()
        self._write(f"  {'Unapplying' if backwards else 'Applying'} {name}...", ending="")
        self._open = True
        self._fake = fake

    def migrated(self) -> None:
        text = self.style.SUCCESS(" FAKED" if self._fake else " OK")
        self._write(text if self._open else f"   {text}")
        self._open = False

    def step(self, label: str) -> None:
        self._last = time.monotonic()
        if self.verbosity > 1:
            self._line(f"    {label}")

    def waiting(self, what: str, sessions: Iterable[DatabaseSession]) -> None:
        for session in sessions:
            self._line(self.style.WARNING(f"    waiting, {what}: {session}"))

    def progress(self, text: str, fraction: float | None) -> None:
        if time.monotonic() - self._last > 5:
            self._last = time.monotonic()
            self._line(f"    {text}" + (f" {fraction:.0%}" if fraction is not None else ""))

    def note(self, text: str) -> None:
        self._line(text)

    def ask(self, question: str) -> bool:
        self._newline()
        return _confirmed(question)

    def end(self) -> None:
        self._newline()

    def _line(self, text: str) -> None:
        self._newline()
        self._write(text)

    def _newline(self) -> None:
        if self._open:
            self._write("")
            self._open = False

    def _write(self, text: str, ending: str = "\n") -> None:
        """Write at once. Nobody listening any more (``migrate | head``) is no reason to stop in the middle."""
        with suppress(BrokenPipeError):
            self.stdout.write(text, ending=ending)
            self.stdout.flush()


class Bars:
    """A progress bar for terminals (rich): migrations, and below it the step that takes long."""

    def __init__(self, verbosity: int = 1) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self.verbosity = verbosity
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            transient=False,
        )
        self._all: Any = None
        self._one: Any = None

    def run(self, migrations: int) -> None:
        if migrations:
            self._bar.start()
            self._all = self._bar.add_task("Migrating", total=migrations)

    def migration(self, name: str, *, backwards: bool, fake: bool = False) -> None:
        if self._all is not None:
            self._bar.update(self._all, description=f"{'Unapplying' if backwards else 'Applying'} {name}")

    def migrated(self) -> None:
        self._end_step()
        if self._all is not None:
            self._bar.advance(self._all)

    def step(self, label: str) -> None:
        self._end_step()
        if self.verbosity > 1:
            self._bar.console.print(f"  {label}", markup=False)

    def waiting(self, what: str, sessions: Iterable[DatabaseSession]) -> None:
        for session in sessions:
            self._bar.console.print(f"  waiting, {what}: {session}", style="yellow", markup=False)

    def progress(self, text: str, fraction: float | None) -> None:
        if self._one is None:
            self._one = self._bar.add_task(text, total=100)
        self._bar.update(self._one, description=text, completed=100 * (fraction or 0))

    def note(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def ask(self, question: str) -> bool:
        self._bar.stop()
        try:
            return _confirmed(question)
        finally:
            if self._all is not None:
                self._bar.start()

    def end(self) -> None:
        self._end_step()
        if self._all is not None:
            done = all(task.finished for task in self._bar.tasks)
            self._bar.update(self._all, description="Migrated" if done else "Stopped")
            self._bar.stop()

    def _end_step(self) -> None:
        if self._one is not None:
            self._bar.remove_task(self._one)
            self._one = None


def _confirmed(question: str) -> bool:
    try:
        return input(f"{question}\nGo on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def reporter_for(stdout: OutputWrapper, style: Style, verbosity: int) -> Reporter:
    """The reporter that fits the output: nothing, bars, or lines."""
    if verbosity < 1:
        return Silent()
    return Bars(verbosity) if can_redraw(stdout) else Lines(stdout, style, verbosity)


def can_redraw(stdout: OutputWrapper) -> bool:
    """Whether the output is a terminal on which a bar can move; on another (TERM=dumb) it would show at the end only."""
    return stdout.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


def summary(steps: list[StepReport], seconds: float) -> list[str]:
    """The report at the end of a run: totals, and the steps that waited or stalled somebody."""
    if not steps:
        return []
    measured = [step for step in steps if step.stall_ms is not None]
    worst = max(measured, key=lambda step: step.stall_ms or 0.0, default=None)
    waited = sum(step.lock_wait_ms or 0.0 for step in steps)
    stall = (
        f"longest stall {worst.stall_ms:,.1f} ms ({worst.migration}: {worst.description})"
        if worst
        else "no stall measured"
    )
    lines = [
        f"{len(steps)} step{'s' * (len(steps) != 1)} in {seconds:,.1f} s; {stall}; waited {waited / 1000:,.1f} s for locks."
    ]
    notable = [step for step in steps if step.stall_ms or (step.duration_ms or 0.0) > 1000]
    notable = sorted(notable, key=lambda step: -(step.duration_ms or 0.0))[:10]
    if notable:
        lines.append(f"  {'lock wait':>10} {'duration':>10} {'stall':>9} {'tries':>5}  step")
    lines += [
        f"  {_ms(s.lock_wait_ms, 0):>10} {_ms(s.duration_ms, 0):>10} {_ms(s.stall_ms, 1):>9} {s.attempts:>5}  {s.migration}: {s.description}"
        for s in notable
    ]
    return lines


def _ms(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f} ms"
