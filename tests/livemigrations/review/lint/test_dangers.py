"""Dangerous migrations as people write them: each is found, by the rule that is about it; everyday ones are let pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from livemigrations.review.lint import RULES, Engine, Finding
from tests.livemigrations.review.lint.shelf import Shelf

# Statements for either engine, by the rule that finds them; T is the table of things, P that of parts.
DANGERS = {
    "LM001": """
        ALTER TABLE T ADD COLUMN x uuid DEFAULT gen_random_uuid()
        alter table T add x timestamptz default clock_timestamp() not null
        ALTER TABLE ONLY public."T" ADD x float DEFAULT (random() * 5)
    """,
    "LM002": "ALTER TABLE T ADD COLUMN x int GENERATED ALWAYS AS (n * 2) STORED",
    "LM003": """
        ALTER TABLE "T" ADD COLUMN x bigserial
        ALTER TABLE public.T ADD x serial
        ALTER TABLE T ADD COLUMN x int GENERATED ALWAYS AS IDENTITY
    """,
    "LM004": """
        ALTER TABLE T ALTER COLUMN n TYPE bigint
        ALTER TABLE ONLY T ALTER n SET DATA TYPE text USING n::text
        ALTER TABLE IF EXISTS public.T ADD a1 int, ALTER COLUMN n TYPE bigint
    """,
    "LM005": "ALTER TABLE T ADD CONSTRAINT e EXCLUDE USING gist (n WITH =)",
    "LM006": """
        ALTER TABLE T ADD PRIMARY KEY (n)
        ALTER TABLE T ADD CONSTRAINT pk PRIMARY KEY (n)
    """,
    "LM007": """
        VACUUM FULL T
        VACUUM (VERBOSE, FULL) T
        CLUSTER T USING thing_n
        ALTER TABLE T SET LOGGED
        ALTER TABLE T SET ACCESS METHOD heap2
        ALTER TABLE T ALTER n SET EXPRESSION AS (id * 2)
        ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b
        ALTER INDEX thing_n SET TABLESPACE fast
        ALTER MATERIALIZED VIEW v SET TABLESPACE fast
    """,
    "LM008": """
        REINDEX TABLE T
        REINDEX (VERBOSE) DATABASE x
        REINDEX (CONCURRENTLY false) INDEX thing_n
    """,
    "LM009": """
        DO LANGUAGE plpgsql $x$ BEGIN DROP TABLE T; END $x$
        CALL rebuild()
    """,
    "LM011": "LOCK TABLE T IN SHARE MODE",
    "LM012": """
        ALTER TABLE T DETACH PARTITION old_2024
        ALTER TABLE T ATTACH PARTITION old_2024 FOR VALUES IN (1)
    """,
    "LM013": "REFRESH MATERIALIZED VIEW v",
    "LM014": """
        BEGIN; UPDATE T SET n = 1 WHERE id = 1; COMMIT
        PREPARE TRANSACTION 'x'
        SAVEPOINT x
    """,
    "LM015": """
        ALTER SYSTEM SET work_mem = '1GB'
        ALTER DATABASE x SET lock_timeout = 0
        DROP OWNED BY app
        REASSIGN OWNED BY a TO b
        DROP ROLE app
        DROP USER IF EXISTS app
    """,
    "LM017": """
        set role app_owner
        SET SESSION search_path TO archive, public
        SET SESSION AUTHORIZATION app
        SET app.who = 'me'
        SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY
        SET TIME ZONE 'UTC'
        SELECT pg_catalog.set_config('search_path', '', false)
        UPDATE T SET name = set_config('app.who', 'me', 'f') WHERE id = 1
    """,
    "LM201": """
        ALTER TABLE T DROP COLUMN n
        ALTER TABLE T DROP IF EXISTS n CASCADE
        ALTER TABLE T ADD y int, DROP n
    """,
    "LM202": """
        /* harmless */ DROP TABLE "T" -- really
        DROP TABLE IF EXISTS other, T CASCADE
    """,
    "LM203": "ALTER TABLE T RENAME n TO m",
    "LM204": 'ALTER TABLE IF EXISTS public."T" RENAME TO other',
    "LM205": """
        ALTER TABLE T ADD COLUMN x int NOT NULL
        ALTER TABLE T ADD COLUMN x int CONSTRAINT given NOT NULL
    """,
    "LM206": """
        ALTER TABLE T ALTER COLUMN name SET NOT NULL
        ALTER TABLE T ADD CONSTRAINT given NOT NULL name NOT VALID
        ALTER TABLE T ADD NOT NULL name
    """,
    "LM207": "ALTER TABLE T ALTER source DROP DEFAULT",
    "LM209": """
        DROP VIEW v
        DROP FOREIGN TABLE f
        DROP PUBLICATION p
        DROP SUBSCRIPTION p
        DROP SERVER p
        DROP EVENT TRIGGER p
        DROP TEXT SEARCH CONFIGURATION c
        ALTER TABLE T ALTER n DROP EXPRESSION
    """,
    "LM210": """
        ALTER TABLE T SET SCHEMA archive
        ALTER TYPE status RENAME VALUE 'a' TO 'b'
        ALTER AGGREGATE f(int) RENAME TO g
    """,
    "LM211": "ALTER TABLE T DROP CONSTRAINT c",
    "LM214": """
        CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'
        CREATE OR REPLACE TRIGGER x BEFORE UPDATE ON T EXECUTE FUNCTION f()
        CREATE RULE r AS ON DELETE TO T DO INSTEAD NOTHING
        ALTER TYPE pair DROP ATTRIBUTE a
    """,
    "LM215": """
        REVOKE ALL ON T FROM app
        ALTER TABLE T FORCE ROW LEVEL SECURITY
        ALTER TABLE T OWNER TO other
        ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM app
        ALTER GROUP g DROP USER app
    """,
    "LM216": """
        ALTER TABLE T DISABLE TRIGGER ALL
        ALTER TABLE T DISABLE RULE r
        ALTER TABLE T ENABLE REPLICA TRIGGER x
        SET session_replication_role = replica
    """,
    "LM217": """
        ALTER TABLE T ALTER id RESTART
        SELECT pg_catalog.setval('s'::regclass, 5, false)
    """,
    "LM301": "TRUNCATE TABLE ONLY public.T RESTART IDENTITY",
    "LM302": "DROP SCHEMA s CASCADE",
    "LM303": """
        UPDATE ONLY public."T" SET n = 1
        UPDATE T SET n = 1 WHERE true
        UPDATE T SET n = 1 WHERE 1 = 1 RETURNING id
        DELETE FROM T USING P
        WITH x AS (SELECT 1) UPDATE T SET n = 1
        WITH d AS (DELETE FROM T RETURNING *) INSERT INTO archive SELECT * FROM d
        WITH a AS (SELECT 1 WHERE true), d AS (UPDATE T SET n = (SELECT 1 WHERE true) RETURNING *) SELECT 1 FROM d WHERE n > 0
    """,
    "LM518": "ALTER DOMAIN email ADD CONSTRAINT c CHECK (VALUE <> '')",
}  # fmt: skip
# What only Django's own engine runs as it is written.
UNDER_DJANGO = {
    "LM101": """
        CREATE INDEX ON T (code)
        CREATE INDEX IF NOT EXISTS i ON public."T" USING gin (code)
    """,
    "LM102": "DROP INDEX IF EXISTS public.thing_n CASCADE",
    "LM103": """
        ALTER TABLE T ADD FOREIGN KEY (n) REFERENCES P (id) ON DELETE CASCADE
        ALTER TABLE T ADD COLUMN p bigint NOT NULL DEFAULT 1 REFERENCES P
    """,
    "LM104": """
        ALTER TABLE T ADD CHECK (n > 0)
        ALTER TABLE T ADD COLUMN p bigint DEFAULT 1 CHECK (p > 0)
        ALTER TABLE T ADD CONSTRAINT c CHECK (n > 0) NOT VALID; ALTER TABLE T VALIDATE CONSTRAINT c
    """,
    "LM105": """
        CREATE UNIQUE INDEX i ON T (code)
        ALTER TABLE T ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (code)
        ALTER TABLE T ADD COLUMN p text UNIQUE
    """,
    "LM106": """
        ALTER TABLE T ALTER COLUMN name SET NOT NULL
        ALTER TABLE T ADD CONSTRAINT given NOT NULL name
    """,
    "LM108": "REINDEX TABLE CONCURRENTLY T",
    "LM109": """
        SET lock_timeout = 0; ALTER TABLE T ADD COLUMN x int
        SET LOCAL lock_timeout TO DEFAULT; ALTER TABLE T ADD COLUMN x int
    """,
}  # fmt: skip
# What is written every day, and is no matter for a warning or an error under this package's engine.
EVERYDAY = """
    ALTER TABLE T ADD COLUMN x int
    ALTER TABLE T ADD COLUMN x text NOT NULL DEFAULT ''
    ALTER TABLE T ADD COLUMN x timestamptz NOT NULL DEFAULT now()
    ALTER TABLE T ALTER code TYPE varchar(60)
    ALTER TABLE T ALTER code TYPE text
    ALTER TABLE T ALTER n DROP NOT NULL
    ALTER TABLE T ALTER source SET DEFAULT 'x'
    ALTER TABLE T ALTER code SET STATISTICS 500
    ALTER TABLE T SET (fillfactor = 70)
    ALTER TABLE T ADD CONSTRAINT c CHECK (n > 0) NOT VALID; ALTER TABLE T VALIDATE CONSTRAINT c
    ALTER TABLE T RENAME CONSTRAINT a TO b
    CREATE INDEX i ON T (code)
    CREATE UNIQUE INDEX i ON T (code) WHERE n > 0
    ALTER INDEX thing_n RENAME TO thing_number
    REINDEX (CONCURRENTLY) TABLE T
    REFRESH MATERIALIZED VIEW CONCURRENTLY v
    CREATE VIEW v AS SELECT * FROM T
    CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM T; RETURN 1; END $$
    CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END
    CREATE TRIGGER g BEFORE INSERT OR UPDATE OR DELETE ON T FOR EACH ROW EXECUTE FUNCTION f()
    CREATE EXTENSION IF NOT EXISTS pg_trgm
    COMMENT ON COLUMN T.n IS 'DROP TABLE T; it''s only a remark'
    GRANT SELECT ON T TO reports
    ALTER TYPE status ADD VALUE IF NOT EXISTS 'draft'
    ANALYZE T
    INSERT INTO T (code) VALUES ('a') ON CONFLICT DO UPDATE SET n = 1
    UPDATE T SET n = 1 WHERE n IS NULL
    DELETE FROM T WHERE id IN (SELECT id FROM P)
    WITH x AS (SELECT id FROM T WHERE n IS NULL FOR UPDATE) UPDATE T SET n = 1 FROM x WHERE T.id = x.id
    WITH d AS (DELETE FROM T WHERE n > 5 RETURNING *) INSERT INTO archive SELECT * FROM d
    SELECT 1 -- DROP TABLE T
    CREATE TABLE t2 (id bigint PRIMARY KEY, created timestamptz DEFAULT now()); CREATE INDEX ON t2 (created); UPDATE t2 SET id = 1
    SET LOCAL statement_timeout = 0
    SET CONSTRAINTS ALL IMMEDIATE
    SET lock_timeout = '2s'; SET SESSION statement_timeout = 0; SET maintenance_work_mem = '1GB'
    SET TRANSACTION ISOLATION LEVEL REPEATABLE READ
    SELECT set_config('app.who', 'me', true)
    CREATE FUNCTION h() RETURNS int LANGUAGE sql SET search_path = pg_catalog AS 'SELECT 1'
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def judged(
    folder: Path, statements: list[str], engine: Engine, enable: tuple[str, ...] = ()
) -> list[tuple[str, list[Finding]]]:
    """What is found in each of the statements, which are a migration each."""
    shelf = Shelf(folder)
    names = {"T": f"{shelf.label}_thing", "P": f"{shelf.label}_part"}
    for statement in statements:
        text = re.sub(r"\b[TP]\b", lambda found: names[found[0]], statement)
        shelf.add(f"migrations.RunSQL({text!r}, 'SELECT 1'),")
    found = shelf.found(engine, enable=enable)
    whole = [f"{shelf.label}.{name}" for name in shelf.names[1:]]
    return [
        (statement, [one for one in found if one.migration == migration])
        for statement, migration in zip(statements, whole, strict=True)
    ]


def missed(folder: Path, dangers: dict[str, str], engine: Engine) -> list[str]:
    flat = [(rule, statement) for rule, text in dangers.items() for statement in lines(text)]
    found = judged(folder, [statement for _, statement in flat], engine, tuple(RULES))
    return [
        f"{rule}: {statement}"
        for (rule, statement), (_, findings) in zip(flat, found, strict=True)
        if rule not in {finding.rule.id for finding in findings}
    ]


def test_each_danger_is_found(tmp_path: Path) -> None:
    assert sum(len(lines(text)) for text in DANGERS.values()) > 80
    assert missed(tmp_path, DANGERS, Engine.LIVE) == []


def test_each_danger_under_djangos_engine_is_found(tmp_path: Path) -> None:
    assert missed(tmp_path, UNDER_DJANGO, Engine.DJANGO) == []


def test_what_is_written_every_day_is_let_pass(tmp_path: Path) -> None:
    found = judged(tmp_path, lines(EVERYDAY), Engine.LIVE)
    assert [f"{f.rule.id} {statement}" for statement, findings in found for f in findings] == []


def test_a_statement_with_several_effects_is_reported_once(tmp_path: Path) -> None:
    [(_, findings)] = judged(tmp_path, ["CREATE UNLOGGED TABLE t2 (id bigint PRIMARY KEY, n int)"], Engine.LIVE)
    assert [finding.rule.id for finding in findings] == ["LM509"]


@pytest.mark.parametrize(
    ("operations", "rule"),
    [
        ('migrations.AddField("thing", "x", models.IntegerField(default=1)),', "LM205"),
        ('migrations.AlterField("thing", "name", models.CharField(max_length=20, default="")),', "LM206"),
        ('migrations.AlterField("thing", "code", models.IntegerField()),', "LM004"),
        ('migrations.AlterField("thing", "code", models.CharField(max_length=10, db_column="other")),', "LM203"),
        ('migrations.AlterModelTable("thing", "other"),', "LM204"),
        ('migrations.SeparateDatabaseAndState([migrations.RunSQL("DROP VIEW v", "SELECT 1")]),', "LM209"),
        ('*[migrations.RemoveField("thing", name) for name in ("n", "code")],', "LM201"),
        ('migrations.RunSQL([("UPDATE {label}_thing SET n = %s", [1])], []),', "LM303"),
    ],
)
def test_dangerous_operations(operations: str, rule: str, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.add(operations)
    assert rule in {finding.rule.id for finding in shelf.found()}


def test_two_steps_of_one_migration_are_two_transactions_of_the_live_engine(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    check = 'models.CheckConstraint(condition=Q(n__gt=0), name="positive")'
    shelf.add(f'pg.AddConstraintNotValid("thing", {check}),\npg.ValidateConstraint("thing", "positive"),')
    assert shelf.found() == []
    assert "LM104" in {finding.rule.id for finding in shelf.found(Engine.DJANGO)}
