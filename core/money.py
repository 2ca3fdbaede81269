"""Amounts of money: currencies, rounding, shares, splitting and formatting.

The SQL functions in ``sql/money_v1.sql`` (``money_round``, ``money_share``, ``money_split``, …) return the same
results; a test compares both. Amounts are ``Decimal`` in units of the currency (dollars, not cents). A half is rounded
away from zero, as PostgreSQL's ``round(numeric)`` does. Every function raises ``CurrencyUnknown`` or
``CurrencyNotSupported`` for a currency that the tables cannot store, and ``AmountInvalid`` for an amount that is not a
finite decimal number.

Service functions use ``Money``, which refuses to mix currencies::

    deposit = Money.rounded(total.amount * rate, "USD")   # or total.share(rate)
    rest = total - deposit
    installments = rest.split(3)                           # they add up to rest
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Self

from core.errors import AmountInvalid, CurrencyMismatch, CurrencyNotSupported, CurrencyUnknown, SplitInvalid

# Active currencies of ISO 4217 (list one as published on 2026-01-01) by number of decimals. Codes without a minor unit
# (XAU, XXX, …) are left out. CLDR, and so babel, states fewer decimals for some, because cash is rounded further.
_CODES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
        "CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
        "HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK "
        "MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD "
        "RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH "
        "USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
CURRENCIES: dict[str, int] = {code: decimals for decimals, codes in _CODES.items() for code in codes.split()}
SUPPORTED = frozenset(code for code, decimals in CURRENCIES.items() if decimals in (0, 2))

SYMBOLS = {
    "AUD": "A$",
    "BRL": "R$",
    "CAD": "CA$",
    "CNY": "CN¥",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
    "ILS": "₪",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "MXN": "MX$",
    "NZD": "NZ$",
    "PHP": "₱",
    "TWD": "NT$",
    "USD": "$",
    "VND": "₫",
}

# Products are exact, as in PostgreSQL: an operand with more digits than these is refused rather than rounded.
_PRECISION = 5000
_EXACT = Context(_PRECISION, ROUND_HALF_UP, MIN_EMIN, MAX_EMAX, traps=[InvalidOperation, Overflow, Inexact])
_ROUNDING = Context(_PRECISION, ROUND_HALF_UP, MIN_EMIN, MAX_EMAX, traps=[InvalidOperation, Overflow])
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")

type Number = Decimal | int


def digits(currency: str) -> int:
    """Return the number of decimals of a supported currency: 0 or 2."""
    found = CURRENCIES.get(currency)
    if found is None:
        raise CurrencyUnknown(
            f'"{currency}" is not an active ISO 4217 currency. Use a code of three capital letters, for example USD.'
        )
    if currency not in SUPPORTED:
        raise CurrencyNotSupported(
            f"{currency} is not supported: it has {found} decimals. Use a currency that has no decimals or two."
        )
    return found


def round_amount(amount: Number, currency: str) -> Decimal:
    """Return the amount rounded to the minor unit; a half is rounded away from zero."""
    unit = Decimal(1).scaleb(-digits(currency))
    try:
        rounded = _number(amount).quantize(unit, context=_ROUNDING)
    except InvalidOperation:
        raise AmountInvalid(f"The amount has more than {_PRECISION} digits. Use a smaller one.") from None
    return abs(rounded) if rounded.is_zero() else rounded


def share(amount: Number, rate: Number, currency: str) -> Decimal:
    """Return the part of an amount that a rate stands for, rounded: a rate of ``Decimal("0.25")`` is 25 percent."""
    return round_amount(_product(amount, rate), currency)


def times(unit_amount: Number, quantity: Number, currency: str) -> Decimal:
    """Return the price of a quantity, rounded."""
    return round_amount(_product(unit_amount, quantity), currency)


def split(total: Number, currency: str, parts: int) -> list[Decimal]:
    """Divide a total into equal parts, each rounded towards zero; the last one gets what is left.

    Raises ``SplitInvalid`` if ``parts`` is less than one, ``AmountInvalid`` if the total is not rounded.
    """
    if parts < 1:
        raise SplitInvalid(f"{total} {currency} cannot be split into {parts} parts. Pass at least one part.")
    return split_by(total, currency, [1] * parts)


def split_by(total: Number, currency: str, weights: Sequence[Number]) -> list[Decimal]:
    """Divide a total in proportion to weights, for example a refund over the payments that it returns.

    Each part is rounded towards zero, and the last part whose weight is not zero gets what is left. The parts have
    the sign of the total and add up to it.

    Raises ``SplitInvalid`` if there is no weight, if one is negative or if all are zero; ``AmountInvalid`` if the total
    is not rounded to the minor unit.
    """
    minor = to_minor(total, currency)
    given = [_number(weight) for weight in weights]
    if not any(given) or min(given) < 0:
        raise SplitInvalid(
            f"{total} {currency} cannot be split by the weights {', '.join(map(str, given))}. "
            "Pass at least one weight, none of them negative, and not only zeros."
        )
    scale = Decimal(10) ** max(0, *(-_exponent(weight) for weight in given))
    whole = [int(_product(weight, scale)) for weight in given]
    sign, every = (-1 if minor < 0 else 1), sum(whole)
    parts = [sign * (abs(minor) * weight // every) for weight in whole]
    heir = max(position for position, weight in enumerate(whole) if weight)
    parts[heir] += minor - sum(parts)
    return [from_minor(part, currency) for part in parts]


def to_minor(amount: Number, currency: str) -> int:
    """Return the amount in minor units, as payment providers expect it: 1300 for 13.00 USD and for 1300 JPY.

    Raises ``AmountInvalid`` if the amount has more decimals than the currency; it is never rounded silently.
    """
    rounded = round_amount(amount, currency)
    if rounded != amount:
        raise AmountInvalid(f"{amount} {currency} has more decimals than the currency. Round it first.")
    return int(rounded.scaleb(digits(currency), context=_EXACT))


def from_minor(minor: int, currency: str) -> Decimal:
    """Return the amount for a number of minor units."""
    return Decimal(minor).scaleb(-digits(currency), context=_EXACT)


def format_money(amount: Number, currency: str | None) -> str:
    """Return the amount for people: ``$1,300.00``, ``-$5.00``, ``¥1,300``, ``CHF 1,300.00`` (a no-break space).

    Never raises for a stored row: an unknown currency is shown as it is, with the decimals that the amount has.
    """
    number = Decimal(amount)
    if not number.is_finite():
        return f"{currency or ''}\xa0{number}".strip()
    known = CURRENCIES.get(currency or "")
    shown = -_exponent(number) if known is None else max(known, -_exponent(number.normalize(_ROUNDING)))
    symbol = SYMBOLS.get(currency or "") or (f"{currency}\xa0" if currency else "")
    return f"{'-' if number < 0 else ''}{symbol}{number.copy_abs():,.{max(shown, 0)}f}"


def format_api(amount: Number, currency: str) -> str:
    """Return the amount for programs, with the digits of its currency: ``"1300.00"`` USD, ``"1300"`` JPY.

    Raises ``AmountInvalid`` if the amount has more decimals than the currency.
    """
    return f"{from_minor(to_minor(amount, currency), currency):f}"


def parse(text: str, currency: str) -> Decimal:
    """Return the amount that a plain number such as ``"1300.00"`` spells.

    Raises ``AmountInvalid`` for exponents, signs other than a minus, separators and excess decimals.
    """
    if not _PLAIN.fullmatch(text):
        raise AmountInvalid(f'"{text}" is not an amount. Write digits with a decimal point, for example 1300.00.')
    amount = Decimal(text)
    return from_minor(to_minor(amount, currency), currency)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency that can be paid: it has no more decimals than the currency.

    Addition, subtraction and comparison of different currencies raise ``CurrencyMismatch``. ``Money`` objects are
    equal if amount and currency are.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        exact = from_minor(to_minor(self.amount, self.currency), self.currency)
        object.__setattr__(self, "amount", exact)

    @classmethod
    def rounded(cls, amount: Number, currency: str) -> Self:
        """Return an amount rounded to the minor unit."""
        return cls(round_amount(amount, currency), currency)

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Return nothing, in a currency."""
        return cls(Decimal(0), currency)

    @classmethod
    def from_minor(cls, minor: int, currency: str) -> Self:
        """Return the amount for a number of minor units."""
        return cls(from_minor(minor, currency), currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Self:
        """Return the amount that a plain number such as ``"1300.00"`` spells."""
        return cls(parse(text, currency), currency)

    @classmethod
    def total(cls, amounts: Iterable[Self], currency: str) -> Self:
        """Return the sum of amounts, zero if there are none. ``currency`` is the one that all must have."""
        found = cls.zero(currency)
        for amount in amounts:
            found += amount
        return found

    @property
    def minor(self) -> int:
        """The amount in minor units."""
        return to_minor(self.amount, self.currency)

    def share(self, rate: Number) -> Self:
        """Return the part that a rate stands for, rounded: ``Decimal("0.25")`` is 25 percent."""
        return type(self)(share(self.amount, rate, self.currency), self.currency)

    def times(self, quantity: Number) -> Self:
        """Return the price of a quantity, rounded."""
        return type(self)(times(self.amount, quantity, self.currency), self.currency)

    def split(self, parts: int) -> list[Self]:
        """Divide into equal parts; the last one gets what is left."""
        return [type(self)(part, self.currency) for part in split(self.amount, self.currency, parts)]

    def split_by(self, weights: Sequence[Number]) -> list[Self]:
        """Divide in proportion to weights; the last part whose weight is not zero gets what is left."""
        return [type(self)(part, self.currency) for part in split_by(self.amount, self.currency, weights)]

    def api(self) -> str:
        """Return the amount for programs: ``"1300.00"``."""
        return format_api(self.amount, self.currency)

    def __str__(self) -> str:
        return format_money(self.amount, self.currency)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __neg__(self) -> Self:
        return type(self).from_minor(-self.minor, self.currency)

    def __abs__(self) -> Self:
        return type(self).from_minor(abs(self.minor), self.currency)

    def __add__(self, other: Self) -> Self:
        return type(self).from_minor(self.minor + self._same(other, "added to").minor, self.currency)

    def __sub__(self, other: Self) -> Self:
        return type(self).from_minor(self.minor - self._same(other, "subtracted from").minor, self.currency)

    def __lt__(self, other: Self) -> bool:
        return self.amount < self._same(other, "compared with").amount

    def __le__(self, other: Self) -> bool:
        return self.amount <= self._same(other, "compared with").amount

    def __gt__(self, other: Self) -> bool:
        return self.amount > self._same(other, "compared with").amount

    def __ge__(self, other: Self) -> bool:
        return self.amount >= self._same(other, "compared with").amount

    def _same(self, other: Self, action: str) -> Self:
        if self.currency != other.currency:
            raise CurrencyMismatch(
                f"{other.api()} {other.currency} cannot be {action} {self.api()} {self.currency}. "
                "Convert one of them first."
            )
        return other


def _number(value: Number) -> Decimal:
    """The value as a finite Decimal; a float is refused, because it is not exact."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise AmountInvalid(f"{value!r} is not an amount of money. Pass a Decimal or an int.")
    number = Decimal(value)
    if not number.is_finite():
        raise AmountInvalid(f"{number} is not an amount of money. Use a finite number.")
    return number


def _product(one: Number, other: Number) -> Decimal:
    try:
        return _EXACT.multiply(_number(one), _number(other))
    except (Inexact, InvalidOperation, Overflow):
        raise AmountInvalid(f"The product has more than {_PRECISION} digits. Use smaller numbers.") from None


def _exponent(number: Decimal) -> int:
    """The power of ten of the last digit of a finite number: -2 for 1.25."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent
