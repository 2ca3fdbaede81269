"""Rules about long locks that this package's engine avoids by itself and Django's own migrate does not.

They count under ``--engine django``, and for operations that the engine cannot take apart.
"""

from __future__ import annotations

from livemigrations.review.lint.findings import DJANGO_ONLY, Rule, Severity

RULES = [
    Rule(
        id="LM101",
        name="index-blocks-writes",
        severity=Severity.ERROR,
        title="An index built under a lock on a table in use",
        why="CREATE INDEX holds SHARE: nobody writes to the table until it is built.",
        bad='migrations.AddIndex("booking", models.Index(fields=["status"], name="…")),',
        good='live.AddIndex("booking", models.Index(fields=["status"], name="…")),  # or AddIndexConcurrently',
        peers={
            "squawk": ("require-concurrent-index-creation",),
            "strong_migrations": ("add_index", "add_reference"),
            "eugene": ("E6",),
            "atlas": ("PG101",),
        },
    ),
    Rule(
        id="LM102",
        name="index-drop-blocks",
        severity=Severity.WARNING,
        title="An index dropped under a lock",
        why="DROP INDEX needs ACCESS EXCLUSIVE: it waits for every open transaction on the table, and all wait for it.",
        bad='migrations.RemoveIndex("booking", "idx_old"),',
        good='live.RemoveIndex("booking", "idx_old"),  # or RemoveIndexConcurrently',
        peers={
            "squawk": ("require-concurrent-index-deletion",),
            "strong_migrations": ("remove_index",),
            "atlas": ("PG102",),
        },
    ),
    Rule(
        id="LM103",
        name="foreign-key-scans",
        severity=Severity.ERROR,
        title="A foreign key checked while writers wait",
        why="Both tables are locked against writes while every row is looked up.",
        bad='migrations.AddField("booking", "location", models.ForeignKey("bookings.location", …)),',
        good='migrations.AddField("booking", "location", models.ForeignKey(…, db_constraint=False)),\n'
        'live.AddForeignKey("booking", "location", models.ForeignKey(…)),  # NOT VALID, then VALIDATE',
        peers={
            "squawk": ("adding-foreign-key-constraint", "constraint-missing-not-valid"),
            "strong_migrations": ("add_foreign_key", "validate_foreign_key", "add_reference"),
            "eugene": ("E1",),
            "atlas": ("PG306",),
        },
    ),
    Rule(
        id="LM104",
        name="check-scans",
        severity=Severity.ERROR,
        title="A CHECK tested under ACCESS EXCLUSIVE",
        why="Nobody reads or writes while every row is tested.",
        bad='migrations.AddConstraint("booking", models.CheckConstraint(…)),',
        good='live.AddCheck("booking", models.CheckConstraint(…)),  # NOT VALID, then VALIDATE',
        peers={
            "squawk": ("constraint-missing-not-valid",),
            "strong_migrations": ("add_check_constraint", "validate_check_constraint"),
            "eugene": ("E1",),
            "atlas": ("PG305",),
        },
    ),
    Rule(
        id="LM105",
        name="unique-blocks",
        severity=Severity.ERROR,
        title="A unique constraint whose index is built under a lock",
        why="ACCESS EXCLUSIVE while the index is built; a pair of equal rows stops it half-way.",
        bad='migrations.AddConstraint("booking", models.UniqueConstraint(fields=["code"], name="…")),',
        good='live.AddUnique("booking", models.UniqueConstraint(fields=["code"], name="…")),',
        peers={
            "squawk": ("disallowed-unique-constraint",),
            "strong_migrations": ("add_unique_constraint",),
            "eugene": ("E7",),
            "atlas": ("PG105", "MF101", "MF102"),
        },
    ),
    Rule(
        id="LM106",
        name="not-null-scans",
        severity=Severity.ERROR,
        title="NOT NULL with a scan under ACCESS EXCLUSIVE",
        why="Nobody reads or writes while every row is looked at; a NULL stops it.",
        bad='migrations.AlterField("booking", "zip", models.CharField(max_length=10)),  # was null=True',
        good='live.SetNotNull("booking", "zip", models.CharField(max_length=10)),',
        peers={
            "squawk": ("adding-not-nullable-field",),
            "strong_migrations": ("change_column_null_postgresql", "change_column_with_not_null"),
            "eugene": ("E2",),
            "atlas": ("PG303", "MF104"),
        },
    ),
    Rule(
        id="LM107",
        name="locks-in-one-transaction",
        severity=Severity.WARNING,
        title="Several tables locked in one transaction",
        why="The first lock is held while the next one is waited for: the tables stand still together, and two such"
        " transactions in another order deadlock.",
        bad='operations = [AddField("booking", …), AddField("payment", …)]  # one transaction',
        good="# a migration for each table",
        engines=DJANGO_ONLY,
        peers={"eugene": ("E4",)},
    ),
    Rule(
        id="LM108",
        name="concurrent-in-transaction",
        severity=Severity.ERROR,
        title="CONCURRENTLY inside a transaction",
        why="PostgreSQL refuses it: the migration fails.",
        bad="class Migration(migrations.Migration):\n    operations = [AddIndexConcurrently(…)]",
        good="class Migration(migrations.Migration):\n    atomic = False\n    operations = [AddIndexConcurrently(…)]",
        engines=DJANGO_ONLY,
        peers={"squawk": ("ban-concurrent-index-creation-in-transaction",), "atlas": ("PG103", "TX101")},
    ),
    Rule(
        id="LM109",
        name="no-lock-timeout",
        severity=Severity.WARNING,
        title="A strong lock asked for without a timeout",
        why="While it waits behind one long transaction, everybody waits behind it.",
        bad='migrations.AddField("booking", "note", models.TextField(null=True)),  # no lock_timeout anywhere',
        good='migrations.RunSQL("SET LOCAL lock_timeout = \'2s\'", ""),  # first, or in the OPTIONS of the database',
        engines=DJANGO_ONLY,
        peers={
            "squawk": ("require-timeout-settings", "require-lock-timeout", "require-statement-timeout"),
            "eugene": ("E9",),
            "atlas": ("PG308",),
        },
    ),
    Rule(
        id="LM110",
        name="half-done-without-transaction",
        severity=Severity.WARNING,
        title="Several operations without a transaction",
        why="If a later one fails, the earlier ones stay and the migration cannot be run again.",
        bad="atomic = False\noperations = [AddField(…), AddIndexConcurrently(…)]",
        good="# one operation a migration where atomic is False",
        engines=DJANGO_ONLY,
        peers={"squawk": ("prefer-robust-stmts",), "atlas": ("TX101",)},
    ),
]
