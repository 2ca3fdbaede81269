"""Skips that nobody overlooks: listed at the end of the run, and failures with TEPPAN_NO_SKIPS=1."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

MARK = "NOT TESTED HERE: "


def skip(reason: str) -> NoReturn:
    """Skip the running test because the machine lacks something, and say so at the end of the run."""
    if os.environ.get("TEPPAN_NO_SKIPS") == "1":
        pytest.fail(f"{MARK}{reason}", pytrace=False)
    pytest.skip(f"{MARK}{reason}")


def lines(reporter: pytest.TerminalReporter) -> list[str]:
    """Return one line for each distinct reason of a loud skip in this run."""
    reasons: dict[str, int] = {}
    for report in reporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if MARK in reason:
            reason = reason[reason.index(MARK) :]
            reasons[reason] = reasons.get(reason, 0) + 1
    return [f"{reason} ({count} tests)" for reason, count in sorted(reasons.items())]
