"""Fields that are added to a table with rows, one of each kind, and taken away again."""

from __future__ import annotations

from tests.livemigrations.schema.story import Step, Story

TABLES = """
migrations.CreateModel("Author", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=255)),
    ("height", models.PositiveIntegerField(null=True)), ("weight", models.IntegerField(null=True)),
    ("uuid", models.UUIDField(null=True))]),
migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True)), ("info", models.TextField()),
    ("address", models.TextField(null=True))]),
migrations.CreateModel("Node", [("node_id", models.AutoField(primary_key=True)),
    ("parent", models.ForeignKey("self", CASCADE, null=True))]),
"""
TRANSFORM = """
class Counted(models.IntegerField):
    def get_default(self):
        return self.default

    def get_prep_value(self, value):
        return 0 if value is None else len(value)
"""
STEPS: dict[str, str | Step] = {
    "tables": TABLES,
    "nullable": 'migrations.AddField("Author", "age", models.IntegerField(null=True)),',
    "nullable with default": 'migrations.AddField("Author", "size", models.FloatField(null=True, default=5)),',
    "default not preserved": """
        migrations.AddField("Author", "spent", models.FloatField(null=True, default=4), preserve_default=False),""",
    "default": 'migrations.AddField("Author", "surname", models.CharField(max_length=30, default="Godwin")),',
    "boolean": 'migrations.AddField("Author", "awesome", models.BooleanField(default=False)),',
    "transformed default": Step('migrations.AddField("Author", "thing", Counted(default={1: 2})),', code=TRANSFORM),
    "text and nullable": """
        migrations.AddField("Author", "middle", models.CharField(max_length=15, blank=True, null=True, default="surname")),
        migrations.AddField("Author", "description", models.TextField(blank=True, null=True, default="text")),
        migrations.AddField("Author", "plain", models.CharField(max_length=15, blank=True)),
        migrations.AddField("Author", "odd", models.TextField(default={})),""",
    "quoted values": """
        migrations.AddField("Author", "text", models.CharField(max_length=10, default="some text")),
        migrations.AddField("Author", "empty", models.CharField(max_length=10, default="")),
        migrations.AddField("Author", "digits", models.CharField(max_length=10, default="42")),
        migrations.AddField("Author", "quotes", models.CharField(max_length=10, default="\\"'\\"")),
        migrations.AddField("Note", "text", models.TextField(default="some text")),
        migrations.AddField("Note", "quotes", models.TextField(default="\\"'\\"")),""",
    "binary": """
        migrations.AddField("Author", "bits", models.BinaryField(blank=True)),
        migrations.AddField("Author", "blob", models.BinaryField(default=b"some text")),
        migrations.AddField("Author", "none", models.BinaryField(default=b"")),
        migrations.AddField("Author", "quoted", models.BinaryField(default=b"\\"'\\"")),""",
    "duration": 'migrations.AddField("Author", "lag", models.DurationField(default=timedelta(minutes=10))),',
    "clock": """
        migrations.AddField("Author", "now_day", models.DateField(auto_now=True)),
        migrations.AddField("Author", "now_born", models.DateField(auto_now_add=True)),
        migrations.AddField("Author", "now_seen", models.DateTimeField(auto_now=True)),
        migrations.AddField("Author", "now_made", models.DateTimeField(auto_now_add=True)),
        migrations.AddField("Author", "now_time", models.TimeField(auto_now=True)),
        migrations.AddField("Author", "now_hour", models.TimeField(auto_now_add=True)),""",
    "reserved word": 'migrations.AddField("Author", "order", models.IntegerField(default=0)),',
    "database default": """
        migrations.AddField("Author", "score", models.FloatField(null=True, db_default=4)),
        migrations.AddField("Author", "missing", models.TextField(db_default="(missing)")),
        migrations.AddField("Author", "valued", models.TextField(db_default=Value("foo"))),""",
    "database default with marks": """
        migrations.AddField("Author", "percent", models.CharField(max_length=1, db_default="%")),
        migrations.AddField("Author", "quote", models.CharField(max_length=1, db_default="'")),
        migrations.AddField("Author", "double", models.CharField(max_length=1, db_default='"')),""",
    "database default function": 'migrations.AddField("Author", "pi", models.FloatField(db_default=Pi())),',
    "both defaults": 'migrations.AddField("Author", "birth", models.IntegerField(default=1985, db_default=1988)),',
    "json database default": """
        migrations.AddField("Author", "data", models.JSONField(
            encoder=DjangoJSONEncoder, db_default={"epoch": datetime(1970, 1, 1, tzinfo=UTC)})),""",
    "indexed": 'migrations.AddField("Author", "slug", models.CharField(max_length=255, db_index=True, null=True)),',
    "unique": 'migrations.AddField("Author", "code", models.CharField(max_length=255, unique=True, null=True)),',
    "unique and the same everywhere": 'migrations.AddField("Author", "same", models.CharField(max_length=9, default="x", unique=True)),',
    "comment": """
        migrations.AddField("Author", "noted", models.CharField(max_length=255, blank=True, db_comment="Custom comment")),
        migrations.AddField("Author", "both", models.CharField(
            max_length=255, default="Joe Doe", db_comment="Custom comment with default")),""",
    "collation": 'migrations.AddField("Author", "sorted", models.CharField(max_length=255, null=True, db_collation="C")),',
    "array with default": """
        migrations.AddField("Author", "numbers", ArrayField(models.IntegerField(), size=None, default=list)),""",
    "one to one": 'migrations.AddField("Author", "note", models.OneToOneField("Note", CASCADE, null=True)),',
    "key": 'migrations.AddField("Note", "author", models.ForeignKey("Author", CASCADE, null=True, related_name="+")),',
    "key on delete": """
        migrations.AddField("Note", "owner", models.ForeignKey("Author", DB_CASCADE, null=True, related_name="+")),
        migrations.AddField("Note", "editor", models.ForeignKey("Author", DB_SET_NULL, null=True, related_name="+")),""",
    "key with a database default": """
        migrations.AddField("Note", "critic", models.ForeignKey(
            "Author", DB_SET_DEFAULT, db_default=1, related_name="+")),""",
    "key without constraint": """
        migrations.AddField("Note", "tag", models.ForeignKey("Author", CASCADE, db_constraint=False, null=True, related_name="+")),""",
    "key and rows and index": """
        migrations.AddField("Node", "new_parent", models.ForeignKey("self", CASCADE, related_name="new", null=True)),
        migrations.RunSQL("UPDATE additions_node SET new_parent_id = 1", migrations.RunSQL.noop),
        migrations.AddIndex("Node", Index(fields=["new_parent"], name="new_parent_inline_fk_idx")),""",
    "foreign object": """
        migrations.AddField("Note", "virtual", models.ForeignObject(
            "Author", on_delete=CASCADE, from_fields=["tag_id"], to_fields=["id"], related_name="+")),""",
    "removed": """
        migrations.RemoveField("Author", "age"),
        migrations.RemoveField("Author", "description"),""",
    "removed with index": """
        migrations.RemoveField("Author", "slug"),
        migrations.RemoveField("Author", "code"),""",
    "removed key": 'migrations.RemoveField("Note", "author"),',
    "removed not null": 'migrations.RemoveField("Note", "info"),',
}
FAILED = frozenset(
    {
        "down removed not null",
        "up unique and the same everywhere",
    }
)
STORY = Story("additions", STEPS, failed=FAILED)
