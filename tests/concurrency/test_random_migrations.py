"""Random migrations, killed, blocked, taken back and watched: the engine never does worse than plain Django.

``TEPPAN_SEED=…`` repeats a run, ``TEPPAN_MIGRATIONS=…`` sets the number of cases. A failure prints the smallest
migration that still fails.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.livemigrations.faithful.generator import CODE, Case, case
from tests.livemigrations.faithful.states import State
from tests.livemigrations.faithful.twins import REMEDY, Outcome, Twins, twins
from tests.support.crashes import KILLED, assassin
from tests.support.postgres import PgServer
from tests.support.sampling import ALL_CRASHES, seed

COUNT = int(os.environ.get("TEPPAN_MIGRATIONS") or (300 if ALL_CRASHES else 6))
HOLDER_S = 0.8
SMALLER = 12  # how many smaller cases are tried after a failure
# Operations that a populated table takes outside of the transaction, so that a run may stop between two of them.
SPLITS = (
    *("AddIndex", "RemoveIndex", "unique", "db_index", "ForeignKey", "OneToOne", "RandomUUID", "AddConstraint"),
    *("AlterField", "RemoveField", "DeleteModel", "CREATE INDEX", "DROP INDEX", "ADD CHECK", "ADD CONSTRAINT"),
)

LEFT_BY_PGTRIGGER = ("functions pgtrigger_", "functions _pgtrigger_")  # after a rollback with plain Django as well


class Worse(AssertionError):
    """What the engine did worse than plain Django. ``kind`` stays the same in smaller cases."""

    def __init__(self, kind: str, said: str) -> None:
        super().__init__(f"{kind}\n{said}")
        self.kind = kind


@pytest.mark.slow
@pytest.mark.parametrize("number", range(COUNT))
def test_a_random_migration(number: int, pg_server: PgServer, tmp_path: Path) -> None:
    drawn = case(f"{seed()} {number}")
    try:
        run(drawn, pg_server, tmp_path / "drawn")
    except Worse as worse:
        failed = worse
    else:
        return
    smallest, said = _smallest(drawn, failed, pg_server, tmp_path)
    pytest.fail(
        f"{said}\nThe smallest case that fails like this (TEPPAN_SEED={seed()}, number {number}):\n{smallest}",
        pytrace=False,
    )


def _smallest(drawn: Case, worse: Worse, server: PgServer, folder: Path) -> tuple[Case, Worse]:
    """Leave out one operation after another as long as the case still fails in the same way."""
    tried = 0
    found = True
    while found:
        found = False
        places = [(number, place) for number, texts in enumerate(drawn.migrations) for place in range(len(texts))]
        for number, place in places:
            smaller = drawn.without(number, place)
            if tried >= SMALLER or not smaller.migrations:
                continue
            tried += 1
            try:
                run(smaller, server, folder / f"smaller{tried}")
            except Worse as still:
                if still.kind == worse.kind:
                    drawn, worse, found = smaller, still, True
                    break
    return drawn, worse


def run(drawn: Case, server: PgServer, folder: Path) -> None:
    """Run a case on both databases. Raises ``Worse``."""
    folder.mkdir()
    with twins(server, folder, apps=("pgtrigger",)) as pair:
        pair.sql(drawn.setup()).ignore("audit")
        for texts in drawn.migrations:
            pair.migration("\n".join(texts), code=CODE)
        pair.look(*drawn.looks())
        plain, states = _plain(pair)
        try:
            live = _live(pair, drawn, states)
        except subprocess.TimeoutExpired as late:
            raise Worse("the run does not end", str(late.output)) from late
        _compare(pair, drawn, states, plain, live)
        if drawn.mode == "back" and plain.code == live.code == 0:
            _back(pair)


def _plain(pair: Twins) -> tuple[Outcome, list[State]]:
    """Apply one migration after another with plain Django; return the last outcome and every state on the way."""
    states, seen = [pair.plain.state()], list[tuple[str, str]]()
    for name in pair.names[1:]:
        outcome = pair.plain.run("shop", name)
        seen += outcome.seen
        if outcome.code:
            break
        states.append(outcome.state)
    return replace(outcome, seen=seen), states


def _live(pair: Twins, drawn: Case, states: list[State]) -> Outcome:
    """Run ``migrate`` with the engine in the way of the case."""
    site = pair.live.site
    if drawn.mode == "killed":
        with assassin(site.database, cwd=site.folder, environment=site.environment()) as killer:
            end = killer.run("migrate", "--no-input", statements=drawn.lives)
        if end.code == KILLED and not _splits(drawn):
            left = pair.live.state()
            if all(left.differences(state) for state in states):
                raise Worse("a killed migration is half done", "\n".join(left.differences(states[0])))
    if drawn.mode == "held":
        with _held(pair, drawn.blocked):
            return pair.live.run()
    return pair.live.run()


@contextmanager
def _held(pair: Twins, table: str) -> Iterator[None]:
    """A reader keeps a table from the migration for a while."""
    with pair.live.site.database.connect(autocommit=False, application_name="test holder") as holder:
        holder.execute(f"SELECT 1 FROM {table} LIMIT 1".encode())
        release = threading.Timer(HOLDER_S, holder.rollback)
        release.start()
        try:
            yield
        finally:
            release.join()


def _compare(pair: Twins, drawn: Case, states: list[State], plain: Outcome, live: Outcome) -> None:
    said = f"--- plain Django exited with {plain.code}:\n{plain.output[-600:]}\n--- the engine with {live.code}:\n{live.output}"
    if "Traceback" in live.output and "Traceback" not in plain.output:
        raise Worse("traceback", said)
    unseen = sorted(live.sights - plain.sights)
    if unseen and not (drawn.mode == "killed" and plain.code):
        raise Worse(f"another session saw what plain Django hides ({unseen[0][0]})", f"{unseen}\n{said}")
    _check_events(pair, drawn, plain, live, said)
    if plain.code == 0 and live.code == 0:
        if lost := live.state.differences(plain.state):
            raise Worse(f"another result ({lost[0].split()[0]})", "\n".join(lost) + f"\n{said}")
    elif plain.code and not live.code:
        raise Worse("plain Django fails and the engine does not", said)
    else:
        _check_refusal(pair, drawn, states, plain, live, said)


def _check_refusal(pair: Twins, drawn: Case, states: list[State], plain: Outcome, live: Outcome, said: str) -> None:
    """The engine failed. Of the migration that failed nothing is left, or what is half done can be taken back."""
    if plain.code == 0 and not REMEDY.search(live.output):
        raise Worse("a refusal without a remedy", said)
    applied = len(live.state.recorded) - len(states[0].recorded)
    if applied >= len(states):
        raise Worse("a migration is recorded that plain Django does not apply", said)
    changed = live.state.differences(states[applied])
    if not changed:
        return
    if plain.code == 0:
        raise Worse("refused after something was changed", "\n".join(changed) + f"\n{said}")
    if not _splits(drawn):
        raise Worse("failed and left something changed", "\n".join(changed) + f"\n{said}")
    back = pair.live.run("shop", "0001")
    left = [line for line in back.state.differences(states[0]) if not line.startswith(("rows of", *LEFT_BY_PGTRIGGER))]
    if "irreversible" not in back.output.lower() and (back.code or left):
        raise Worse("half done and cannot be taken back", "\n".join(left) + f"\n{back.output}\n{said}")


def _check_events(pair: Twins, drawn: Case, plain: Outcome, live: Outcome, said: str) -> None:
    """Each update of another session leaves one event, as long as the trigger is there at the end."""
    if "trigger" not in drawn.setups or "AddTrigger" in str(drawn) or drawn.mode == "killed":
        return
    counts = []
    for twin, outcome in ((pair.plain, plain), (pair.live, live)):
        with twin.site.database.connect() as connection:
            row = connection.execute("SELECT count(*) FROM audit WHERE dish = 7").fetchone()
        assert row is not None
        counts.append(row[0] - outcome.count("update"))
    extra = counts[0] if plain.code == live.code == 0 else 0  # events of the migration's own updates
    if counts[1] != extra:
        raise Worse("events were lost", f"{counts[1]} events more than updates, {extra} with plain Django\n{said}")


def _back(pair: Twins) -> None:
    """Take everything back on both; the definitions are the same, and no table has fewer rows."""
    plain, live = pair.both("shop", "0001")
    said = f"--- plain Django exited with {plain.code}:\n{plain.output[-600:]}\n--- the engine with {live.code}:\n{live.output}"
    if "Traceback" in live.output and "Traceback" not in plain.output:
        raise Worse("traceback on the way back", said)
    if plain.code == 0 and live.code == 0:
        lost = [line for line in live.state.differences(plain.state) if not line.startswith("rows of")]
        if lost:
            raise Worse(f"another result on the way back ({lost[0].split()[0]})", "\n".join(lost) + f"\n{said}")
    elif plain.code == 0 and not REMEDY.search(live.output):
        raise Worse("the way back fails", said)


def _splits(drawn: Case) -> bool:
    text = str(drawn)
    return any(word in text for word in SPLITS)
