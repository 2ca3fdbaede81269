"""What the rules believe of PostgreSQL: which statements look at every row."""

from __future__ import annotations

import pytest

from tests.support.database import Database

TABLES = """
    CREATE TABLE target (id int PRIMARY KEY);
    CREATE TABLE t (a int, b text);
    INSERT INTO target SELECT g FROM generate_series(1, 50) g;
    INSERT INTO t SELECT g, g FROM generate_series(1, 50) g;
"""
SCANS = "SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_xact_user_tables WHERE relname = 't'"


@pytest.mark.postgres_matrix
@pytest.mark.parametrize(
    ("statement", "looks"),
    [
        ("ALTER TABLE t ADD COLUMN x int REFERENCES target", False),  # LM103 lets it pass
        ("ALTER TABLE t ADD COLUMN x int DEFAULT 1 REFERENCES target", True),
        ("ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES target", True),
        ("ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES target NOT VALID", False),
        ("ALTER TABLE t ADD COLUMN x int CHECK (x > 0)", True),  # LM104
        ("ALTER TABLE t ADD CHECK (a > 0) NOT VALID", False),
        ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", True),  # LM106
        ("ALTER TABLE t ADD COLUMN x int DEFAULT 1", False),
        ("ALTER TABLE t ADD COLUMN x float DEFAULT random()", True),  # LM001
        ("ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS (a + 1) STORED", True),  # LM002
        ("ALTER TABLE t ADD COLUMN x serial", True),  # LM003
        ("CREATE INDEX i ON t (a)", True),  # LM101
    ],
)
def test_which_statements_look_at_every_row(any_database: Database, statement: str, looks: bool) -> None:
    with any_database.connect(autocommit=False) as connection:
        connection.execute(TABLES)
        connection.commit()
        before = connection.execute(SCANS).fetchone()
        connection.execute(statement)
        after = connection.execute(SCANS).fetchone()
        connection.rollback()
    assert (after != before) is looks
