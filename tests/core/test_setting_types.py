"""The types of settings: what they read, what they write, what they refuse."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.setting_types import SettingType, boolean, decimal_number, json_value, parsed_decimal, text, whole_number

PERCENT = decimal_number(0, 100, "percent")


@given(st.decimals(0, 100, places=4))
def test_a_number_is_read_as_it_was_written(number: Decimal) -> None:
    assert PERCENT.parse(PERCENT.format(number)) == number


@given(st.integers(1, 8760))
def test_a_whole_number_is_read_as_it_was_written(number: int) -> None:
    hours = whole_number(1, 8760)
    assert hours.parse(hours.format(number)) == number


@given(st.text())
def test_a_text_is_read_or_refused_with_the_allowed_values(stored: str) -> None:
    refused = {kind.allowed: reason for kind in (PERCENT, boolean()) if (reason := refusal(kind, stored))}
    assert all(allowed in reason for allowed, reason in refused.items())


def refusal(kind: SettingType[Any], stored: str) -> str | None:
    try:
        kind.parse(stored)
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize("stored", ["1e3", "1_000", "٣", "0x10", "Infinity", "-", "", "1.", "1" * 21, "1,5"])
def test_only_plain_decimal_notation_is_a_number(stored: str) -> None:
    assert parsed_decimal(stored) is None


def test_a_whole_number_may_be_written_with_zeros_behind_the_point() -> None:
    assert whole_number(1, 100).parse(" 48.0 ") == 48


def test_booleans() -> None:
    assert [boolean().parse(stored) for stored in ("true", " False ")] == [True, False]
    assert [boolean().format(value) for value in (True, False)] == ["true", "false"]


def test_a_text_loses_the_spaces_around_it_and_has_a_limit() -> None:
    assert text().parse("  x ") == "x"
    with pytest.raises(ValueError, match="must be"):
        text("short", longest=3).parse("long")


@pytest.mark.parametrize("stored", ["{", "[NaN]", "[Infinity]", "[" * 100_000])
def test_json_that_cannot_be_read_is_refused(stored: str) -> None:
    with pytest.raises(ValueError, match="is not JSON"):
        json_value("a list", read=list, write=list).parse(stored)


def test_fractions_in_json_are_exact() -> None:
    kind = json_value("a list", read=list, write=list)
    assert kind.parse("[0.1]") == [Decimal("0.1")]
    assert kind.format([Decimal("1.25"), Decimal("2.00")]) == "[1.25, 2]"
