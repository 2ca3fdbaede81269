"""What a statement is taken for, and the names that PostgreSQL gives."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livemigrations.statements.constraints import constraint_name, index_name
from livemigrations.statements.names import Name, default_name, identifier, parse_name
from livemigrations.statements.parse import Kind, Statement, parse
from tests.support.database import Database

LONG = "a" * 63


def only(sql: str) -> Statement:
    (found,) = parse(sql)
    return found


@pytest.mark.parametrize(
    ("sql", "kind", "table", "name"),
    [
        ("CREATE TABLE t (id int)", Kind.CREATE_TABLE, "t", ""),
        ("create unlogged table if not exists T (id int)", Kind.CREATE_TABLE, "t", ""),
        ('CREATE TABLE "S"."T t" (id int)', Kind.CREATE_TABLE, "S.T t", ""),
        ("CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)", Kind.CREATE_TABLE, "p1", ""),
        ("DROP TABLE IF EXISTS t CASCADE", Kind.DROP_TABLE, "t", ""),
        ("ALTER TABLE t * ADD COLUMN u uuid", Kind.ADD_COLUMN, "t", "u"),
        ("ALTER TABLE t * ALTER COLUMN a TYPE bigint", Kind.ALTER_TYPE, "t", "a"),
        ('ALTER TABLE U&"d\\0061t\\+000061" ADD U&"b!0062" UESCAPE \'!\' int', Kind.ADD_COLUMN, "data", "bb"),
        ("ALTER TABLE s.T SET SCHEMA U", Kind.SET_SCHEMA, "s.t", "u"),
        ("ALTER FOREIGN TABLE t ADD c int", Kind.ADD_COLUMN, "t", "c"),
        ("ALTER TABLE t RENAME TO u", Kind.RENAME_TABLE, "t", "u"),
        ("ALTER TABLE t RENAME COLUMN a TO b", Kind.RENAME_COLUMN, "t", "a"),
        ("ALTER TABLE t RENAME a TO b", Kind.RENAME_COLUMN, "t", "a"),
        ("ALTER TABLE t RENAME CONSTRAINT a TO b", Kind.RENAME_CONSTRAINT, "t", "a"),
        ('ALTER TABLE ONLY "a.b" ADD COLUMN "C d" int NOT NULL', Kind.ADD_COLUMN, "a.b", "C d"),
        ("ALTER TABLE t ADD c int", Kind.ADD_COLUMN, "t", "c"),
        ("ALTER TABLE t ADD COLUMN IF NOT EXISTS c int", Kind.ADD_COLUMN, "t", "c"),
        ("ALTER TABLE t DROP COLUMN IF EXISTS c CASCADE", Kind.DROP_COLUMN, "t", "c"),
        ("ALTER TABLE t DROP c", Kind.DROP_COLUMN, "t", "c"),
        ("ALTER TABLE t ALTER COLUMN c TYPE numeric(10, 2) USING c::numeric", Kind.ALTER_TYPE, "t", "c"),
        ("ALTER TABLE t ALTER c SET DATA TYPE text", Kind.ALTER_TYPE, "t", "c"),
        ("ALTER TABLE t ALTER COLUMN c SET NOT NULL", Kind.SET_NOT_NULL, "t", "c"),
        ("ALTER TABLE t ALTER COLUMN c DROP NOT NULL", Kind.ALTER_TABLE, "t", "c"),
        ("ALTER TABLE t ALTER COLUMN c SET DEFAULT 'a,b'", Kind.ALTER_TABLE, "t", "c"),
        ('ALTER TABLE t ADD CONSTRAINT "N" CHECK (a > 0)', Kind.ADD_CONSTRAINT, "t", "N"),
        ("ALTER TABLE t ALTER COLUMN c SET DEFAULT ARRAY['a', 'b']", Kind.ALTER_TABLE, "t", "c"),
        ("ALTER TABLE t ADD UNIQUE (a)", Kind.ADD_CONSTRAINT, "t", "t_a_key"),
        ("ALTER TABLE t ADD UNIQUE (a) USING INDEX TABLESPACE x", Kind.ADD_CONSTRAINT, "t", "t_a_key"),
        ('ALTER TABLE t ADD UNIQUE USING INDEX "I" DEFERRABLE', Kind.ADD_CONSTRAINT, "t", "I"),
        ("ALTER TABLE t ADD PRIMARY KEY USING INDEX i", Kind.ADD_CONSTRAINT, "t", "i"),
        ('ALTER TABLE t ADD NOT NULL "A"', Kind.ADD_CONSTRAINT, "t", "t_A_not_null"),
        ('ALTER TABLE t ADD "not" int', Kind.ADD_COLUMN, "t", "not"),
        ("ALTER TABLE t ALTER c SET EXPRESSION AS (a + 1)", Kind.REWRITE, "t", "c"),
        ("ALTER TABLE t VALIDATE CONSTRAINT n", Kind.VALIDATE, "t", "n"),
        ("ALTER TABLE t DROP CONSTRAINT IF EXISTS n", Kind.DROP_CONSTRAINT, "t", "n"),
        ("ALTER TABLE t SET UNLOGGED", Kind.REWRITE, "t", "UNLOGGED"),
        ("ALTER TABLE t SET TABLESPACE x", Kind.REWRITE, "t", "TABLESPACE"),
        ("ALTER TABLE t SET (fillfactor = 70)", Kind.ALTER_TABLE, "t", ""),
        ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", Kind.ALTER_TABLE, "t", ""),
        ("ALTER TABLE t DETACH PARTITION p", Kind.ALTER_TABLE, "t", ""),
        ("ALTER TABLE t DETACH PARTITION s.p CONCURRENTLY", Kind.UNTRANSACTIONAL, "t", ""),
        ("CREATE INDEX i ON t (a)", Kind.CREATE_INDEX, "t", "i"),
        ("CREATE INDEX ON t (a, lower(b))", Kind.CREATE_INDEX, "t", "t_a_lower_idx"),
        ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY s.t USING btree (a)", Kind.CREATE_INDEX, "s.t", "i"),
        ("DROP INDEX CONCURRENTLY IF EXISTS s.i", Kind.DROP_INDEX, "s.i", "i"),
        ("CREATE TRIGGER g BEFORE UPDATE OF a ON t EXECUTE FUNCTION f()", Kind.TRIGGER, "t", "g"),
        ("CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()", Kind.TRIGGER, "t", "g"),
        ("DROP TRIGGER IF EXISTS g ON s.t", Kind.DROP_TRIGGER, "s.t", "g"),
        (f'CREATE INDEX "{LONG}" ON "{LONG}" (a)', Kind.CREATE_INDEX, LONG, LONG),
    ],
)
def test_statements_about_a_table(sql: str, kind: Kind, table: str, name: str) -> None:
    found = only(sql)
    assert found.table is not None
    assert (found.kind, found.table.plain, found.name) == (kind, table, name)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("COMMENT ON TABLE t IS 'DROP TABLE t'", Kind.COMMENT),
        ("SET CONSTRAINTS ALL IMMEDIATE", Kind.SET_CONSTRAINTS),
        ("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", Kind.ROWS),
        ("select 1", Kind.ROWS),
        ("DO $$ BEGIN EXECUTE 'CREATE INDEX i ON t (a)'; END $$", Kind.ROWS),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'CREATE TABLE t ()'", Kind.OBJECT),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", Kind.OBJECT),
        ("CREATE TYPE c AS ENUM ('a')", Kind.OBJECT),
        ("ALTER TYPE c ADD VALUE 'b'", Kind.UNTRANSACTIONAL),
        ("VACUUM t", Kind.UNTRANSACTIONAL),
        ("VACUUM (FULL false) t", Kind.UNTRANSACTIONAL),
        ("VACUUM FULL t", Kind.REBUILD),
        ("VACUUM (VERBOSE, FULL)", Kind.REBUILD),
        ("CLUSTER t USING i", Kind.REBUILD),
        ("REINDEX TABLE t", Kind.REBUILD),
        ("REINDEX (CONCURRENTLY off) INDEX i", Kind.REBUILD),
        ("REINDEX (CONCURRENTLY) INDEX i", Kind.UNTRANSACTIONAL),
        ("ANALYZE t", Kind.OBJECT),
        ("SAVEPOINT s", Kind.SAVEPOINT),
        ("ROLLBACK TO SAVEPOINT s", Kind.SAVEPOINT),
        ("ROLLBACK", Kind.UNTRANSACTIONAL),
        ("ALTER TYPE c RENAME VALUE 'a' TO 'b'", Kind.OBJECT),
        ("ALTER VIEW v ALTER COLUMN a SET DEFAULT 1", Kind.OBJECT),
        ("ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b", Kind.UNKNOWN),
        ("ALTER TABLE t MERGE PARTITIONS (a, b) INTO c", Kind.UNKNOWN),
        ("ALTER TABLE t ALTER CONSTRAINT c ENFORCED", Kind.UNKNOWN),
        ("\\d t", Kind.UNKNOWN),
        ("UPDATE t SET a = %s", Kind.UNKNOWN),
        ("DROP TABLE\0 t", Kind.UNKNOWN),
        ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", Kind.UNTRANSACTIONAL),
        ("ALTER TABLE t DETACH PARTITION p", Kind.ALTER_TABLE),
        ("ALTER SYSTEM SET work_mem = 5", Kind.UNTRANSACTIONAL),
        ("DROP TABLESPACE IF EXISTS s", Kind.UNTRANSACTIONAL),
        ("CREATE DATABASE d", Kind.UNTRANSACTIONAL),
        ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p", Kind.UNTRANSACTIONAL),
        ("DROP SUBSCRIPTION IF EXISTS s", Kind.UNTRANSACTIONAL),
        ("DROP TABLESPACE t", Kind.UNTRANSACTIONAL),
        ("ALTER SYSTEM SET work_mem = '8MB'", Kind.UNTRANSACTIONAL),
        ("ALTER SEQUENCE IF EXISTS s AS bigint", Kind.OBJECT),
        ("ALTER INDEX i RENAME TO j", Kind.RENAME_INDEX),
        ("GRANT SELECT ON t TO r", Kind.OBJECT),
    ],
)
def test_other_statements(sql: str, kind: Kind) -> None:
    assert only(sql).kind == kind


def test_actions_of_one_alter_table() -> None:
    sql = "ALTER TABLE IF EXISTS t ADD COLUMN a numeric(5, 2) DEFAULT f(1, 2), DROP COLUMN b, ADD CHECK (a IN (1, 2))"
    found = list(parse(sql))
    assert [one.kind for one in found] == [Kind.ADD_COLUMN, Kind.DROP_COLUMN, Kind.ADD_CONSTRAINT]
    assert found[0].sql == 'ALTER TABLE IF EXISTS "t" ADD COLUMN a numeric(5, 2) DEFAULT f(1, 2)'
    assert found[2].name == "t_a_check"


def test_only_the_table_itself_stays_only_the_table_itself() -> None:
    found = list(parse("ALTER TABLE IF EXISTS ONLY t ALTER a SET DEFAULT 5, ADD CHECK (a > 0) NO INHERIT"))
    assert [one.sql for one in found] == [
        'ALTER TABLE IF EXISTS ONLY "t" ALTER a SET DEFAULT 5',
        'ALTER TABLE IF EXISTS ONLY "t" ADD CONSTRAINT "t_a_check" CHECK (a > 0) NO INHERIT',
    ]
    assert only("CREATE INDEX i ON ONLY t (a)").only
    assert not only("CREATE INDEX i ON t (a)").only


@pytest.mark.parametrize(
    ("sql", "tail"),
    [("DROP TABLE water_cascade", ""), ('DROP TABLE a, "b" cascade', "CASCADE"), ("DROP TABLE a RESTRICT", "")],
)
def test_cascade_is_a_word_of_its_own(sql: str, tail: str) -> None:
    assert only(sql).body == tail


def test_several_indexes_are_dropped_one_by_one() -> None:
    found = list(parse('DROP INDEX IF EXISTS a, s."B" CASCADE'))
    assert [one.sql for one in found] == ['DROP INDEX IF EXISTS "a" CASCADE', 'DROP INDEX IF EXISTS "s"."B" CASCADE']


def test_tables_that_go_together_stay_one_statement() -> None:
    found = only("DROP TABLE parent, s.child")
    assert found.table == Name("", "parent")
    assert found.references == (Name("s", "child"),)


def test_references_and_partitions() -> None:
    found = only('CREATE TABLE t (a int REFERENCES "U" (id), FOREIGN KEY (a) REFERENCES s.v (id) ON DELETE SET NULL)')
    assert found.references == (Name("", "U"), Name("s", "v"))
    assert only("CREATE TABLE t PARTITION OF s.p DEFAULT").references == (Name("s", "p"),)


@pytest.mark.parametrize(
    "sql",
    ["ALTER TABLE IF EXISTS t ADD c int", "CREATE TABLE IF NOT EXISTS t ()", "CREATE INDEX IF NOT EXISTS i ON t (a)"],
)
def test_guards(sql: str) -> None:
    assert only(sql).guarded is ("NOT EXISTS" in sql)


@given(st.text(min_size=1, max_size=20).filter(lambda text: "\0" not in text), st.text(max_size=9))
def test_a_name_survives_its_quoting(name: str, schema: str) -> None:
    schema = schema.replace("\0", "")
    assert parse_name(str(Name(schema, name))) == Name(schema, name)
    assert only(f"DROP TABLE {identifier(name)}").table == Name("", name)


NAMES = ["t", "tables_with_a_name", "t" * 60, "é" * 31, "x" * 63]
COLUMNS = ["a", "column_with_a_long_name_of_forty_letters", "ö" * 30]


@pytest.mark.slow
def test_the_default_names_are_those_of_postgresql(database: Database) -> None:
    bodies = [
        "UNIQUE ({a})",
        "UNIQUE ({a}, {b})",
        "UNIQUE NULLS NOT DISTINCT ({a}) INCLUDE ({b})",
        "PRIMARY KEY ({a}, {b})",
        "CHECK ({a} > 0)",
        "CHECK ({a} IS NOT NULL AND coalesce({a}, 1)::double precision > 0)",
        "CHECK ({a} > {b} OR {a} IN (1, 2))",
        "CHECK (1 < 2)",
        "FOREIGN KEY ({a}) REFERENCES other (id) ON DELETE SET NULL",
        "FOREIGN KEY ({a}, {b}) REFERENCES other (id, id2)",
        "EXCLUDE USING btree ({a} WITH =)",
    ]
    with database.connect() as connection:
        connection.execute("CREATE TABLE other (id int PRIMARY KEY, id2 int, UNIQUE (id, id2))")
        for table in NAMES:
            for first in COLUMNS:
                for body in bodies:
                    text = body.format(a=identifier(first), b='"other b"')
                    assert constraint_name(table, text) == _given(connection, table, first, text), (table, text)


def _given(connection: psycopg.Connection, table: str, column: str, body: str) -> str:
    with connection.transaction(force_rollback=True):
        name = identifier(table)
        connection.execute(f'CREATE TABLE {name} ({identifier(column)} int, "other b" int)')
        connection.execute(f"ALTER TABLE {name} ADD {body}")
        query = "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype <> 'n'"
        found = connection.execute(query, [name]).fetchone()
        assert found is not None
        return str(found[0])


@pytest.mark.parametrize(
    "body", ["(a)", "USING hash (a)", "(a, lower(b), (c + 1)) WHERE a > 0", "(a DESC) INCLUDE (b, c)"]
)
def test_the_default_names_of_indexes(database: Database, body: str) -> None:
    with database.connect() as connection:
        connection.execute("CREATE TABLE t (a int, b text, c int)")
        connection.execute(f"CREATE INDEX ON t {body}")
        found = connection.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 't'::regclass")
        assert found.fetchone() == (index_name("t", body),)


def test_a_name_is_clipped_between_letters() -> None:
    assert default_name("é" * 31, "a" * 40, "key").encode() == f"{'é' * 14}_{'a' * 29}_key".encode()
