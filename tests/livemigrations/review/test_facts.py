"""What is known of a table before anything runs."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from livemigrations.engine.steps import Lane, Mode, Step
from livemigrations.engine.surroundings import Surroundings
from livemigrations.review.facts import Facts
from livemigrations.review.planned import TableFacts


def facts_of(connection: BaseDatabaseWrapper, table: str) -> TableFacts:
    step = Step("a step", Lane.INSTANT, ("SELECT 1",), locks={table: Mode.ACCESS_EXCLUSIVE})
    [found] = Facts(connection, Surroundings(connection)).tables(step)
    return found


def test_a_partitioned_table_has_what_its_partitions_have(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE visit (id int PRIMARY KEY) PARTITION BY RANGE (id);"
            "CREATE TABLE visit_low PARTITION OF visit FOR VALUES FROM (0) TO (60);"
            "CREATE TABLE visit_high PARTITION OF visit FOR VALUES FROM (60) TO (200);"
            "INSERT INTO visit SELECT generate_series(1, 100); ANALYZE visit_low, visit_high"
        )
        alone = facts_of(connection, "visit")
        cursor.execute("ANALYZE visit")  # from now on the parent has a count of its own
    assert (alone.state, alone.rows) == ("populated", 100)
    parts = [facts_of(connection, f"visit_{end}") for end in ("low", "high")]
    assert facts_of(connection, "visit") == alone
    assert alone.size == sum(part.size for part in parts)
    assert alone.index_size == sum(part.index_size for part in parts) > 0
