"""Long read transactions on bookings, as reports and exports make them."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from benchmarks.server import Server


@dataclass(frozen=True)
class Scenario:
    """What else goes on: ``streams`` of read transactions, ``hold`` their least and greatest length in seconds.

    ``again`` says whether another one follows, after half a second to a second.
    """

    name: str
    says: str
    streams: int = 0
    hold: tuple[float, float] = (0, 0)
    again: bool = False


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("quiet", "no long read"),
        Scenario("report", "one read transaction of 20 s, begun before", 1, (20, 20)),
        Scenario("readers", "three streams of read transactions of 2 to 4 s", 3, (2, 4), again=True),
    )
}
PAUSE_S = (0.5, 1.0)
HEAD_START_S = 1.0


@contextlib.contextmanager
def reading(server: Server, database: str, scenario: Scenario) -> Iterator[None]:
    """Let the scenario's streams read inside of the block, which begins when all of them have begun.

    Raises the first error of a stream at the end: a measurement without its readers means nothing.
    """
    over, errors = threading.Event(), list[Exception]()
    threads = [
        threading.Thread(target=_stream, args=(server, database, scenario, random.Random(number), over, errors))
        for number in range(scenario.streams)
    ]
    for thread in threads:
        thread.start()
    if threads:
        time.sleep(HEAD_START_S)
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]


def _stream(
    server: Server,
    database: str,
    scenario: Scenario,
    dice: random.Random,
    over: threading.Event,
    errors: list[Exception],
) -> None:
    try:
        while not over.is_set():
            with server.connect(database) as connection, connection.transaction():
                connection.execute("SELECT 1 FROM bookings LIMIT 1")
                connection.execute("SELECT pg_sleep(%s)", [dice.uniform(*scenario.hold)])
            if not scenario.again:
                return
            over.wait(dice.uniform(*PAUSE_S))
    except psycopg.Error as error:
        errors.append(error)
