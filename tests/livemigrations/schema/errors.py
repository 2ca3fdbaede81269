"""What Django refuses in Python, or the database for any table: a table, and the operation that cannot be done to it."""

from __future__ import annotations

PONY = """
migrations.CreateModel("Pony", [("id", models.AutoField(primary_key=True)), ("pink", models.IntegerField(default=3)),
    ("name", models.CharField(max_length=20))]),
"""
GENERATED = """
migrations.AddField("Pony", "made", models.GeneratedField(
    expression=F("pink") + F("pink"), output_field=models.IntegerField(), db_persist={stored})),
"""
OTHER = """
migrations.AlterField("Pony", "made", models.GeneratedField(
    expression={expression}, output_field=models.IntegerField(), db_persist={stored})),
"""
ORDINARY = 'migrations.AlterField("Pony", "made", models.IntegerField(default=1)),'
RENAME = 'migrations.RenameField("Pony", "pink", "renamed"),'
NOTHING = "migrations.RunSQL(migrations.RunSQL.noop, migrations.RunSQL.noop),"


def other(expression: str, stored: bool) -> str:
    return OTHER.format(expression=expression, stored=stored)


ERRORS: dict[str, tuple[str, str]] = {
    "through": (
        """
        migrations.CreateModel("Tag", [("id", models.AutoField(primary_key=True))]),
        migrations.CreateModel("Between", [("id", models.AutoField(primary_key=True)), ("pony", models.ForeignKey("Pony", CASCADE)),
            ("tag", models.ForeignKey("Tag", CASCADE))]),
        migrations.AddField("Pony", "tags", models.ManyToManyField("Tag", through="Between")),""",
        'migrations.AlterField("Pony", "tags", models.ManyToManyField("Tag")),',
    ),
    "unique over a field that is missing": (
        "",
        'migrations.AddConstraint("Pony", UniqueConstraint(Lower("nonexistent"), name="pony_uq")),',
    ),
    "unique over chance": ("", 'migrations.AddConstraint("Pony", UniqueConstraint(Random(), name="pony_uq")),'),
    "index of two orders": (
        "",
        'migrations.AddIndex("Pony", Index(OrderBy(F("name").desc(), descending=True), name="pony_idx")),',
    ),
    "index of an order inside": ("", 'migrations.AddIndex("Pony", Index(Upper(F("name").desc()), name="pony_idx")),'),
    "index over a field that is missing": (
        "",
        'migrations.AddIndex("Pony", Index(Lower("nonexistent"), name="pony_idx")),',
    ),
    "index over chance": ("", 'migrations.AddIndex("Pony", Index(Random(), name="pony_idx")),'),
    "index that is not there": (
        "",
        'migrations.RenameIndex("Pony", new_name="pony_idx", old_fields=("name", "pink")),',
    ),
    "parameters": ("", "migrations.RunSQL([[\"INSERT INTO foo (bar) VALUES ('buz');\"]]),"),
    "stored expression": (GENERATED.format(stored=True), other('F("pink") + 3', stored=True)),
    "stored to ordinary": (GENERATED.format(stored=True), ORDINARY),
    "stored after a rename": (GENERATED.format(stored=True) + RENAME, other('F("renamed")', stored=True)),
    "stored to virtual": (GENERATED.format(stored=True), other('F("pink") + F("pink")', stored=False)),
    "virtual expression": (GENERATED.format(stored=False), other('F("pink") + 3', stored=False)),
    "virtual to ordinary": (GENERATED.format(stored=False), ORDINARY),
    "virtual after a rename": (GENERATED.format(stored=False) + RENAME, other('F("renamed")', stored=False)),
    "no way back": ("", "migrations.RunSQL(migrations.RunSQL.noop),"),
    "extension kept away": ("", 'operations.CreateExtension("no_such_extension"),'),
    "collation kept away": (
        "",
        'operations.CreateCollation("kept_away", "no-such-locale"), operations.RemoveCollation("kept_away", "no-such-locale"),',
    ),
}
KEPT_AWAY = ("extension kept away", "collation kept away")
