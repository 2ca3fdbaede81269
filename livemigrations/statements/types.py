"""Types of columns: which change keeps every row as it is, and which loses something of a value."""

from __future__ import annotations

import re

from livemigrations.statements.names import identifier

_WHOLE = {"smallint": 6, "integer": 11, "bigint": 20}  # with the characters that the longest value takes
_HOLDS_ALL = ("text", "json", "jsonb")


def numbers(text: str) -> list[int] | None:
    """The numbers in the parentheses of a type: length, or precision and scale."""
    found = re.search(r"\(([\d,]+)\)", text)
    return [int(number) for number in found[1].split(",")] if found else None


def keeps_rows(old: str, new: str) -> bool:
    """Whether PostgreSQL changes a column from type ``old`` to ``new`` without touching its rows.

    Types as ``format_type`` spells them.
    """
    if old == new or "[]" in old + new:
        return old == new
    if new in ("text", "character varying") and (old == "text" or old.startswith("character varying")):
        return True
    if old == "cidr" and new == "inet":
        return True
    one, other = numbers(old), numbers(new)
    if old.split("(", maxsplit=1)[0] != new.split("(", maxsplit=1)[0] or one is None:
        return False
    if old.startswith("numeric"):
        return other is None or (other[0] >= one[0] and other[1:] == one[1:])
    return old.startswith(("character varying", "bit varying")) and (other is None or other[0] >= one[0])


def narrows(old: str, new: str, body: str) -> bool:
    """Whether a change from type ``old`` to ``new`` can lose a part of a value in silence.

    ``body`` is what follows TYPE: with a USING clause PostgreSQL cuts and rounds, without one it refuses what does
    not fit, but for the decimal places of numbers.
    """
    if old == new or new in _HOLDS_ALL or {old, new} <= _WHOLE.keys():
        return False
    if old in _WHOLE and new.startswith("numeric"):
        return False  # what has too many digits is refused
    if old in _WHOLE and new.startswith("character varying"):
        return (numbers(new) or [_WHOLE[old]])[0] < _WHOLE[old]
    if old.startswith("numeric") and new.startswith("numeric"):
        one, other = numbers(old), numbers(new)
        return other is not None and (one is None or (other[1:] or [0]) < (one[1:] or [0]))
    return bool(re.search(r"\bUSING\b", body, re.IGNORECASE)) or (old not in _WHOLE and new in _WHOLE)


def computes(column: str, body: str) -> bool:
    """Whether a USING clause makes the new value otherwise than by one cast of the column itself.

    ``body`` is what follows TYPE. What was computed cannot be told from the types, nor be undone by a cast.
    """
    found = re.search(r"\bUSING\b(?P<value>.*)$", body, re.IGNORECASE | re.DOTALL)
    if not found:
        return False
    value, quoted = found["value"].strip(), re.escape(identifier(column))
    name = rf"(?:{quoted}|{re.escape(column)})" if re.fullmatch(r"[a-z_][a-z0-9_]*", column) else quoted
    kind = r"[\w.\"\s]+(?:\([\w\s,]+\))?[\w\s]*(?:\[\])*"
    plain = rf"{name}|\(*{name}\)*\s*::\s*{kind}\)*|CAST\s*\(\s*{name}\s+AS\s+{kind}\)"
    return not re.fullmatch(plain, value, re.IGNORECASE)


def always_fits(old: str, new: str) -> bool:
    """Whether every value of type ``old`` is one of type ``new``, and two that differ stay different."""
    whole = list(_WHOLE)
    if old in whole and new in whole:
        return whole.index(old) <= whole.index(new)
    return new == "text" and (old in whole or old.startswith(("character varying", "numeric")) or old == "uuid")
