"""The time zone of an address in the United States, from the ZIP code data of the package ``zipcodes``."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import zipcodes

_ZIP = re.compile(r"(\d{5})(-?\d{4})?")


@lru_cache(maxsize=4096)
def zone_of_address(zip_code: str | None, state: str | None) -> ZoneInfo | None:
    """Return the time zone of a ZIP code, else the one that most ZIP codes of the state have, else None.

    ``state`` is the two-letter abbreviation.
    """
    matched = _ZIP.fullmatch((zip_code or "").strip())
    names = [str(entry["timezone"]) for entry in zipcodes.matching(matched[1])] if matched else []
    return _first_known(names) or _zone_of_state((state or "").strip().upper())


@lru_cache(maxsize=64)
def _zone_of_state(state: str) -> ZoneInfo | None:
    if len(state) != 2:
        return None
    counted = Counter(str(entry["timezone"]) for entry in zipcodes.filter_by(state=state))
    return _first_known([name for name, _ in counted.most_common()])


def _first_known(names: list[str]) -> ZoneInfo | None:
    for name in filter(None, names):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return None
