"""Rules about rows: lost, changed all at once, or kept waiting."""

from __future__ import annotations

from livemigrations.review.lint.findings import Rule, Severity

RULES = [
    Rule(
        id="LM301",
        name="truncate",
        severity=Severity.ERROR,
        title="TRUNCATE of a table in use",
        why="ACCESS EXCLUSIVE, all rows gone, and with CASCADE those of every table that points at it.",
        bad='migrations.RunSQL("TRUNCATE bookings CASCADE"),',
        good="# delete by a condition, in batches",
        peers={"squawk": ("ban-truncate-cascade",)},
    ),
    Rule(
        id="LM302",
        name="drop-cascade",
        severity=Severity.ERROR,
        title="DROP … CASCADE",
        why="It takes along whatever depends on the object: views, keys and columns that nobody named.",
        bad='migrations.RunSQL("DROP TABLE faxes CASCADE"),',
        good='migrations.RunSQL("DROP VIEW fax_totals; DROP TABLE faxes"),  # each by its name',
    ),
    Rule(
        id="LM303",
        name="all-rows-in-one-statement",
        severity=Severity.WARNING,
        title="All rows of a table in use changed by one statement",
        why="Every row stays locked until the statement ends, the table doubles, and replicas fall behind.",
        bad="migrations.RunSQL(\"UPDATE bookings SET source = 'web'\"),",
        good='live.FillColumn("booking", "source", Value("web")),  # in batches, only the rows that need it',
        peers={"strong_migrations": ("change_column_null",)},
    ),
    Rule(
        id="LM304",
        name="nulls-filled-in-one-statement",
        severity=Severity.WARNING,
        title="NOT NULL with a default: one UPDATE over all rows that are NULL",
        why="Before it sets NOT NULL, Django fills every NULL by a single statement; all those rows stay locked until it"
        " ends. The engine fills them in batches first, except for what it does not take apart.",
        bad='migrations.AlterField("booking", "zip", models.CharField(default="", max_length=10)),  # was null=True',
        good='live.FillColumn("booking", "zip", Value("")),  # first, in a migration of its own\n'
        'live.SetNotNull("booking", "zip", models.CharField(max_length=10)),  # no default: nothing to fill',
        peers={"strong_migrations": ("change_column_null",)},
    ),
    Rule(
        id="LM305",
        name="rows-and-schema-together",
        severity=Severity.WARNING,
        title="Rows and schema of one table changed by one migration",
        why="In one transaction the table stays locked while its rows are changed, and pending triggers stop the next"
        " ALTER. Apart, each can be run, resumed and undone alone.",
        bad='operations = [AddField("booking", …), RunPython(fill)]',
        good="# two migrations: the column, then its rows",
        peers={"strong_migrations": ("add_column_default",), "eugene": ("E4",)},
    ),
    Rule(
        id="LM306",
        name="rows-in-one-transaction",
        severity=Severity.WARNING,
        title="Python that changes the rows of a table in use in one transaction",
        why="Every row that it touched stays locked until the last one is done, and nothing is kept if it fails.",
        bad="migrations.RunPython(fill, clear),",
        good="# live.FillColumn; or atomic=False on the RunPython, and transaction.atomic() for each batch",
        peers={"strong_migrations": ("add_column_default",)},
    ),
    Rule(
        id="LM307",
        name="one-value-for-all",
        severity=Severity.ERROR,
        title="A new unique column whose default is the same for every row",
        why="Django asks the default once and gives that value to all rows; with two rows the unique index fails.",
        bad='migrations.AddField("booking", "token", models.UUIDField(default=uuid.uuid4, unique=True)),',
        good='migrations.AddField("booking", "token", models.UUIDField(null=True)),\n'
        "# live.FillColumn, then live.AddUnique and live.SetNotNull, each in a migration of its own",
        peers={"atlas": ("MF101",)},
    ),
]
