"""Python and SQL compute the same cents, and refuse the same amounts and currencies."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from core import money
from core.errors import MoneyError
from tests.support.database import Database, fresh
from tests.support.postgres import PgServer

NUMBER = 10_000
TWO, NONE = ("USD", "EUR", "CHF"), ("JPY", "KRW")

ROUNDED = (
    "SELECT array_agg(money_round(a, c) ORDER BY n) FROM unnest(%s::numeric[], %s::text[]) WITH ORDINALITY t (a, c, n)"
)
SHARED = """
SELECT array_agg(money_share(a, r, c) ORDER BY n), array_agg(money_times(a, r, c) ORDER BY n)
  FROM unnest(%s::numeric[], %s::numeric[], %s::text[]) WITH ORDINALITY t (a, r, c, n)"""
SPLIT = """
SELECT n, money_split(a, c, p) FROM unnest(%s::numeric[], %s::text[], %s::int[]) WITH ORDINALITY t (a, c, p, n) ORDER BY n"""
SPLIT_BY = """
SELECT n, money_split_by(a, c, w::numeric[])
  FROM unnest(%s::numeric[], %s::text[], %s::text[]) WITH ORDINALITY t (a, c, w, n) ORDER BY n"""


@pytest.fixture(scope="module")
def connection(any_pg_server: PgServer) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database that has the functions, on each supported version."""
    with fresh(any_pg_server) as database:
        database.manage("migrate", "core", "--no-input", "-v0")
        with database.connect() as opened:
            yield opened


@pytest.fixture
def dice() -> random.Random:
    """The same random numbers in every run."""
    return random.Random(4217)


def amount(dice: random.Random) -> Decimal:
    """Ordinary, tiny, huge and negative amounts; a third of them lie exactly between two cents or two units."""
    whole = dice.choice((0, 1, 999, dice.randrange(10**4), dice.randrange(10**8), dice.randrange(10**30)))
    ties = (Decimal("0.5"), Decimal("0.005"), Decimal(dice.randrange(100)) / 100 + Decimal("0.005"))
    fractions = (Decimal(0), Decimal(dice.randrange(10**9)) / 10**9, dice.choice(ties))
    text = f"{whole}{str(dice.choice(fractions)).removeprefix('0')}"
    return Decimal(text if "E" not in text else str(whole)) * dice.choice((1, -1))


def payable(dice: random.Random, currency: str) -> Decimal:
    return money.round_amount(amount(dice), currency)


def row(connection: psycopg.Connection[Any], query: str, *parameters: Any) -> Any:
    found = connection.execute(query, parameters).fetchone()
    assert found is not None
    return found


def texts(values: list[Decimal]) -> list[str]:
    """Equal texts are equal in value and in the number of decimals."""
    return [f"{value:f}" for value in values]


def test_ten_thousand_amounts_are_rounded_alike(connection: psycopg.Connection[Any], dice: random.Random) -> None:
    amounts = [amount(dice) for _ in range(NUMBER)]
    currencies = [dice.choice(TWO + NONE) for _ in amounts]
    (found,) = row(connection, ROUNDED, amounts, currencies)
    assert texts(found) == texts([money.round_amount(*pair) for pair in zip(amounts, currencies, strict=True)])
    ties = [one for one in amounts if f"{one:f}".partition(".")[2][2:] == "5"]
    assert len(ties) > NUMBER // 10
    assert sum(one < 0 for one in amounts) > NUMBER // 3


def test_ten_thousand_shares_are_alike(connection: psycopg.Connection[Any], dice: random.Random) -> None:
    amounts = [amount(dice) for _ in range(NUMBER)]
    rates = [dice.choice((Decimal(dice.randrange(10**5)) / 10**5, Decimal("0.5"), amount(dice))) for _ in amounts]
    currencies = [dice.choice(TWO + NONE) for _ in amounts]
    given = list(zip(amounts, rates, currencies, strict=True))
    shares, prices = row(connection, SHARED, amounts, rates, currencies)
    assert texts(shares) == texts([money.share(*one) for one in given])
    assert texts(prices) == texts([money.times(*one) for one in given])


def test_ten_thousand_totals_are_split_alike(connection: psycopg.Connection[Any], dice: random.Random) -> None:
    currencies = [dice.choice(TWO + NONE) for _ in range(NUMBER)]
    totals = [payable(dice, currency) for currency in currencies]
    numbers = [dice.choice((1, 2, 3, 7, dice.randrange(1, 30))) for _ in totals]
    found = connection.execute(SPLIT, [totals, currencies, numbers]).fetchall()
    assert len(found) == NUMBER
    for (_, parts), total, currency, number in zip(found, totals, currencies, numbers, strict=True):
        assert texts(parts) == texts(money.split(total, currency, number))
        assert money.Money.total([money.Money(part, currency) for part in parts], currency).amount == total


def test_ten_thousand_weighted_splits_are_alike(connection: psycopg.Connection[Any], dice: random.Random) -> None:
    currencies = [dice.choice(TWO + NONE) for _ in range(NUMBER)]
    totals = [payable(dice, currency) for currency in currencies]
    weights = [[abs(amount(dice)) for _ in range(dice.randrange(1, 9))] + [Decimal(dice.randrange(2))] for _ in totals]
    weights = [given if any(given) else [Decimal(1)] for given in weights]
    sent = ["{" + ",".join(map(str, given)) + "}" for given in weights]
    found = connection.execute(SPLIT_BY, [totals, currencies, sent]).fetchall()
    assert len(found) == NUMBER
    for (_, parts), total, currency, given in zip(found, totals, currencies, weights, strict=True):
        assert texts(parts) == texts(money.split_by(total, currency, given))
        assert all(part == 0 for part, weight in zip(parts, given, strict=True) if not weight)


def test_every_currency_has_the_same_decimals(connection: psycopg.Connection[Any]) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    codes = [a + b + c for a in letters for b in letters for c in letters] + ["usd", "", "US", "USD ", "USDX"]
    found = connection.execute("SELECT c, currency_digits(c) FROM unnest(%s::text[]) c", [codes]).fetchall()
    assert {code: number for code, number in found if number is not None} == money.CURRENCIES


REFUSED: list[tuple[str, Callable[[], Any]]] = [
    ("money_digits('xx')", lambda: money.digits("xx")),
    ("money_digits('KWD')", lambda: money.digits("KWD")),
    ("money_round(1, 'usd')", lambda: money.round_amount(1, "usd")),
    ("money_round('NaN', 'USD')", lambda: money.round_amount(Decimal("NaN"), "USD")),
    ("money_round('-Infinity', 'USD')", lambda: money.round_amount(Decimal("-Infinity"), "USD")),
    ("money_share(1, 'Infinity', 'USD')", lambda: money.share(1, Decimal("Infinity"), "USD")),
    ("money_times(1, 1, 'CLF')", lambda: money.times(1, 1, "CLF")),
    ("money_split(1.005, 'USD', 2)", lambda: money.split(Decimal("1.005"), "USD", 2)),
    ("money_split(1, 'XAU', 2)", lambda: money.split(1, "XAU", 2)),
    ("money_split(1, 'USD', 0)", lambda: money.split(1, "USD", 0)),
    ("money_split_by(0.5, 'JPY', '{1}')", lambda: money.split_by(Decimal("0.5"), "JPY", [1])),
    ("money_split_by(1, 'USD', '{}')", lambda: money.split_by(1, "USD", [])),
    ("money_split_by(1, 'USD', '{0,0}')", lambda: money.split_by(1, "USD", [0, 0])),
    ("money_split_by(1, 'USD', '{2,-1}')", lambda: money.split_by(1, "USD", [2, -1])),
    ("money_split_by(1, 'USD', '{NaN}')", lambda: money.split_by(1, "USD", [Decimal("NaN")])),
]


@pytest.mark.parametrize(("query", "function"), REFUSED, ids=[query for query, _ in REFUSED])
def test_both_refuse_the_same(connection: psycopg.Connection[Any], query: str, function: Callable[[], Any]) -> None:
    with pytest.raises(MoneyError):
        function()
    with pytest.raises(psycopg.errors.InvalidParameterValue) as refused:
        connection.execute(f"SELECT {query}")
    assert refused.value.diag.message_hint


def test_the_same_words_for_a_currency(connection: psycopg.Connection[Any]) -> None:
    for currency in ("xx", "KWD"):
        with pytest.raises(MoneyError) as python:
            money.digits(currency)
        with pytest.raises(psycopg.errors.InvalidParameterValue) as sql:
            connection.execute("SELECT money_digits(%s)", [currency])
        assert str(python.value) == f"{sql.value.diag.message_primary} {sql.value.diag.message_hint}"


def test_null_gives_null(connection: psycopg.Connection[Any]) -> None:
    query = """
    SELECT currency_digits(NULL), money_digits(NULL), money_round(NULL, 'USD'), money_round(1, NULL),
           money_share(NULL, 1, 'USD'), money_share(1, NULL, 'USD'), money_times(1, 1, NULL),
           money_split(NULL, 'USD', 2), money_split(1, NULL, 2), money_split_by(1, 'USD', NULL)"""
    assert set(row(connection, query)) == {None}


def test_what_a_table_may_store(connection: psycopg.Connection[Any]) -> None:
    cases = [
        ("1.25", "USD", True), ("1.255", "USD", False), ("-3", "JPY", True), ("1.00", "JPY", True),
        ("1.5", "JPY", False), ("1", "KWD", False), ("1", "xx", False), ("1", "usd", False), ("NaN", "USD", False),
        ("Infinity", "USD", False), (None, "USD", True), (None, "xx", False), ("1.5", None, True), (None, None, True),
    ]  # fmt: skip
    for given, currency, expected in cases:
        assert row(connection, "SELECT money_supported(%s, %s)", given, currency) == (expected,), (given, currency)


def test_the_search_path_of_the_caller_changes_nothing(connection: psycopg.Connection[Any]) -> None:
    hostile = "CREATE FUNCTION hostile.{} LANGUAGE sql AS $$ SELECT 3 $$"
    connection.execute("CREATE SCHEMA hostile")
    for function in ("currency_digits(text) RETURNS int", "round(numeric, int) RETURNS numeric"):
        connection.execute(hostile.format(function))
    connection.execute("SET search_path = hostile, public, pg_catalog")
    try:
        assert row(connection, "SELECT money_round(2.345, 'USD')") == (Decimal("2.35"),)
    finally:
        connection.execute("RESET search_path")


@pytest.mark.parametrize(
    "call",
    ["money_round(a, c)", "money_share(a, a, c)", "money_times(a, a, c)", "money_supported(a, c)", "money_digits(c)"],
)
def test_postgresql_inlines_the_functions(connection: psycopg.Connection[Any], call: str) -> None:
    """A function that is not inlined is planned again for every row, which takes a millisecond before version 18."""
    source = "(SELECT 1.5 AS a, 'USD'::text AS c FROM generate_series(1, 3) OFFSET 0) AS t"
    plan = connection.execute(f"EXPLAIN (VERBOSE, COSTS OFF) SELECT {call} FROM {source}").fetchall()
    assert call.partition("(")[0] + "(" not in str(plan)


def test_functions_are_immutable_and_parallel_safe(connection: psycopg.Connection[Any]) -> None:
    query = """
    SELECT proname, provolatile::text || proparallel::text FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace AND proname ~ '^(money|currency)_'"""
    found = dict(connection.execute(query).fetchall())
    assert len(found) == 10
    assert set(found.values()) == {"is"}


def test_the_reverse_drops_every_function(database: Database) -> None:
    made = (
        "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname ~ '^(money|refuse|curr)'"
    )
    database.manage("migrate", "core", "--no-input", "-v0")
    assert database.psql(made).strip() == "11"
    database.manage("migrate", "core", "zero", "--no-input", "-v0")
    assert database.psql(made).strip() == "0"
