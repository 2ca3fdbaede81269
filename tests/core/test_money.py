"""Amounts of money in Python: currencies, rounding, splitting, formatting, and what is refused."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, localcontext

import pytest

from core import money
from core.errors import AmountInvalid, CurrencyMismatch, CurrencyNotSupported, CurrencyUnknown, SplitInvalid
from core.money import Money


def decimals(*amounts: str) -> list[Decimal]:
    return [Decimal(amount) for amount in amounts]


def test_the_active_currencies_of_iso_4217() -> None:
    assert Counter(money.CURRENCIES.values()) == {0: 17, 2: 139, 3: 7, 4: 2}
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in money.CURRENCIES)
    assert {"USD", "EUR", "ZWG", "XCG", "SLE", "VED"} <= money.SUPPORTED
    assert not {"BGN", "HRK", "ZWL", "ANG", "CUC", "XAU", "XXX", "DEM"} & set(money.CURRENCIES)
    assert set(money.SYMBOLS) <= money.SUPPORTED


@pytest.mark.parametrize("currency", ["xx", "usd", "", "US", "USDX", "USD ", "XAU", "HRK"])
def test_an_unknown_currency_is_refused(currency: str) -> None:
    with pytest.raises(CurrencyUnknown, match=f'"{currency}" is not an active ISO 4217 currency'):
        money.digits(currency)


@pytest.mark.parametrize(("currency", "number"), [("KWD", 3), ("CLF", 4)])
def test_a_currency_with_more_than_two_decimals_is_refused(currency: str, number: int) -> None:
    with pytest.raises(CurrencyNotSupported, match=f"it has {number} decimals"):
        Money(Decimal(1), currency)


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("2.345", "USD", "2.35"),
        ("-2.345", "USD", "-2.35"),
        ("2.3449999", "USD", "2.34"),
        ("2.5", "JPY", "3"),
        ("-2.5", "JPY", "-3"),
        ("3.5", "JPY", "4"),
        ("-0.004", "USD", "0.00"),
        ("1E+3", "USD", "1000.00"),
        ("99999999999999999999999999999999999999.995", "USD", "100000000000000000000000000000000000000.00"),
    ],
)
def test_a_half_is_rounded_away_from_zero(amount: str, currency: str, rounded: str) -> None:
    assert str(money.round_amount(Decimal(amount), currency)) == rounded


def test_the_context_of_the_caller_changes_nothing() -> None:
    with localcontext(prec=3):
        assert money.round_amount(Decimal("12345.675"), "USD") == Decimal("12345.68")
        assert money.share(Decimal("12345.67"), Decimal("0.0825"), "USD") == Decimal("1018.52")
        assert sum(money.split(Decimal("12345.67"), "USD", 2)) != Decimal("12345.67"), "the caller's own sum is cut"
        assert Money.total(Money(Decimal("12345.67"), "USD").split(7), "USD").amount == Decimal("12345.67")


def test_shares_and_quantities() -> None:
    assert money.share(Decimal("1300.00"), Decimal("0.25"), "USD") == Decimal("325.00")
    assert money.share(Decimal("0.50"), Decimal("0.01"), "USD") == Decimal("0.01")
    assert money.times(Decimal("55.00"), 22, "USD") == Decimal("1210.00")
    assert money.times(Decimal("0.335"), Decimal(1), "USD") == Decimal("0.34")
    assert money.times(1500, Decimal("1.5"), "JPY") == Decimal(2250)


def test_parts_add_up_and_the_last_one_gets_what_is_left() -> None:
    assert money.split(Decimal("10.00"), "USD", 3) == decimals("3.33", "3.33", "3.34")
    assert money.split(Decimal("-10.00"), "USD", 3) == decimals("-3.33", "-3.33", "-3.34")
    assert money.split(Decimal("0.02"), "USD", 3) == decimals("0", "0", "0.02")
    assert money.split(Decimal(100), "JPY", 3) == decimals("33", "33", "34")
    assert money.split_by(Decimal("100.00"), "USD", [1, 2, 3]) == decimals("16.66", "33.33", "50.01")
    assert money.split_by(Decimal("1.00"), "USD", decimals("0.333", "0.667")) == decimals("0.33", "0.67")


def test_a_part_without_weight_gets_nothing() -> None:
    assert money.split_by(Decimal("0.05"), "USD", [1, 1, 0]) == decimals("0.02", "0.03", "0")
    assert money.split_by(Decimal("5.00"), "USD", [0, 3, 0]) == decimals("0", "5", "0")


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [Decimal(2), Decimal("-0.1")]])
def test_weights_that_divide_nothing_are_refused(weights: list[Decimal]) -> None:
    with pytest.raises(SplitInvalid, match="cannot be split by the weights"):
        money.split_by(Decimal("5.00"), "USD", weights)


def test_a_total_is_split_into_one_part_or_more_and_never_rounded() -> None:
    for parts in (0, -1):
        with pytest.raises(SplitInvalid, match="at least one part"):
            money.split(Decimal("5.00"), "USD", parts)
    with pytest.raises(AmountInvalid, match="more decimals than the currency"):
        money.split(Decimal("5.005"), "USD", 2)


def test_minor_units() -> None:
    assert money.to_minor(Decimal("13.00"), "USD") == 1300 == money.to_minor(1300, "JPY")
    assert money.to_minor(Decimal("-0.01"), "EUR") == -1
    assert str(money.from_minor(1300, "USD")) == "13.00"
    assert str(money.from_minor(-1300, "JPY")) == "-1300"
    for amount, currency in [("0.001", "USD"), ("0.5", "JPY")]:
        with pytest.raises(AmountInvalid, match="more decimals than the currency"):
            money.to_minor(Decimal(amount), currency)


@pytest.mark.parametrize("amount", [1.5, True, "1.5", None, Decimal("NaN"), Decimal("Infinity"), Decimal("1E+999999")])
def test_what_is_not_an_exact_finite_amount_is_refused(amount: Decimal) -> None:
    for function in (money.round_amount, money.to_minor, money.format_api, Money):
        with pytest.raises(AmountInvalid):
            function(amount, "USD")
    with pytest.raises(AmountInvalid):
        money.share(amount, amount, "USD")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1300", "USD", "$1,300.00"),
        ("-5", "USD", "-$5.00"),
        ("1300.00", "JPY", "¥1,300"),
        ("1234567.8", "EUR", "€1,234,567.80"),
        ("1300", "CAD", "CA$1,300.00"),
        ("1300", "CHF", "CHF\xa01,300.00"),
        ("-1300", "CHF", "-CHF\xa01,300.00"),
        ("1.2345", "KWD", "KWD\xa01.2345"),
        ("0", "USD", "$0.00"),
        ("12.50", "JPY", "¥12.5"),
        ("12.50", "xx", "xx\xa012.50"),
        ("12.50", None, "12.50"),
        ("1E+3", None, "1,000"),
        ("NaN", "USD", "USD\xa0NaN"),
        ("99999999999999999999999999999999.99", "USD", "$99,999,999,999,999,999,999,999,999,999,999.99"),
    ],
)
def test_amounts_for_people(amount: str, currency: str | None, text: str) -> None:
    assert money.format_money(Decimal(amount), currency) == text


def test_amounts_for_programs() -> None:
    assert money.format_api(1300, "USD") == "1300.00"
    assert money.format_api(Decimal("1300.00"), "JPY") == "1300"
    assert money.parse("1300.5", "USD") == Decimal("1300.50")
    assert str(money.parse("-7", "USD")) == "-7.00"
    for text in ("", "1,300.00", "1e3", "+1", " 1", "1.", ".5", "٣", "1_0", "NaN", "1.005"):
        with pytest.raises(AmountInvalid):
            money.parse(text, "USD")


def test_money_of_different_currencies_does_not_mix() -> None:
    dollars, euros = Money.parse("5.00", "USD"), Money.parse("5.00", "EUR")
    assert dollars != euros
    for action in (
        lambda: dollars + euros,
        lambda: dollars - euros,
        lambda: dollars < euros,
        lambda: dollars >= euros,
        lambda: max(dollars, euros),
        lambda: Money.total([dollars, euros], "USD"),
    ):
        with pytest.raises(CurrencyMismatch, match=r"EUR|USD"):
            action()


def test_money_is_a_value() -> None:
    total = Money.rounded(Decimal("1299.995"), "USD")
    assert (total.amount, str(total.amount), total.minor) == (Decimal(1300), "1300.00", 130000)
    assert total == Money(Decimal("1300.0"), "USD") == Money.from_minor(130000, "USD")
    assert len({total, Money(Decimal(1300), "USD")}) == 1
    deposit = total.share(Decimal("0.25"))
    assert str(deposit) == "$325.00"
    assert (total - deposit).api() == "975.00"
    assert -deposit < Money.zero("USD") < deposit <= total
    assert abs(-deposit) == deposit
    assert not Money.zero("USD")
    assert Money.total(total.split(7), "USD") == total == Money.total(total.split_by([3, 1]), "USD")
    assert Money(Decimal("55.00"), "USD").times(22).api() == "1210.00"
    with pytest.raises(AmountInvalid):
        Money(Decimal("0.005"), "USD")
