"""Which operations must share a transaction: one removes what a later one restores."""

from __future__ import annotations

import pytest

from livemigrations.engine.straddling import groups_of, total
from livemigrations.statements.parse import parse

NOTHING = "ALTER TABLE t ADD COLUMN extra int"


def ranges(*operations: str) -> list[tuple[int, int]]:
    return [(group.first, group.last) for group in groups_of([total(parse(one)) for one in operations])]


@pytest.mark.parametrize(
    ("removes", "restores"),
    [
        ("DROP TRIGGER a ON t", "CREATE TRIGGER a AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()"),
        ("ALTER TABLE t DISABLE TRIGGER USER", "ALTER TABLE t ENABLE TRIGGER USER"),
        ("ALTER TABLE t DISABLE TRIGGER a", "ALTER TABLE t ENABLE TRIGGER ALL"),
        ("DROP POLICY a ON t", "CREATE POLICY a ON t USING (true)"),
        ("ALTER TABLE t DISABLE ROW LEVEL SECURITY", "ALTER TABLE t ENABLE ROW LEVEL SECURITY"),
        ("DROP RULE a ON t", "CREATE RULE a AS ON DELETE TO t DO INSTEAD NOTHING"),
        ("DROP VIEW v", "CREATE VIEW v AS SELECT 1"),
        ("DROP VIEW v", "CREATE TABLE v (id int)"),
        ("ALTER TABLE t DROP CONSTRAINT a", "ALTER TABLE t ADD CONSTRAINT a CHECK (n > 1)"),
        ("REVOKE SELECT ON t FROM r", "GRANT SELECT ON t TO r"),
        ("ALTER TABLE t ALTER n DROP DEFAULT", "ALTER TABLE t ALTER n SET DEFAULT 2"),
        ("ALTER TABLE t RENAME TO old", "ALTER TABLE fresh RENAME TO t"),
        ("ALTER TABLE t RENAME COLUMN a TO tmp", "ALTER TABLE t RENAME COLUMN b TO a"),
        ("GRANT SELECT ON t TO r", "REVOKE SELECT ON t FROM r"),
    ],
)
def test_what_is_removed_and_restored_belongs_together(removes: str, restores: str) -> None:
    assert ranges(removes, NOTHING, restores) == [(0, 2)]
    assert ranges(removes, NOTHING) == []
    assert ranges(f"{removes}; {restores}", NOTHING) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("DROP INDEX a", "CREATE INDEX a ON t (n)"),
        ("ALTER TABLE t DROP CONSTRAINT a", "ALTER TABLE t ADD CONSTRAINT b CHECK (n > 1)"),
        ("DROP TRIGGER a ON t", "CREATE TRIGGER a AFTER UPDATE ON u FOR EACH ROW EXECUTE FUNCTION f()"),
        ("COMMENT ON TABLE t IS 'a'", "COMMENT ON TABLE t IS 'b'"),
    ],
)
def test_the_rest_may_be_apart(first: str, second: str) -> None:
    assert ranges(first, second) == []


def test_overlapping_groups_become_one() -> None:
    operations = (
        "DROP TRIGGER a ON t",
        "DROP VIEW v",
        "CREATE TRIGGER a AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE VIEW v AS SELECT 1",
        NOTHING,
    )
    assert ranges(*operations) == [(0, 3)]
