"""Progress of something long that only looks: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.management.base import OutputWrapper

from livemigrations.engine.reporter import can_redraw

Tell = Callable[[str, float | None], None]
_FIRST_AFTER_S, _EVERY_S = 2.0, 10.0


@contextmanager
def watching(output: OutputWrapper, *, quiet: bool) -> Iterator[Tell]:
    """A function to call with what is being looked at and how much is done (0 to 1, or None)."""
    if quiet:
        yield lambda text, fraction: None
    elif can_redraw(output):
        with _bar() as tell:
            yield tell
    else:
        yield _lines(output)


@contextmanager
def _bar() -> Iterator[Tell]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"), transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def tell(text: str, fraction: float | None) -> None:
            bar.update(task, description=text, completed=fraction or 0.0)

        yield tell


def _lines(output: OutputWrapper) -> Tell:
    due = time.monotonic() + _FIRST_AFTER_S

    def tell(text: str, fraction: float | None) -> None:
        nonlocal due
        if time.monotonic() >= due:
            output.write(f"    {text}" + (f" ({fraction:.0%})" if fraction else ""))
            output.flush()
            due = time.monotonic() + _EVERY_S

    return tell
