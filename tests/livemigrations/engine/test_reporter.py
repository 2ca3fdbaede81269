"""What a run tells, by the output that it has."""

from __future__ import annotations

import time
from io import StringIO

import pytest
from django.core.management.base import OutputWrapper
from django.core.management.color import no_style

from livemigrations.engine.reporter import Bars, Lines, Silent, reporter_for


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("terminal", "verbosity", "kind"),
    [("xterm", 1, Bars), ("dumb", 1, Lines), ("unknown", 1, Lines), ("", 1, Lines), ("xterm", 0, Silent)],
)
def test_what_fits_the_output(
    monkeypatch: pytest.MonkeyPatch, terminal: str, verbosity: int, kind: type[object]
) -> None:
    """On a terminal that cannot redraw a line a bar would be seen at the end only; the empty one is no terminal."""
    monkeypatch.setenv("TERM", terminal)
    output = OutputWrapper(Terminal() if terminal else StringIO())
    assert type(reporter_for(output, no_style(), verbosity)) is kind


def test_a_step_that_is_over_soon_shows_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first page of a fill is not what it filled."""
    out = StringIO()
    lines = Lines(OutputWrapper(out), no_style())
    lines.migration("shop.0002_fill", backwards=False)
    lines.step("fill")
    lines.progress("fill: 1,000 rows", None)
    lines.migrated()
    assert out.getvalue() == "  Applying shop.0002_fill... OK\n"
    lines.step("another fill")
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 6)
    lines.progress("another fill: 9,000 rows", None)
    assert out.getvalue().splitlines()[1:] == ["    another fill: 9,000 rows"]
