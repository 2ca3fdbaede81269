"""SQL of one's own on tables in use does what it says, to the letter of the catalog."""

from __future__ import annotations

import pytest

from tests.livemigrations.site import Site
from tests.support.catalogs import catalog, differences

TABLES = """
CREATE TABLE log (id bigint, n int) PARTITION BY RANGE (id);
CREATE TABLE log_0 PARTITION OF log FOR VALUES FROM (0) TO (1000);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (1000) TO (2000);
INSERT INTO log SELECT g, g FROM generate_series(1, 1999) g;
CREATE TABLE parent (id int, n int);
CREATE TABLE child () INHERITS (parent);
INSERT INTO child SELECT g, g FROM generate_series(1, 99) g;
CREATE UNIQUE INDEX by_id ON parent (id);
CREATE TABLE water_cascade (id int PRIMARY KEY);
INSERT INTO water_cascade VALUES (1);
"""
CHANGES = """
ALTER TABLE ONLY parent ALTER COLUMN n SET DEFAULT 5;
ALTER TABLE parent ADD COLUMN tags text[] DEFAULT ARRAY['a', 'b'] NOT NULL, ADD UNIQUE USING INDEX by_id;
CREATE INDEX log_n ON ONLY log (n);
CREATE INDEX log_0_by_n ON log_0 (n);
ALTER INDEX log_n ATTACH PARTITION log_0_by_n;
CREATE INDEX log_1_by_n ON log_1 (n);
ALTER INDEX log_n ATTACH PARTITION log_1_by_n;
"""
LEFT_BY_CONCURRENTLY = "ALTER TABLE log_1 ADD CHECK (id IS NOT NULL AND id >= '1000'::bigint AND id < '2000'::bigint)"


@pytest.mark.slow
def test_every_word_counts(site: Site) -> None:
    """ONLY, arrays, an index that becomes a constraint, the way to a partitioned index that PostgreSQL's manual shows."""
    detach = "ALTER TABLE log DETACH PARTITION log_1"
    site.shop(
        "\n".join(f"migrations.RunSQL({statement!r})," for statement in CHANGES.strip().splitlines()),
        f"migrations.RunSQL({detach + ' CONCURRENTLY'!r}),",
        m0002="atomic = False",
    )
    with site.database.connect() as connection:
        connection.execute(TABLES)
        with connection.transaction(force_rollback=True):
            connection.execute(f"{CHANGES}{detach}")
            connection.execute(LEFT_BY_CONCURRENTLY)
            plain = catalog(connection)
        site.migrate("-v0")
        assert differences(plain, catalog(connection)) == []
    assert [step["transactional"] for step in site.steps("0002")] == [False]


@pytest.mark.slow
def test_a_table_whose_name_ends_in_cascade_takes_nothing_with_it(site: Site) -> None:
    site.shop("migrations.RunSQL('DROP TABLE water_cascade'),")
    with site.database.connect() as connection:
        connection.execute(f"{TABLES}CREATE VIEW water AS SELECT * FROM water_cascade")
        assert "because other objects depend on it" in site.refused()
        assert connection.execute("SELECT count(*) FROM water").fetchone() == (1,)
