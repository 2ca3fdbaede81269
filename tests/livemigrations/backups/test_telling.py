"""What is shown while a backup is made."""

from __future__ import annotations

import time
from io import StringIO

import pytest
from django.core.management.base import OutputWrapper

from livemigrations.backups import telling
from livemigrations.backups.creation import table_progress
from livemigrations.statements.names import Name


class Recorder(telling.Silent):
    """Remembers how far it was told that the work is."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, float]] = []

    def progress(self, text: str, fraction: float) -> None:
        self.seen.append((text, fraction))


def test_the_programs_lines_become_a_fraction() -> None:
    recorder = Recorder()
    listen = table_progress({Name("public", "a"): 300, Name("public", 'odd "x'): 100}, recorder)
    listen("pg_dump: saving encoding = UTF8")
    listen('pg_dump: dumping contents of table "public.a"')
    listen('pg_restore: processing data for table "public.odd "x"')
    listen('pg_dump: dumping contents of table "public.unknown"')
    assert recorder.seen == [("public.a", 0.0), ('public.odd "x', 0.75)]


def test_lines_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    out = StringIO()
    lines = telling.telling_for(OutputWrapper(out), 1)
    lines.stage("Dumping shop")
    lines.progress("public.a", 0.1)
    assert out.getvalue() == "  Dumping shop ...\n"
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 6)
    lines.progress("public.b", 0.5)
    assert out.getvalue().splitlines()[1:] == ["     50%  public.b"]


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_lines_on_a_terminal_that_cannot_redraw_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(telling.telling_for(OutputWrapper(Terminal()), 1), telling.Lines)


def test_a_bar_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with telling.told(telling.telling_for(OutputWrapper(Terminal()), 1)) as bar:
        assert isinstance(bar, telling.Bar)
        bar.stage("Dumping [shop]")
        bar.progress("public.a", 0.5)
        bar.stage("Counting")
        bar.note("a note")
    said = capsys.readouterr().out
    assert "Dumping [shop]" in said
    assert "Counting" in said
    assert "a note" in said


def test_nothing_if_nothing_is_wanted() -> None:
    assert isinstance(telling.telling_for(OutputWrapper(StringIO()), 0), telling.Silent)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (4200, "4.2 kB"), (3.5e9, "3.5 GB"), (2e12, "2.0 TB"), (5e15, "5,000.0 TB")],
)
def test_sizes(count: float, text: str) -> None:
    assert telling.size(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(-3, "0 min"), (600, "10 min"), (7200, "2.0 h"), (864000, "10 d")])
def test_ages(seconds: float, text: str) -> None:
    assert telling.age(seconds) == text
