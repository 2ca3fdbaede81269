"""The legacy database of the tests: loaded from SQL, and told apart from what migrations add."""

from __future__ import annotations

from tests.support.database import ROOT, Database

DATA = ROOT / "tests" / "data"
TABLES = ("customers", "bookings", "payments", "payment_methods", "alembic_version")
BOOKINGS = 3000


def load(database: Database, *, bookings: int = BOOKINGS, deposits: bool = False) -> Database:
    """Make the database what an installation before Sprint 1 has; ``deposits``: with its optional table."""
    files = ["legacy_schema.sql", "legacy_data.sql", *(["legacy_deposits.sql"] if deposits else [])]
    database.psql(f"\\set bookings {bookings}\n" + "\n".join((DATA / name).read_text() for name in files))
    return database


def checksums(database: Database, *, deposits: bool = False) -> dict[str, str]:
    """Table → checksum over the columns that the legacy schema has, in the order of the primary key."""
    found = {}
    with database.connect() as connection:
        for table in [*TABLES, *(["deposits"] if deposits else [])]:
            columns = _columns(table)
            row = connection.execute(
                f"SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(ROW({columns})::text), '' ORDER BY t)), '')"
                f" FROM (SELECT {columns} FROM {table} ORDER BY 1) t"
            ).fetchone()
            assert row is not None
            found[table] = str(row[0])
    return found


def _columns(table: str) -> str:
    """The columns of a table as the legacy SQL spells them."""
    text = (DATA / "legacy_schema.sql").read_text() + (DATA / "legacy_deposits.sql").read_text()
    head = f"CREATE TABLE {table} ("
    body = text[text.index(head) + len(head) :]
    if ";" in body.splitlines()[0]:
        return body.split()[0]
    lines = body[: body.index("\n);")].splitlines()
    return ", ".join(line.split()[0] for line in lines if line.strip())
