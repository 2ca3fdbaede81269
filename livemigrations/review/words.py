"""Figures in words that people read: sizes, durations, counts."""

from __future__ import annotations

from livemigrations.review.planned import Estimate

_UNITS = ((3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms"))


def plural(count: int, word: str) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{count:,} {word}{'s' * (count != 1)}"


def size(count: float) -> str:
    """A number of bytes."""
    units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while count >= 1024 and len(units) > 1:
        count /= 1024
        units.pop(0)
    return f"{_short(count)} {units[0]}"


def duration(estimate: Estimate) -> str:
    """A range of milliseconds in the unit of its upper end."""
    if estimate.low_ms is None or estimate.high_ms is None:
        return "unknown"
    factor, unit = next((f, u) for f, u in _UNITS if estimate.high_ms >= 2 * f or f == 1)
    low, high = (_short(value / factor) for value in (estimate.low_ms, estimate.high_ms))
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")
