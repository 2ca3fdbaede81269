"""The things that statements remove and make."""

from __future__ import annotations

import pytest

from livemigrations.statements.changes import Changes, Thing, changes_of, is_additive, restored
from livemigrations.statements.names import Name
from livemigrations.statements.parse import parse


def told(script: str) -> tuple[set[str], set[str]]:
    """The things that a script removes and makes, as words."""
    found = [changes_of(statement) for statement in parse(script)]
    assert all(one.known for one in found)
    return _words(found, "removed"), _words(found, "made")


def _words(found: list[Changes], which: str) -> set[str]:
    things = [thing for one in found for thing in getattr(one, which)]
    return {" ".join(part for part in (t.kind, t.relation.plain if t.relation else "", t.name) if part) for t in things}


@pytest.mark.parametrize(
    ("sql", "removed", "made"),
    [
        ("CREATE TABLE s.t (id int)", set(), {"table s.t"}),
        ("DROP TABLE t, s.u CASCADE", {"table t", "table s.u"}, set()),
        ("ALTER TABLE s.t RENAME TO u", {"table s.t"}, {"table s.u"}),
        ("ALTER TABLE t SET SCHEMA s", {"table t"}, {"table s.t"}),
        ("ALTER TABLE t RENAME a TO b", {"column t a"}, {"column t b"}),
        ("ALTER TABLE t RENAME CONSTRAINT a TO b", {"constraint t a"}, {"constraint t b"}),
        ("ALTER INDEX s.i RENAME TO j", {"index s.i"}, {"index s.j"}),
        ("ALTER TABLE t DROP COLUMN c CASCADE", {"column t c"}, set()),
        (
            "ALTER TABLE t ADD c int NOT NULL DEFAULT 1 CHECK (c > 0)",
            set(),
            {"column t c", "constraint t t_c_check", "default t c", "not null t c"},
        ),
        ("ALTER TABLE t ADD CONSTRAINT n UNIQUE (a), DROP CONSTRAINT m", {"constraint t m"}, {"constraint t n"}),
        ("ALTER TABLE t ALTER c SET NOT NULL", set(), {"not null t c"}),
        ("ALTER TABLE t ALTER c DROP NOT NULL", {"not null t c"}, set()),
        ("ALTER TABLE t ALTER c SET DEFAULT 1", set(), {"default t c"}),
        ("ALTER TABLE t ALTER c DROP DEFAULT", {"default t c"}, set()),
        ("ALTER TABLE t DISABLE TRIGGER USER", {"trigger enabled t *"}, set()),
        ("ALTER TABLE t ENABLE TRIGGER ALL", set(), {"trigger enabled t *"}),
        ("ALTER TABLE t DISABLE TRIGGER g", {"trigger enabled t g"}, set()),
        ("ALTER TABLE t ENABLE ALWAYS TRIGGER g", set(), {"trigger enabled t g"}),
        ("ALTER TABLE t DISABLE ROW LEVEL SECURITY", {"row security t"}, set()),
        ("ALTER TABLE t FORCE ROW LEVEL SECURITY", set(), {"row security t force"}),
        ("ALTER TABLE t NO FORCE ROW LEVEL SECURITY", {"row security t force"}, set()),
        ("ALTER TABLE t DISABLE RULE r", {"rule enabled t r"}, set()),
        ("ALTER TABLE t OWNER TO r", {"owner t"}, {"owner t"}),
        ("ALTER TABLE t SET (fillfactor = 70)", set(), {"setting t fillfactor"}),
        ("ALTER TABLE t DETACH PARTITION p", {"setting t rows of p"}, set()),
        ("CREATE INDEX ON s.t (a)", set(), {"index s.t_a_idx"}),
        ("DROP INDEX s.i", {"index s.i"}, set()),
        ("CREATE TRIGGER g BEFORE UPDATE ON t EXECUTE FUNCTION f()", set(), {"trigger t g"}),
        ("DROP TRIGGER g ON s.t", {"trigger s.t g"}, set()),
        ("ALTER TRIGGER g ON t RENAME TO h", {"trigger t g"}, {"trigger t h"}),
        ("CREATE POLICY p ON s.t", set(), {"policy s.t p"}),
        ("DROP POLICY p ON s.t", {"policy s.t p"}, set()),
        ("ALTER POLICY p ON t USING (true)", {"policy t p"}, {"policy t p"}),
        ("CREATE RULE r AS ON INSERT TO t DO NOTHING", set(), {"rule t r"}),
        ("DROP RULE r ON t", {"rule t r"}, set()),
        ("CREATE OR REPLACE VIEW s.v AS SELECT 1", set(), {"view s.v"}),
        ("DROP MATERIALIZED VIEW v, w", {"view v", "view w"}, set()),
        ("CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'", set(), {"function s.f"}),
        ("DROP FUNCTION s.f(int)", {"function s.f"}, set()),
        ("DROP TYPE t, s.u", {"type t", "type s.u"}, set()),
        ("CREATE TYPE s.t AS ENUM ('a')", set(), {"type s.t"}),
        ("CREATE DOMAIN d AS int", set(), {"type d"}),
        ("ALTER SCHEMA a RENAME TO b", {"schema a"}, {"schema b"}),
        ("DROP SCHEMA a", {"schema a"}, set()),
        ("GRANT SELECT, INSERT ON t TO r, PUBLIC", set(), {"privilege t r", "privilege t rolespec_public"}),
        ("REVOKE ALL ON s.t FROM r", {"privilege s.t r"}, set()),
        ("REVOKE SELECT ON ALL TABLES IN SCHEMA s FROM r", {"privilege s.* r"}, set()),
        ("COMMENT ON TABLE t IS 'x'", set(), {"comment t table"}),
        ("COMMENT ON COLUMN s.t.c IS NULL", {"comment s.t column c"}, set()),
        ("SET LOCAL search_path = s", set(), {"setting search_path"}),
        ("RESET role", {"setting role"}, set()),
        ("UPDATE t SET a = 1", set(), set()),
        ("SELECT 1", set(), set()),
    ],
)
def test_things(sql: str, removed: set[str], made: set[str]) -> None:
    assert told(sql) == (removed, made)


@pytest.mark.parametrize(
    "sql",
    ["DO $$ BEGIN END $$", "CALL p()", "SELECT set_config('a.b', 'c', true)", "ALTER TABLE t MERGE PARTITIONS (a)"],
)
def test_what_could_do_anything(sql: str) -> None:
    [statement] = parse(sql)
    assert not changes_of(statement).known
    assert not is_additive(statement)


@pytest.mark.parametrize(
    ("removing", "making", "again"),
    [
        ("DROP TRIGGER g ON t", "CREATE TRIGGER g BEFORE UPDATE ON s.t EXECUTE FUNCTION f()", True),
        ("DROP TRIGGER g ON t", "CREATE TRIGGER h BEFORE UPDATE ON t EXECUTE FUNCTION f()", False),
        ("DROP TRIGGER g ON s.t", "CREATE TRIGGER g BEFORE UPDATE ON u.t EXECUTE FUNCTION f()", False),
        ("ALTER TABLE t RENAME TO old", "CREATE TABLE t (id int)", True),
        ("DROP VIEW v", "CREATE TABLE v (id int)", True),
        ("ALTER TABLE t DISABLE TRIGGER g", "ALTER TABLE t ENABLE TRIGGER ALL", True),
        ("ALTER TABLE t DISABLE TRIGGER USER", "ALTER TABLE t ENABLE TRIGGER g", True),
        ("ALTER TABLE t DROP COLUMN a", "ALTER TABLE t ADD COLUMN b int", False),
    ],
)
def test_restored(removing: str, making: str, again: bool) -> None:
    [before], [after] = parse(removing), parse(making)
    assert bool(restored(changes_of(before).removed, changes_of(after).made)) is again


def test_things_of_the_session_are_none_of_a_table() -> None:
    assert not Thing("setting", None, "a").is_same(Thing("setting", Name("", "t"), "a"))


@pytest.mark.parametrize(
    ("sql", "additive"),
    [
        ("ALTER TABLE t ADD COLUMN c int", True),
        ("ALTER TABLE t ADD CHECK (a > 0)", True),
        ("ALTER TABLE t VALIDATE CONSTRAINT c", True),
        ("ALTER TABLE t ALTER c SET NOT NULL", True),
        ("CREATE INDEX i ON t (a)", True),
        ("CREATE TABLE u (id int)", True),
        ("COMMENT ON TABLE t IS 'x'", True),
        ("CREATE VIEW v AS SELECT 1", True),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", False),
        ("CREATE TEMP TABLE u (id int)", False),
        ("CREATE TEMP TABLE u AS SELECT 1", False),
        ("ALTER TABLE t ALTER c SET DEFAULT 1", False),
        ("ALTER TABLE t RENAME a TO b", False),
        ("ALTER TABLE t DROP COLUMN c", False),
        ("ALTER TABLE t ALTER c TYPE bigint", False),
        ("UPDATE t SET a = 1", False),
        ("CREATE TRIGGER g BEFORE UPDATE ON t EXECUTE FUNCTION f()", False),
        ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", False),
        ("REFRESH MATERIALIZED VIEW v", False),
    ],
)
def test_additive(sql: str, additive: bool) -> None:
    [statement] = parse(sql)
    assert is_additive(statement) is additive
