"""What a rehearsal takes over from the database: which tables have rows, how many about, how large they are."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.engine.rehearsal import observe
from livemigrations.statements.names import Name


def test_observed(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            'CREATE SCHEMA "Odd ""Na me"; CREATE TABLE "Odd ""Na me"."Person" (id int); CREATE TABLE place (id int);'
            "INSERT INTO place SELECT generate_series(1, 200); CREATE TABLE visit (id int) PARTITION BY RANGE (id);"
            "CREATE TABLE visit_low PARTITION OF visit FOR VALUES FROM (0) TO (60);"
            "CREATE TABLE visit_high PARTITION OF visit FOR VALUES FROM (60) TO (200);"
            "INSERT INTO visit SELECT generate_series(1, 100); ANALYZE place, visit"
        )
    found = observe(connection)
    assert found.keys() >= {Name("public", name) for name in ("place", "visit", "visit_low", "visit_high")}
    place, visit, empty = (
        found[Name("public", "place")],
        found[Name("public", "visit")],
        found[Name('Odd "Na me', "Person")],
    )
    assert (place.populated, place.rows) == (True, 200)
    assert place.size >= 8192
    assert (visit.populated, visit.rows) == (True, 100)
    assert visit.size == sum(found[Name("public", f"visit_{end}")].size for end in ("low", "high"))
    assert (empty.populated, empty.rows, empty.size) == (False, 0, 0)
