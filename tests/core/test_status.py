"""Statuses: what the enum, the field, the migration and every writer of the table make of the declared rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from bookings.models import Booking, BookingOverview
from core.db.transitions import TransitionConstraint
from core.status import StatusField, status_field
from payments.models import LoyaltyPoints
from tests.livemigrations.site import Site
from tests.support.database import fresh
from tests.support.postgres import PgServer

MODELS = """
from core.models import AmountField, CurrencyField, currency_supported
from core.status import StatusChoices, StatusField, Transitions


class Order(models.Model):
    class Status(StatusChoices):
        OPEN = "open"
        PAID = "paid"
        SHIPPED = "shipped"
        CLOSED = "closed", "Closed for good"

        @classmethod
        def transitions(cls) -> Transitions:
            return {cls.OPEN: (cls.PAID, cls.CLOSED), cls.PAID: (cls.SHIPPED, cls.OPEN)}

    class Kind(models.TextChoices):
        GIFT = "gift"
        SALE = "sale"

    status = StatusField(Status, default=Status.OPEN, db_default=Status.OPEN)
    kind = StatusField(Kind, null=True, blank=True)
    amount = AmountField(null=True, blank=True)
    fee = AmountField(null=True, blank=True)
    currency = CurrencyField(null=True, blank=True)
    touched = models.IntegerField(default=0, db_default=0)

    class Meta:
        db_table = "orders"
        constraints = (currency_supported("orders", "amount", "fee"),)


class Dispute(models.Model):
    class Status(StatusChoices):
        OPEN = "open"
        WON = "won"

        @classmethod
        def transitions(cls) -> Transitions:
            return {cls.OPEN: (cls.WON,)}

    status = StatusField(Status, known=False, default=Status.OPEN)

    class Meta:
        db_table = "disputes"


class Base(models.Model):
    state = StatusField(Order.Kind)

    class Meta:
        abstract = True


class Child(Base):
    class Meta:
        db_table = "children"


class OrderView(models.Model):
    status = StatusField(Order.Status)

    class Meta:
        managed = False
        db_table = "order_view"
"""
SETUP = "from shop.models import *; from core.status import *; from core.db.rules import *; from core.errors import *\n"
NAMED = """
SELECT c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
 WHERE t.relname IN ('orders', 'disputes', 'children') AND c.contype = 'c'"""
TRIGGERS = """
SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal"""


@pytest.fixture(scope="module")
def site(pg_server: PgServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A project whose migration ``makemigrations`` wrote and our ``migrate`` applied."""
    with fresh(pg_server) as database:
        made = Site(tmp_path_factory.mktemp("site"), database)
        made.app("shop", models=MODELS, migrations={})
        made.install("core", "shop")
        made.manage("makemigrations", "shop", "-n", "orders", "-v0")
        made.migrate("-v0")
        yield made


@pytest.fixture
def orders(site: Site) -> Iterator[psycopg.Connection[Any]]:
    """A connection as any other service has it, and one order of each status; the id says which."""
    with site.database.connect() as connection:
        connection.execute("TRUNCATE orders, disputes RESTART IDENTITY")
        connection.execute("INSERT INTO orders (status) VALUES ('open'), ('paid'), ('shipped'), ('closed')")
        yield connection


def statuses(connection: psycopg.Connection[Any]) -> list[str]:
    return [status for (status,) in connection.execute("SELECT status FROM orders ORDER BY id")]


UNCHANGED = ["open", "paid", "shipped", "closed"]


def test_makemigrations_writes_the_rules(site: Site) -> None:
    texts = "".join(path.read_text() for path in sorted((site.folder / "shop" / "migrations").glob("0*.py")))
    assert "core.db.transitions.TransitionConstraint(" in texts
    assert "('core', '0001_s03_money')" in texts
    assert "('core', '0002_s03_status')" in texts
    assert "core.status" not in texts, "a migration must not import what changes"
    assert "core.models" not in texts
    assert "models.CharField(choices=[('open', 'Open')" in texts
    assert "No changes detected" in site.manage("makemigrations", "--check", "--dry-run").stdout
    assert "No migrations to apply" in site.migrate().stdout


def test_names_of_the_rules(site: Site) -> None:
    with site.database.connect() as connection:
        checks = dict(connection.execute(NAMED).fetchall())
        triggers = connection.execute(TRIGGERS).fetchall()
    known = {"orders_status_known", "orders_kind_known", "children_state_known"}
    assert set(checks) == {*known, "orders_currency_supported"}
    assert sorted(triggers) == [("disputes_transition", "disputes"), ("orders_transition", "orders")]


@pytest.mark.parametrize(
    ("before", "after"),
    [("open", "paid"), ("open", "closed"), ("paid", "shipped"), ("paid", "open"), ("closed", "closed")],
)
def test_listed_changes_are_accepted(orders: psycopg.Connection[Any], before: str, after: str) -> None:
    changed = orders.execute("UPDATE orders SET status = %s WHERE status = %s", [after, before])
    assert changed.rowcount == 1


@pytest.mark.parametrize(
    ("before", "after", "hint"),
    [
        ("open", "shipped", 'After "open" it may become: paid, closed.'),
        ("paid", "closed", 'After "paid" it may become: shipped, open.'),
        ("closed", "open", '"closed" is final.'),
        ("shipped", "paid", '"shipped" is final.'),
    ],
)
def test_what_the_error_says(orders: psycopg.Connection[Any], before: str, after: str, hint: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        orders.execute("UPDATE orders SET status = %s WHERE status = %s", [after, before])
    found = refused.value.diag
    assert (found.sqlstate, found.constraint_name) == ("23514", "orders_transition")
    assert (found.schema_name, found.table_name, found.column_name) == ("public", "orders", "status")
    assert found.message_primary == f'orders.status cannot change from "{before}" to "{after}".'
    row = UNCHANGED.index(before) + 1
    assert found.message_detail == f'status is "{before}", the new value is "{after}" (id {row}).'
    assert found.message_hint == hint
    assert statuses(orders) == UNCHANGED


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders SET status = 'paid'",
        "UPDATE orders SET touched = touched + 1, status = 'open' WHERE id = 4",
        "INSERT INTO orders (id, status) VALUES (4, 'open') ON CONFLICT (id) DO UPDATE SET status = excluded.status",
        "MERGE INTO orders o USING (VALUES (4)) AS s (id) ON o.id = s.id WHEN MATCHED THEN UPDATE SET status = 'open'",
        "WITH changed AS (UPDATE orders SET status = 'paid' WHERE id = 3 RETURNING 1) SELECT * FROM changed",
        "DO $$ BEGIN UPDATE orders SET status = 'open' WHERE id = 3; END $$",
        "SET pgtrigger.ignore = '{orders_transition}'; UPDATE orders SET status = 'open' WHERE id = 3",
    ],
)
def test_every_writer_is_refused_and_nothing_changes(orders: psycopg.Connection[Any], statement: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        orders.execute(statement)
    assert refused.value.diag.constraint_name == "orders_transition"
    assert statuses(orders) == UNCHANGED


def test_a_trigger_that_changes_the_status_is_held_to_it_too(orders: psycopg.Connection[Any]) -> None:
    orders.execute(
        "CREATE FUNCTION reopen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.status := 'open'; RETURN NEW; END $$"
    )
    orders.execute("CREATE TRIGGER a_reopen BEFORE UPDATE OF touched ON orders FOR EACH ROW EXECUTE FUNCTION reopen()")
    try:
        with pytest.raises(psycopg.errors.CheckViolation):
            orders.execute("UPDATE orders SET touched = 1 WHERE id = 4")
        assert statuses(orders) == UNCHANGED
    finally:
        orders.execute("DROP FUNCTION reopen CASCADE")


def test_copy_and_insert_may_have_any_known_status(orders: psycopg.Connection[Any]) -> None:
    with orders.cursor() as cursor, cursor.copy("COPY orders (status) FROM STDIN") as copy:
        copy.write("closed\nshipped\n")
    assert statuses(orders) == [*UNCHANGED, "closed", "shipped"]
    with (
        pytest.raises(psycopg.errors.CheckViolation) as refused,
        orders.cursor() as cursor,
        cursor.copy("COPY orders (status) FROM STDIN") as copy,
    ):
        copy.write("open\nlost\n")
    assert refused.value.diag.constraint_name == "orders_status_known"
    assert len(statuses(orders)) == 6


def test_unknown_values_are_refused_by_name(orders: psycopg.Connection[Any]) -> None:
    for statement, rule in [
        ("UPDATE orders SET status = 'lost' WHERE id = 1", "orders_status_known"),
        ("UPDATE orders SET kind = 'theft' WHERE id = 1", "orders_kind_known"),
        ("INSERT INTO orders (status) VALUES ('Open')", "orders_status_known"),
        ("INSERT INTO children (state) VALUES ('')", "children_state_known"),
    ]:
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            orders.execute(statement)
        assert refused.value.diag.constraint_name == rule
    assert statuses(orders) == UNCHANGED


def test_a_row_from_before_the_rule_can_be_repaired(orders: psycopg.Connection[Any]) -> None:
    with orders.transaction(force_rollback=True):
        orders.execute("ALTER TABLE orders DROP CONSTRAINT orders_status_known")
        orders.execute("INSERT INTO orders (id, status) VALUES (99, 'lost')")
        orders.execute("ALTER TABLE orders ADD CONSTRAINT orders_status_known CHECK (status <> 'lost') NOT VALID")
        assert orders.execute("UPDATE orders SET status = 'closed' WHERE id = 99").rowcount == 1


def test_a_status_of_another_system_takes_unknown_values(orders: psycopg.Connection[Any]) -> None:
    orders.execute("INSERT INTO disputes (status) VALUES ('open'), ('won'), ('new_at_stripe')")
    orders.execute("UPDATE disputes SET status = 'also_new' WHERE status = 'open'")
    orders.execute("UPDATE disputes SET status = 'open' WHERE status IN ('also_new', 'new_at_stripe')")
    with pytest.raises(psycopg.errors.CheckViolation):
        orders.execute("UPDATE disputes SET status = 'open' WHERE status = 'won'")


def test_the_trigger_says_that_its_column_was_renamed(orders: psycopg.Connection[Any]) -> None:
    with orders.transaction(force_rollback=True):
        orders.execute("ALTER TABLE orders RENAME status TO state")
        with pytest.raises(psycopg.errors.UndefinedColumn, match="which orders does not have"), orders.transaction():
            orders.execute("UPDATE orders SET state = 'paid' WHERE id = 1")


def test_currencies_are_checked(orders: psycopg.Connection[Any]) -> None:
    for values in [
        "1.5, NULL, 'JPY'",
        "1, 0.01, 'KRW'",
        "1, NULL, 'xx'",
        "1, 1, 'KWD'",
        "NULL, NULL, 'usd'",
        "'NaN', 1, 'USD'",
    ]:
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            orders.execute(f"INSERT INTO orders (amount, fee, currency) VALUES ({values})")
        assert refused.value.diag.constraint_name == "orders_currency_supported"
    for values in ["1.55, NULL, 'USD'", "2, 3.00, 'JPY'", "NULL, NULL, 'EUR'", "1.55, 1, NULL"]:
        orders.execute(f"INSERT INTO orders (amount, fee, currency) VALUES ({values})")


def test_python_decides_as_the_trigger_does(site: Site, orders: psycopg.Connection[Any]) -> None:
    known = UNCHANGED
    decided = site.python(
        SETUP + f"print(json.dumps([[a, b] for a in {known} for b in {known} if Order.Status.can_change(a, b)]))"
    )
    for before in known:
        for after in known:
            try:
                with orders.transaction(force_rollback=True):
                    orders.execute("UPDATE orders SET status = %s WHERE status = %s", [after, before])
                accepted = True
            except psycopg.errors.CheckViolation:
                accepted = False
            assert accepted == ([before, after] in decided), (before, after)
    allowed = site.python(SETUP + "print(json.dumps([Order.Status.allowed_transitions(s) for s in Order.Status]))")
    assert allowed == [["paid", "closed"], ["shipped", "open"], [], []]


def test_the_check_in_python_raises_what_the_database_raises(site: Site, orders: psycopg.Connection[Any]) -> None:
    found = site.python(
        SETUP
        + """
from django.db import transaction
order = Order.objects.get(status="closed")
errors = []
def note(error):
    errors.append([type(error).__name__, str(error), error.rule, error.table, error.column, error.detail, error.hint])
try:
    check_transition(order, "open")
except TransitionRefused as error:
    note(error)
order.status = "open"
try:
    with violations_raised(), transaction.atomic():
        order.save()
except TransitionRefused as error:
    note(error)
try:
    with violations_raised():
        Order.objects.filter(pk=order.pk).update(status="open")
except TransitionRefused as error:
    note(error)
check_transition(Order.objects.get(status="open"), "paid")
check_transition(Order.objects.get(status="open"), "open")
print(json.dumps(errors))
"""
    )
    assert found[0] == found[1] == found[2]
    assert found[0] == [
        "TransitionRefused",
        'orders.status cannot change from "closed" to "open". "closed" is final.',
        "orders_transition",
        "orders",
        "status",
        'status is "closed", the new value is "open" (id 4).',
        '"closed" is final.',
    ]
    assert statuses(orders) == UNCHANGED


def test_other_rules_become_named_errors(site: Site, orders: psycopg.Connection[Any]) -> None:
    found = site.python(
        SETUP
        + """
from django.db import connection, transaction, IntegrityError
class Stolen(RuleViolated, rule="orders_kind_known"):
    pass
found = []
for values in ({"kind": "theft"}, {"status": "lost"}, {"amount": "1.50", "currency": "JPY"}, {"id": 1}, {"touched": None}):
    try:
        with violations_raised(), transaction.atomic():
            Order.objects.create(**values)
    except RuleViolated as error:
        found.append([type(error).__name__, error.rule, str(error)])
    except IntegrityError as error:
        found.append(["IntegrityError", rule_of(error), ""])
found.append([rule_of(ValueError("other")), violation_of(ValueError("other")), Order.objects.count()])
print(json.dumps(found))
"""
    )
    assert found[0] == ["Stolen", "orders_kind_known", "The kind must be one of: gift, sale."]
    assert found[1] == [
        "RuleViolated",
        "orders_status_known",
        "The status must be one of: open, paid, shipped, closed.",
    ]
    assert found[2][:2] == ["RuleViolated", "orders_currency_supported"]
    assert "ISO 4217" in found[2][2]
    assert "Failing row" not in str(found), "the row may contain personal data"
    assert found[3][:2] == ["RuleViolated", "orders_pkey"]
    assert found[4:] == [["IntegrityError", None, ""], [None, None, 4]]


def test_forms_show_the_rules(site: Site, orders: psycopg.Connection[Any]) -> None:
    found = site.python(
        SETUP
        + """
from django.core.exceptions import ValidationError
found = []
for key, values in ((4, {"status": "open"}), (1, {"status": "paid"}), (1, {"amount": 1, "currency": "xx"})):
    order = Order.objects.get(pk=key)
    for name, value in values.items():
        setattr(order, name, value)
    try:
        order.full_clean()
        found.append(None)
    except ValidationError as error:
        found.append(error.message_dict)
print(json.dumps(found))
"""
    )
    assert found[0] == {"status": ['The status cannot change like this. Allowed after "closed": none, it is final.']}
    assert found[1] is None
    assert "ISO 4217" in json.dumps(found[2])


def test_rules_change_and_go_back_on_a_table_in_use(
    pg_server: PgServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A new transition makes a migration; the way back restores the old rule, and zero leaves nothing behind."""
    with fresh(pg_server) as database:
        site = Site(tmp_path_factory.mktemp("site"), database)
        site.app("shop", models=MODELS, migrations={})
        site.install("core", "shop")
        site.manage("makemigrations", "shop", "-n", "orders", "-v0")
        site.migrate("-v0")
        last = max(path.stem for path in (site.folder / "shop" / "migrations").glob("0*.py"))
        with database.connect() as connection:
            connection.execute("INSERT INTO orders (status) SELECT 'closed' FROM generate_series(1, 20000)")
            connection.execute("ANALYZE orders")
        reopened = MODELS.replace("cls.PAID: (cls.SHIPPED", "cls.CLOSED: (cls.OPEN,), cls.PAID: (cls.SHIPPED")
        site.app("shop", models=reopened, migrations={})
        assert site.manage("makemigrations", "--check", "--dry-run", check=False).returncode == 1
        site.manage("makemigrations", "shop", "-n", "reopened", "-v0")
        site.migrate("-v0")
        with database.connect() as connection:
            reopen = "UPDATE orders SET status = 'open' WHERE id = %s"
            connection.execute(reopen, [1])
            site.migrate("shop", last, "-v0")
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute(reopen, [2])
            site.migrate("shop", "zero", "-v0")
            site.migrate("core", "zero", "-v0")
            left = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            assert connection.execute(left).fetchall() == []


def test_existing_tables_keep_their_schema() -> None:
    field = status_field(Booking)
    assert isinstance(field, StatusField)
    assert not Booking._meta.constraints
    assert field.deconstruct()[1] == "django.db.models.CharField"
    assert status_field(BookingOverview).enum is Booking.Status
    assert not BookingOverview._meta.constraints
    assert status_field(LoyaltyPoints, "tier").enum is LoyaltyPoints.Tier


def test_a_wrong_declaration_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"bookings\.Booking\.currency is not a StatusField"):
        status_field(Booking, "currency")
    with pytest.raises(ValueError, match="list the statuses gone"):
        TransitionConstraint(field="status", transitions={"open": ["gone"]}, name="orders_transition")


def test_a_name_that_postgresql_would_cut_off_is_reported(site: Site) -> None:
    found = site.python(
        SETUP
        + """
class Long(models.Model):
    status = StatusField(Order.Kind)
    class Meta:
        app_label, db_table = "shop", "t" * 60
print(json.dumps([error.id for error in Long._meta.get_field("status").check()]))
"""
    )
    assert found == ["core.E001"]
