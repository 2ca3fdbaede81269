"""Generated columns, stored and virtual."""

from __future__ import annotations

from tests.livemigrations.schema.story import Step, Story

TABLES = """
migrations.CreateModel("Rider", [("id", models.AutoField(primary_key=True))]),
migrations.CreateModel("Pony", [("id", models.AutoField(primary_key=True)), ("pink", models.IntegerField(default=3)),
    ("name", models.CharField(max_length=20)), ("rider", models.ForeignKey("Rider", CASCADE)), ("text", models.TextField(default="foo")),
    ("price", models.DecimalField(max_digits=7, decimal_places=2)), ("data", models.JSONField()),
    ("value", models.IntegerField(null=True)), ("ints", fields.IntegerRangeField(null=True)),
    ("name_and_id", models.GeneratedField(expression=Concat("name", "rider_id"),
        output_field=models.CharField(max_length=60), db_persist=True))]),
"""


def add(name: str, expression: str, output: str, *, stored: bool, rest: str = "") -> str:
    return (
        f'migrations.AddField("Pony", "{name}", models.GeneratedField(expression={expression},'
        f" output_field={output}, db_persist={stored}{rest})),"
    )


INTEGER, DECIMAL = "models.IntegerField()", "models.DecimalField(max_digits=16, decimal_places=2)"
STORED_STEPS: dict[str, str | Step] = {
    "tables": TABLES,
    "model": """
        migrations.CreateModel("Kept", [("id", models.AutoField(primary_key=True)), ("data", models.JSONField()),
            ("status", models.GeneratedField(expression=KT("data__status"), output_field=models.TextField(), db_persist=True))]),""",
    "stored": add("twice", 'F("pink") + F("pink")', INTEGER, stored=True),
    "stored with rounding": add("vat", 'Round(F("price") * Value(Decimal("1.22")), 2)', DECIMAL, stored=True),
    "stored with marks": add("percent", 'Concat("text", Value("%"))', "models.TextField()", stored=True),
    "stored boolean": add("foo", 'Q(text__contains="foo")', "models.BooleanField()", stored=True),
    "stored constant with comment": add("one", "Value(1)", INTEGER, stored=True, rest=', db_comment="Custom comment"'),
    "field behind it": 'migrations.AddField("Pony", "static", models.IntegerField(default=2)),',
    "stored range": add("ints_generated", 'F("ints")', "fields.IntegerRangeField(null=True)", stored=True),
    "index": """
        migrations.AlterField("Pony", "twice", models.GeneratedField(expression=F("pink") + F("pink"),
            output_field=models.IntegerField(), db_persist=True, db_index=True)),""",
    "output field": """
        migrations.AlterField("Pony", "twice", models.GeneratedField(expression=F("pink") + F("pink"),
            output_field=models.DecimalField(max_digits=16, decimal_places=2), db_persist=True)),""",
    "removed": 'migrations.RemoveField("Pony", "twice"),',
}
VIRTUAL_STEPS: dict[str, str | Step] = {
    "tables": TABLES,
    "model": """
        migrations.CreateModel("Thought", [("id", models.AutoField(primary_key=True)), ("value", models.IntegerField(null=True)),
            ("has_value", models.GeneratedField(
                expression=Q(value__isnull=False), output_field=models.BooleanField(), db_persist=False))]),""",
    "virtual": add("twice", 'F("pink") + F("pink")', INTEGER, stored=False),
    "virtual boolean": add("has_value", "Q(value__isnull=False)", "models.BooleanField()", stored=False),
    "field behind it": 'migrations.AddField("Pony", "static", models.IntegerField(default=2)),',
    "removed": 'migrations.RemoveField("Pony", "twice"),',
}
STORED_REFUSED = frozenset(
    {
        "down output field",
        "down removed",
        "up output field",
        "up stored",
        "up stored boolean",
        "up stored constant with comment",
        "up stored range",
        "up stored with marks",
        "up stored with rounding",
    }
)
STORED = Story("stored", STORED_STEPS, refused=STORED_REFUSED)
VIRTUAL = Story("virtual", VIRTUAL_STEPS, since=18)
