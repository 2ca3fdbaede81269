"""The tools that are compared end where they should."""

from __future__ import annotations

import pytest

from benchmarks.contenders import CONTENDERS
from benchmarks.contenders.alembic_plan.plan import statements
from benchmarks.legacy import lacking, template
from benchmarks.measure import Pace, measure
from benchmarks.readers import SCENARIOS
from benchmarks.server import Server
from tests.support.postgres import PgServer

TINY = Pace(bookings=200, rate=400, warm_up=0.3, quiet=0.7, limit=60)


@pytest.fixture
def server(pg_server: PgServer) -> Server:
    """The tests' own server, which is not durable: no figure from here is published."""
    return Server(pg_server.home, pg_server.programs)


@pytest.mark.slow
@pytest.mark.parametrize("name", CONTENDERS)
def test_each_tool_brings_the_legacy_database_to_sprint_2(server: Server, name: str) -> None:
    with template(server, TINY.bookings, f"bench_legacy_{name}") as source:
        assert len(lacking(server, source)) > 30
        outcome = measure(server, source, CONTENDERS[name], SCENARIOS["quiet"], TINY)
        for _ in range(3):  # a peer may be the victim of a deadlock with the traffic; live may not
            if name == "live" or "deadlock detected" not in outcome.said:
                break
            outcome = measure(server, source, CONTENDERS[name], SCENARIOS["quiet"], TINY)

    assert (outcome.verdict, outcome.said, outcome.traffic_errors) == ("done", "", [])
    assert outcome.transactions > 0
    assert outcome.longest_stall >= outcome.p99 >= outcome.p50 > 0


def test_the_plan_is_taken_apart_by_sprint_without_loss() -> None:
    first, second = statements(1), statements(2)

    assert [len(first), len(second)] == [17, 14]
    assert first[0].endswith(")")
    assert sum("DO $$" in statement for statement in first) == 1
    assert "ADD COLUMN recurrence_id" in "".join(second)
