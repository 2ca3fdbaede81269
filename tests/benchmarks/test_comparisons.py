"""The comparisons of whole commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import adopting, empty, noop
from benchmarks.compare import report
from benchmarks.grown import Grown
from benchmarks.machine import Machine
from benchmarks.server import Server
from tests.support.postgres import PgServer

FACTS = Machine("2026-01-31", 4, 0.2, "18.4", "3.13.0", {"django": "6.1"})


@pytest.mark.slow
def test_every_command_ends_well(pg_server: PgServer, tmp_path: Path) -> None:
    server = Server(pg_server.home, pg_server.programs)

    assert noop.measured(server, rounds=1)[noop.LIVE][0] > 0
    assert list(empty.measured(server, rounds=0).values()) == [[]] * 5
    Grown(apps=1, models=4, migrations=4, chain=2).write(tmp_path)
    assert list(adopting.measured(server, 0, str(tmp_path)).values()) == [[]] * 4


def test_report_compares_medians(capsys: pytest.CaptureFixture[str]) -> None:
    report(FACTS, {"ours": [2.0, 4.0, 9.0], "theirs": [8.0, 8.0, 1.0]}, "ours", as_json=False)

    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("2026-01-31, 4 cores, load 0.2 before the start, PostgreSQL 18.4, Python 3.13.0")
    assert said[1].endswith("; 3 rounds")
    assert [cell.strip() for cell in said[6].split("|")[1:-1]] == ["theirs", "8.000", "1.000", "8.000", "0.50"]


def test_report_as_json_keeps_every_run(capsys: pytest.CaptureFixture[str]) -> None:
    report(FACTS, {"ours": [2.0, 4.0]}, "ours", as_json=True)

    assert json.loads(capsys.readouterr().out)["seconds"] == {"ours": [2.0, 4.0]}


def test_unknown_benchmark_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["speed"]) == 2
    assert "there is no benchmark speed: choose from adopting, empty, lists, noop, stall" in capsys.readouterr().err
