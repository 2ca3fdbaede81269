"""A part of a long list of cases for each run, drawn with a seed that changes every day and is printed.

``TEPPAN_SEED`` repeats a draw. ``make crashtest``, ``make ddl`` and ``make stories`` run the complete lists.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from datetime import UTC, datetime

SEED = "TEPPAN_SEED"
ALL_CRASHES = os.environ.get("TEPPAN_CRASHES") == "all"
ALL_DDL = os.environ.get("TEPPAN_DDL") == "all"
ALL_STORIES = os.environ.get("TEPPAN_STORIES") == "all"


def seed() -> int:
    """Return the seed of this run, for workers as well: the number of the day unless TEPPAN_SEED is set."""
    return int(os.environ.setdefault(SEED, str(datetime.now(UTC).toordinal())))


def sample[T](name: str, cases: Sequence[T], count: int, *, complete: bool) -> list[T]:
    """Return ``count`` of the cases in their order, the same ones for the same seed and name, or all if ``complete``."""
    if complete or count >= len(cases):
        return list(cases)
    chosen = random.Random(f"{seed()} {name}").sample(range(len(cases)), count)
    return [cases[index] for index in sorted(chosen)]


def line() -> str:
    """Return what a run says about its samples."""
    return f"samples: {SEED}={seed()} draws the same cases again"
