"""The types of runtime settings: how the stored text becomes a typed value, and back.

``parse`` raises ``ValueError`` with one sentence that says which values are allowed. The functions ``text``, ``choice``,
``whole_number``, ``decimal_number``, ``boolean`` and ``json_value`` build the types that settings use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from django.db.models import TextChoices


class ValueType(StrEnum):
    """The values of the column ``value_type`` of the table ``admin_config``."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class SettingType[T]:
    """A type of settings.

    ``allowed`` completes the sentence "The value must be …". ``options`` lists the texts of a setting that has only a
    few values, each with a label for people.
    """

    value_type: ValueType
    allowed: str
    parse: Callable[[str], T]
    format: Callable[[T], str]
    options: tuple[tuple[str, str], ...] = ()


def text(
    allowed: str = "a text", *, check: Callable[[str], bool] | None = None, longest: int = 10_000
) -> SettingType[str]:
    """Return the type of a text without surrounding spaces. ``check`` returns whether a text is allowed."""

    def parse(stored: str) -> str:
        value = stored.strip()
        if len(value) > longest or (check is not None and not check(value)):
            raise _refused(allowed)
        return value

    return SettingType(ValueType.STRING, allowed, parse, str)


def choice[C: TextChoices](choices: type[C]) -> SettingType[C]:
    """Return the type of a text that is one of ``choices``; the value is a member of the enum."""
    allowed = "one of " + ", ".join(choices.values)

    def parse(stored: str) -> C:
        try:
            return choices(stored.strip())
        except ValueError:
            raise _refused(allowed) from None

    options = tuple((str(value), str(label)) for value, label in choices.choices)
    return SettingType(ValueType.STRING, allowed, parse, lambda member: str(member.value), options)


def whole_number(least: int, most: int, unit: str = "") -> SettingType[int]:
    """Return the type of an integer from ``least`` to ``most``. ``unit`` is for the message, such as "hours"."""
    allowed = _range("a whole number", least, most, unit)

    def parse(stored: str) -> int:
        number = parsed_decimal(stored)
        if number is None or number != number.to_integral_value() or not least <= number <= most:
            raise _refused(allowed)
        return int(number)

    return SettingType(ValueType.NUMBER, allowed, parse, str)


def decimal_number(least: Decimal | int, most: Decimal | int, unit: str = "") -> SettingType[Decimal]:
    """Return the type of a ``Decimal`` from ``least`` to ``most``. ``unit`` is for the message, such as "percent"."""
    allowed = _range("a number", least, most, unit)

    def parse(stored: str) -> Decimal:
        number = parsed_decimal(stored)
        if number is None or not least <= number <= most:
            raise _refused(allowed)
        return number

    return SettingType(ValueType.NUMBER, allowed, parse, lambda number: format(number, "f"))


def boolean() -> SettingType[bool]:
    """Return the type of a boolean, stored as ``true`` or ``false``."""
    allowed = "true or false"
    texts = {"true": True, "false": False}

    def parse(stored: str) -> bool:
        try:
            return texts[stored.strip().lower()]
        except KeyError:
            raise _refused(allowed) from None

    options = (("true", "Yes"), ("false", "No"))
    return SettingType(ValueType.BOOLEAN, allowed, parse, lambda value: "true" if value else "false", options)


def json_value[T](allowed: str, *, read: Callable[[Any], T], write: Callable[[T], Any]) -> SettingType[T]:
    """Return the type of a setting that is stored as JSON.

    ``read`` turns the parsed JSON into a typed value; fractions arrive as ``Decimal``. It raises ``ValueError`` with one
    sentence about the part that is wrong. ``write`` returns what ``read`` accepts.
    """

    def parse(stored: str) -> T:
        try:
            parsed = json.loads(stored, parse_float=Decimal, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"The text is not JSON ({error}). The value must be {allowed}.") from None
        try:
            return read(parsed)
        except ValueError as error:
            raise ValueError(f"{error} The value must be {allowed}.") from None

    def write_text(value: T) -> str:
        return json.dumps(write(value), default=_json_number)

    return SettingType(ValueType.JSON, allowed, parse, write_text)


def parsed_decimal(stored: str) -> Decimal | None:
    """Return the number that a text spells in plain decimal notation, such as ``12`` or ``-0.5``, or None."""
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,20}(\.[0-9]{1,20})?\s*", stored):
        return None
    try:
        return Decimal(stored.strip())
    except InvalidOperation:
        return None


def json_integer(value: Any, what: str, least: int, most: int) -> int:
    """Return ``value`` if it is an integer from ``least`` to ``most``; the ``ValueError`` names it as ``what``."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{what} is {shown(value)}, not {_range('a whole number', least, most)}.")
    return value


def json_decimal(value: Any, what: str, least: Decimal | int, most: Decimal | int) -> Decimal:
    """Return ``value`` if it is a number from ``least`` to ``most``; the ``ValueError`` names it as ``what``."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not least <= value <= most:
        raise ValueError(f"{what} is {shown(value)}, not {_range('a number', least, most)}.")
    return Decimal(value)


def json_object(value: Any, what: str, keys: set[str]) -> dict[str, Any]:
    """Return ``value`` if it is an object with exactly ``keys``; the ``ValueError`` says which are wrong or missing."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {shown(value)}, not an object.")
    if unknown := sorted(set(value) - keys):
        raise ValueError(f"{what} has unknown keys: {', '.join(unknown)}. Allowed are {', '.join(sorted(keys))}.")
    if missing := sorted(keys - set(value)):
        raise ValueError(f"{what} lacks the keys {', '.join(missing)}.")
    return value


def json_list(value: Any, what: str) -> list[Any]:
    """Return ``value`` if it is a list; the ``ValueError`` names it as ``what``."""
    if not isinstance(value, list):
        raise ValueError(f"{what} is {shown(value)}, not a list.")
    return value


def _refused(allowed: str) -> ValueError:
    return ValueError(f"The value must be {allowed}.")


def _range(kind: str, least: Decimal | int, most: Decimal | int, unit: str = "") -> str:
    return f"{kind} from {least} to {most}{f' ({unit})' if unit else ''}"


def shown(value: Any) -> str:
    """Return a part of JSON for a message, shortened to 60 characters."""
    written = json.dumps(value, default=_json_number)
    return written if len(written) <= 60 else f"{written[:60]}…"


def _json_number(value: Any) -> Any:
    """Write a ``Decimal`` as a JSON number: 2 for a whole one, 1.25 for a fraction."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{value!r} cannot be written as JSON")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")
