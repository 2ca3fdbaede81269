"""``python -m benchmarks.stall``: how long live traffic waits while a tool brings the database to Sprint 2."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from statistics import median

from benchmarks import legacy, machine
from benchmarks.contenders import ALIASES, CONTENDERS, LIVE
from benchmarks.machine import Machine
from benchmarks.measure import Outcome, Pace, measure
from benchmarks.options import names, parser
from benchmarks.readers import SCENARIOS
from benchmarks.server import Server, running
from benchmarks.tables import number, ratio, table

PACKAGES = ("django", "django-pg-zero-downtime-migrations", "alembic")
HEAD = (
    "tool", "outcome", "seconds", "longest stall, ms", "÷ live", "p99, ms", "÷ live", "quiet longest, ms", "errors"
)  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Measure what was asked for, print tables or JSON; return 1 if this project's own engine failed."""
    given = _parse(arguments)
    pace = Pace(given.bookings, given.rate, given.warm_up, given.quiet, given.limit)
    with running(given.postgresql, given.folder) as server:
        facts = machine.describe(server, *PACKAGES)
        outcomes = list(outcomes_of(server, pace, given.scenarios, given.contenders * given.rounds))
    if given.json:
        print(json.dumps(as_json(facts, pace, outcomes), indent=2))
    else:
        print(f"\n{facts}; {pace.bookings:,} bookings, {pace.rate} transactions/s\n")
        print("\n\n".join(tables(outcomes)))
    return int(any(outcome.contender == LIVE.name and outcome.verdict != "done" for outcome in outcomes))


def outcomes_of(server: Server, pace: Pace, scenarios: Sequence[str], contenders: Sequence[str]) -> Iterator[Outcome]:
    """Yield what came of each contender in each scenario, told on stderr as it comes."""
    _tell(f"loading {pace.bookings:,} bookings")
    with legacy.template(server, pace.bookings) as template:
        for scenario in scenarios:
            for contender in contenders:
                outcome = measure(server, template, CONTENDERS[contender], SCENARIOS[scenario], pace)
                stall = number(outcome.longest_stall, 1)
                _tell(f"{scenario}: {contender}: {outcome.verdict}, {outcome.seconds} s, longest stall {stall} ms")
                if outcome.exit_code:
                    _tell(outcome.said.strip())
                yield outcome


def tables(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield one table for each scenario, with a heading; live's figures are the medians of its rounds."""
    for name in dict.fromkeys(outcome.scenario for outcome in outcomes):
        same = [outcome for outcome in outcomes if outcome.scenario == name]
        live = [outcome for outcome in same if outcome.contender == LIVE.name]
        stall = median(outcome.longest_stall for outcome in live) if live else None
        p99 = median(outcome.p99 for outcome in live) if live else None
        rows = [_row(outcome, stall, p99) for outcome in same]
        yield f"{name}: {SCENARIOS[name].says}\n\n{table(HEAD, rows)}"


def as_json(facts: Machine, pace: Pace, outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Return everything that was measured."""
    runs = [{**asdict(outcome), "verdict": outcome.verdict} for outcome in outcomes]
    return {"machine": asdict(facts), "pace": asdict(pace), "runs": runs}


def _row(outcome: Outcome, stall: float | None, p99: float | None) -> list[str]:
    return [
        outcome.contender,
        outcome.verdict,
        number(outcome.seconds, 1),
        number(outcome.longest_stall, 1),
        ratio(outcome.longest_stall, stall),
        number(outcome.p99, 1),
        ratio(outcome.p99, p99),
        number(outcome.quiet_longest, 1),
        str(len(outcome.traffic_errors)),
    ]


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    read = parser("stall", __doc__)
    every, tools = list(SCENARIOS), list(CONTENDERS)
    read.add_argument("--bookings", type=int, default=2_000_000, help="rows in bookings")
    read.add_argument("--scenarios", type=names(every, {}), default=every, help=", ".join(every))
    read.add_argument("--contenders", type=names(tools, ALIASES), default=tools, help=", ".join(tools))
    read.add_argument("--rounds", type=int, default=1, help="runs of each tool: behind readers, luck decides")
    read.add_argument("--rate", type=int, default=Pace.rate, help="transactions per second")
    read.add_argument("--warm-up", type=float, default=Pace.warm_up, help="seconds of traffic before all figures")
    read.add_argument("--quiet", type=float, default=Pace.quiet, help="seconds measured before the migration")
    read.add_argument("--limit", type=float, default=Pace.limit, help="seconds after which a tool is ended")
    return read.parse_args(arguments)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
