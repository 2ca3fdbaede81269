"""Foreign keys: where they point, what the database does when a row goes, relations of many to many."""

from __future__ import annotations

from tests.livemigrations.schema.story import Step, Story

TABLES = """
migrations.CreateModel("Author", [("id", models.AutoField(primary_key=True)), ("name", models.CharField(max_length=255))]),
migrations.CreateModel("Tag", [("id", models.AutoField(primary_key=True)), ("title", models.CharField(max_length=255)),
    ("slug", models.SlugField(unique=True))]),
migrations.CreateModel("Proxy", [], options={"proxy": True}, bases=("keys.Author",)),
migrations.CreateModel("Book", [("id", models.AutoField(primary_key=True)), ("author", models.ForeignKey("Author", CASCADE)),
    ("title", models.CharField(max_length=100, db_index=True)), ("number", models.IntegerField()),
    ("text", models.CharField(max_length=31, db_index=True)), ("long", models.TextField(db_index=True)),
    ("weak", models.ForeignKey("Author", CASCADE, db_constraint=False, related_name="+")),
    ("solo", models.OneToOneField("Author", CASCADE, related_name="+"))]),
migrations.CreateModel("Local", [("id", models.AutoField(primary_key=True)), ("title", models.CharField(max_length=255)),
    ("tags", models.ManyToManyField("Tag", related_name="locals"))]),
"""
STEPS: dict[str, str | Step] = {
    "tables": TABLES,
    "reference to a proxy": """
        migrations.CreateModel("Reference", [("id", models.AutoField(primary_key=True)),
            ("author", models.ForeignKey("Proxy", CASCADE, related_name="+"))]),""",
    "model with database cascade": """
        migrations.CreateModel("Child", [("id", models.AutoField(primary_key=True)),
            ("parent", models.ForeignKey("Author", DB_SET_NULL, null=True))]),""",
    "model out of order": """
        migrations.CreateModel("First", [("id", models.AutoField(primary_key=True))]),
        migrations.CreateModel("Second", [("id", models.AutoField(primary_key=True)),
            ("first", models.ForeignKey("First", CASCADE)), ("book", models.ForeignKey("Book", CASCADE))]),
        migrations.AddField("First", "second", models.ForeignKey("Second", CASCADE, null=True, related_name="+")),""",
    "repointed": 'migrations.AlterField("Book", "author", models.ForeignKey("Tag", CASCADE, related_name="+")),',
    "only its options": 'migrations.AlterField("Book", "author", models.ForeignKey("Tag", PROTECT, editable=False, related_name="+")),',
    "cascade in the database": 'migrations.AlterField("Book", "author", models.ForeignKey("Tag", DB_CASCADE, related_name="+")),',
    "set null in the database": """
        migrations.AlterField("Child", "parent", models.ForeignKey("Author", DB_CASCADE, null=True)),
        migrations.AlterField("Book", "author", models.ForeignKey("Tag", DB_SET_NULL, null=True, related_name="+")),""",
    "cascade in Python": 'migrations.AlterField("Book", "author", models.ForeignKey("Tag", CASCADE, null=True, related_name="+")),',
    "constraint": 'migrations.AlterField("Book", "weak", models.ForeignKey("Author", CASCADE, related_name="+")),',
    "no constraint": """
        migrations.AlterField("Book", "weak", models.ForeignKey("Author", CASCADE, db_constraint=False, related_name="+")),""",
    "one to one": 'migrations.AlterField("Book", "author", models.OneToOneField("Tag", CASCADE, related_name="+")),',
    "one to one and its options": 'migrations.AlterField("Book", "author", models.OneToOneField("Tag", PROTECT, related_name="+")),',
    "no more one to one": """
        migrations.AlterField("Book", "author", models.ForeignKey("Tag", CASCADE, related_name="+")),
        migrations.AlterField("Book", "solo", models.ForeignKey("Author", CASCADE, related_name="+")),""",
    "integer to key": 'migrations.AlterField("Book", "number", models.ForeignKey("Author", CASCADE, related_name="+")),',
    "char to key": 'migrations.AlterField("Book", "text", models.ForeignKey("Author", CASCADE, blank=True, related_name="+")),',
    "text to key": 'migrations.AlterField("Book", "long", models.ForeignKey("Author", CASCADE, blank=True, related_name="+")),',
    "key to float": 'migrations.AlterField("Book", "long", models.FloatField()),',
    "not null after an update": """
        migrations.RunSQL("UPDATE keys_child SET parent_id = 1", migrations.RunSQL.noop),
        migrations.AlterField("Child", "parent", models.ForeignKey("Author", CASCADE)),""",
    "orphans": Step(
        """
        migrations.RunSQL("UPDATE keys_book SET weak_id = -weak_id WHERE id = 3", "UPDATE keys_book SET weak_id = id"),
        migrations.AlterField("Book", "weak", models.ForeignKey("Author", CASCADE, related_name="+")),"""
    ),
    "many to many": 'migrations.AddField("Author", "tags", models.ManyToManyField("Tag", related_name="authors")),',
    "many to many without constraint": """
        migrations.AddField("Author", "loose", models.ManyToManyField("Tag", related_name="+", db_constraint=False)),""",
    "many to many with a table": 'migrations.AddField("Author", "named", models.ManyToManyField("Tag", related_name="+", db_table="keys named")),',
    "many to many to itself": 'migrations.AddField("Author", "friends", models.ManyToManyField("self")),',
    "many to many through": """
        migrations.CreateModel("Between", [("id", models.AutoField(primary_key=True)),
            ("author", models.ForeignKey("Author", CASCADE)), ("tag", models.ForeignKey("Tag", CASCADE))]),
        migrations.AddField("Author", "through", models.ManyToManyField("Tag", through="Between", related_name="+")),""",
    "many to many and its options": """
        migrations.AlterField("Author", "tags", models.ManyToManyField("Tag", related_name="authors", blank=True)),
        migrations.AlterField("Author", "through", models.ManyToManyField("Tag", through="Between", related_name="+", blank=True)),""",
    "many to many renamed": 'migrations.RenameField("Author", "tags", "labels"),',
    "many to many repointed": 'migrations.AlterField("Author", "labels", models.ManyToManyField("Book", related_name="+")),',
    "many to many pointed at itself": 'migrations.AlterField("Local", "tags", models.ManyToManyField("self")),',
    "field in the target": """
        migrations.RenameField("Tag", "title", "title1"),
        migrations.AlterField("Tag", "title1", models.CharField(max_length=254)),""",
    "many to many removed": """
        migrations.RemoveField("Author", "labels"),
        migrations.RemoveField("Author", "named"),""",
    "through removed": """
        migrations.RemoveField("Author", "through"),
        migrations.DeleteModel("Between"),""",
    "key removed": 'migrations.RemoveField("Child", "parent"),',
}
OTHER = """
migrations.CreateModel("Rider", [("id", models.AutoField(primary_key=True))]),
"""
REFUSED = frozenset(
    {
        "down char to key",
        "down key to float",
        "down text to key",
        "up char to key",
        "up field in the target",
        "up key to float",
        "up text to key",
    }
)
FAILED = frozenset(
    {
        "down key removed",
        "up orphans",
    }
)
STORY = Story("keys", STEPS, refused=REFUSED, failed=FAILED)
