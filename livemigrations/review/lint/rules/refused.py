"""Rules about what the engine refuses on a populated table, or has no safe way to do."""

from __future__ import annotations

from livemigrations.review.lint.findings import Engine, Rule, Severity

RULES = [
    Rule(
        id="LM001",
        name="volatile-default",
        severity=Severity.ERROR,
        title="A new column with a volatile default",
        why="Each row needs a value of its own, so PostgreSQL rewrites the table under ACCESS EXCLUSIVE. The engine takes an"
        " AddField apart by itself, and no SQL.",
        bad="migrations.RunSQL('ALTER TABLE bookings ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()', …),",
        good='migrations.AddField("booking", "token", models.UUIDField(db_default=RandomUUID())),\n'
        "# with Django's own migrate: the column nullable and without the default, then the default by AlterField,\n"
        "# the old rows in batches, NOT NULL by a CHECK",
        peers={
            "squawk": ("adding-field-with-default",),
            "strong_migrations": ("add_column_default", "add_column_default_callable"),
            "eugene": ("E10",),
            "atlas": ("PG302",),
        },
    ),
    Rule(
        id="LM002",
        name="stored-generated-column",
        severity=Severity.ERROR,
        title="A new stored generated column",
        why="PostgreSQL computes it for every row while it holds ACCESS EXCLUSIVE.",
        bad='migrations.AddField("booking", "total", models.GeneratedField(…, db_persist=True)),',
        good="# PostgreSQL 18: a virtual one is instant\n"
        'migrations.AddField("booking", "total", models.GeneratedField(…, db_persist=False)),\n'
        "# before: an ordinary nullable column, kept by a trigger and filled in batches",
        peers={
            "squawk": ("adding-field-with-default",),
            "strong_migrations": ("add_column_generated_stored",),
            "eugene": ("E11",),
            "atlas": ("PG309",),
        },
    ),
    Rule(
        id="LM003",
        name="numbered-column",
        severity=Severity.ERROR,
        title="A new identity or serial column",
        why="Every row gets its number while ACCESS EXCLUSIVE is held.",
        bad='migrations.AddField("booking", "number", models.BigAutoField(…)),',
        good='migrations.AddField("booking", "number", models.BigIntegerField(null=True)),\n'
        "# number the rows by live.FillColumn, then:\n"
        'live.SetNotNull("booking", "number", models.BigIntegerField()),',
        peers={
            "squawk": ("adding-serial-primary-key-field",),
            "strong_migrations": ("add_column_auto_incrementing",),
            "eugene": ("E11",),
            "atlas": ("PG310",),
        },
    ),
    Rule(
        id="LM004",
        name="rewriting-type-change",
        severity=Severity.ERROR,
        title="A change of type that rewrites the table",
        why="The rows and the indexes on the column are written anew under ACCESS EXCLUSIVE, and a value that does not"
        " fit stops it.",
        bad='migrations.AlterField("booking", "guests", models.BigIntegerField()),',
        good='live.ChangeColumnType("booking", "guests", models.BigIntegerField()),',
        peers={
            "squawk": ("changing-column-type",),
            "strong_migrations": ("change_column", "change_column_with_not_null", "change_column_constraint"),
            "eugene": ("E5", "E10"),
            "atlas": ("PG301",),
        },
    ),
    Rule(
        id="LM005",
        name="exclusion-constraint",
        severity=Severity.ERROR,
        title="An exclusion constraint on a table in use",
        why="PostgreSQL builds its index under ACCESS EXCLUSIVE and knows neither CONCURRENTLY nor NOT VALID for it.",
        bad='migrations.AddConstraint("booking", ExclusionConstraint(…)),',
        good="# a new table with the constraint, rows moved in batches; or a trigger that checks new rows",
        peers={"strong_migrations": ("add_exclusion_constraint",), "eugene": ("E8",)},
    ),
    Rule(
        id="LM006",
        name="primary-key-added",
        severity=Severity.ERROR,
        title="A primary key for a table in use",
        why="Its index is built and its columns are made NOT NULL under ACCESS EXCLUSIVE; each is a scan.",
        bad='migrations.AlterField("booking", "uuid", models.UUIDField(primary_key=True)),',
        good='live.SetNotNull("booking", "uuid", models.UUIDField()),\n'
        '# the unique index online: live.AddUnique("booking", …); swap the keys in a window',
        peers={
            "squawk": ("adding-serial-primary-key-field",),
            "eugene": ("W14",),
            "atlas": ("PG104", "PG304", "CD103"),
        },
    ),
    Rule(
        id="LM007",
        name="table-copied",
        severity=Severity.ERROR,
        title="A statement that copies the whole table",
        why="VACUUM FULL, CLUSTER, SET LOGGED, UNLOGGED, TABLESPACE and ACCESS METHOD hold ACCESS EXCLUSIVE throughout.",
        bad='migrations.RunSQL("VACUUM FULL bookings"),',
        good="# outside of migrations, with a tool that copies online (pg_repack), or in a window",
        peers={"squawk": ("prefer-repack",), "eugene": ("E10",), "atlas": ("PG307", "PG311")},
    ),
    Rule(
        id="LM008",
        name="reindex-blocks",
        severity=Severity.ERROR,
        title="REINDEX without CONCURRENTLY",
        why="Writers of the table, and readers who would use the index, wait until it is built.",
        bad='migrations.RunSQL("REINDEX TABLE bookings"),',
        good='migrations.RunSQL("REINDEX TABLE CONCURRENTLY bookings"),  # in a migration with atomic = False',
        peers={"squawk": ("require-concurrent-reindex",)},
    ),
    Rule(
        id="LM009",
        name="opaque-sql",
        severity=Severity.WARNING,
        title="SQL that cannot be looked into",
        why="A DO block, a CALL, or SQL that Python executes may do anything to any table; neither this linter nor the"
        " engine sees what, and all of it is one transaction.",
        bad="migrations.RunSQL(\"DO $$ BEGIN EXECUTE 'ALTER TABLE …'; END $$\"),",
        good='migrations.RunSQL("ALTER TABLE …"),  # the statements themselves',
        peers={"strong_migrations": ("execute", "change_table")},
    ),
    Rule(
        id="LM010",
        name="unknown-operation",
        severity=Severity.WARNING,
        title="An operation that the engine does not know",
        why="It runs as it is, without looking first, without a lock budget, and is not taken apart: its statements are"
        " not seen before they run.",
        bad="MyOperation(…),",
        good="# build it of Django's or this package's operations, or of RunSQL with its reverse",
        engines=frozenset({Engine.LIVE}),
    ),
    Rule(
        id="LM011",
        name="explicit-lock",
        severity=Severity.ERROR,
        title="LOCK TABLE",
        why="The lock is held to the end of the transaction and asked for without looking who is in the way.",
        bad='migrations.RunSQL("LOCK TABLE bookings; …"),',
        good="# leave it away: the engine takes the locks of a step itself, all at once and in one order",
        peers={"eugene": ("E9",)},
    ),
    Rule(
        id="LM012",
        name="partition-blocks",
        severity=Severity.WARNING,
        title="A partition attached or detached under a strong lock",
        why="DETACH without CONCURRENTLY locks the parent and all its traffic out; ATTACH scans the new partition unless"
        " a validated CHECK says the same as its bounds.",
        bad='migrations.RunSQL("ALTER TABLE events DETACH PARTITION events_2024"),',
        good='migrations.RunSQL("ALTER TABLE events DETACH PARTITION events_2024 CONCURRENTLY"),  # atomic = False',
        peers={"squawk": ("require-concurrent-partition-detach",)},
    ),
    Rule(
        id="LM013",
        name="refresh-blocks",
        severity=Severity.WARNING,
        title="REFRESH MATERIALIZED VIEW without CONCURRENTLY",
        why="Everybody who reads the view waits until it is computed.",
        bad='migrations.RunSQL("REFRESH MATERIALIZED VIEW totals"),',
        good='migrations.RunSQL("REFRESH MATERIALIZED VIEW CONCURRENTLY totals"),  # needs a unique index',
    ),
    Rule(
        id="LM014",
        name="transaction-control",
        severity=Severity.ERROR,
        title="BEGIN, COMMIT or ROLLBACK in a migration",
        why="The engine begins and ends the transactions; a COMMIT of one's own parts a step from its journal row.",
        bad='migrations.RunSQL("BEGIN; UPDATE …; COMMIT;"),',
        good='migrations.RunSQL("UPDATE …"),',
        peers={"squawk": ("transaction-nesting", "ban-uncommitted-transaction"), "atlas": ("TX101", "TX201")},
    ),
    Rule(
        id="LM015",
        name="whole-database",
        severity=Severity.ERROR,
        title="A statement about the whole database or server",
        why="Databases, tablespaces and settings of the server outlive every migration and concern others too.",
        bad='migrations.RunSQL("DROP DATABASE archive"),',
        good="# by the operator, outside of migrations",
        peers={"squawk": ("ban-drop-database", "ban-alter-system-options", "ban-alter-database-options")},
    ),
    Rule(
        id="LM016",
        name="default-of-unknown-function",
        severity=Severity.WARNING,
        title="A new column whose default calls a function nobody here knows",
        why="If it is volatile, as functions are unless they say otherwise, the table is rewritten under ACCESS"
        " EXCLUSIVE. The engine asks the server, and takes an AddField apart or refuses the SQL; this linter cannot ask.",
        bad="migrations.RunSQL('ALTER TABLE bookings ADD COLUMN code text DEFAULT next_code()', …),",
        good='migrations.AddField("booking", "code", models.TextField(db_default=Func(function="next_code"))),',
        peers={"squawk": ("adding-field-with-default",), "strong_migrations": ("add_column_default_callable",)},
    ),
    Rule(
        id="LM017",
        name="session-setting",
        severity=Severity.WARNING,
        title="A setting for the rest of the session",
        why="It goes on for whatever the same run does next, and is gone in a run that goes on after a crash. A role or a"
        " search path ends with its operation under the engine; which tables bare names then mean, neither the engine"
        " nor this linter can tell. LOCAL ends with the statements behind it: with the operation under the engine, with"
        " the transaction under Django's own migrate.",
        bad='migrations.RunSQL("SET search_path = archive; CREATE TABLE old_bookings (…)", …),',
        good='migrations.RunSQL("CREATE TABLE archive.old_bookings (…)", …),\n'
        "migrations.RunSQL(\"SET LOCAL app.reason = 'import'; UPDATE …\", …),",
    ),
    Rule(
        id="LM018",
        name="beyond-django",
        severity=Severity.ERROR,
        title="Something that Django itself cannot do",
        why="Django cannot build the models behind the operation, or cannot write its statement: a percent sign in a"
        " comment is a placeholder for the driver. The migration fails on every database.",
        bad='migrations.AlterModelTableComment("booking", "50% paid in advance"),',
        good='migrations.AlterModelTableComment("booking", "half paid in advance"),',
    ),
]
