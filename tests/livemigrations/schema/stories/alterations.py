"""Fields that change on a table with rows: NULL, defaults, types, uniques, indexes, comments, collations."""

from __future__ import annotations

from tests.livemigrations.schema.story import Step, Story

TABLES = """
migrations.CreateModel("Author", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=255)),
    ("height", models.PositiveIntegerField(null=True)), ("weight", models.IntegerField(null=True)),
    ("pink", models.IntegerField(default=3)), ("share", models.FloatField(null=True)),
    ("yellow", models.CharField(blank=True, null=True, db_default="Yellow", max_length=20)),
    ("price", models.DecimalField(null=True, max_digits=5, decimal_places=2)), ("year", models.IntegerField())]),
migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True)), ("info", models.TextField()),
    ("address", models.TextField(null=True)), ("day", models.TextField()), ("at", models.TextField()),
    ("hour", models.TextField()), ("letters", ArrayField(models.CharField(max_length=16), default=list)),
    ("nested", ArrayField(ArrayField(models.CharField(max_length=16)), default=list))]),
migrations.CreateModel("Book", [("id", models.BigAutoField(primary_key=True)),
    ("title", models.CharField(max_length=100, db_index=True)), ("slug", models.SlugField(unique=True)),
    ("code", models.CharField(max_length=10, db_index=True)), ("author", models.ForeignKey("Author", CASCADE))]),
"""
STEPS: dict[str, str | Step] = {
    "tables": TABLES,
    "to nullable text": 'migrations.AlterField("Author", "name", models.TextField(null=True)),',
    "to text that is not null": 'migrations.AlterField("Author", "name", models.TextField()),',
    "back to shorter char": 'migrations.AlterField("Author", "name", models.CharField(max_length=254)),',
    "nullable": """
        migrations.AlterField("Author", "pink", models.IntegerField(null=True)),
        migrations.AlterField("Note", "info", models.TextField(null=True)),""",
    "not null with default": """
        migrations.AlterField("Author", "height", models.PositiveIntegerField(default=42)),
        migrations.AlterField("Note", "address", models.TextField(blank=True, default="")),""",
    "not null without default": """
        migrations.RunSQL("UPDATE alterations_author SET weight = NULL WHERE id = 7",
            "UPDATE alterations_author SET weight = 7 WHERE id = 7"),
        migrations.AlterField("Author", "weight", models.IntegerField()),""",
    "nothing to do": """
        migrations.AlterField("Author", "pink", models.IntegerField(null=True, default=84)),
        migrations.AlterField("Author", "name", models.CharField(choices=(("Jane", "Jane"), ("Joe", "Joe")), max_length=254)),
        migrations.AlterField("Note", "info", models.TextField(blank=True, null=True)),
        migrations.AlterField("Author", "share", models.FloatField(null=True, db_column="share")),
        migrations.AlterField("Book", "author", models.ForeignKey("Author", blank=True, editable=False,
            error_messages={"invalid": "error"}, help_text="help", limit_choices_to={"limit": "choice"},
            on_delete=PROTECT, related_name="books", related_query_name="book", verbose_name="verbose", db_column="author_id")),""",
    "database default": """
        migrations.AlterField("Author", "share", models.FloatField(null=True, db_default=4.5)),
        migrations.AlterField("Author", "pink", models.IntegerField(null=True, db_default=4)),""",
    "database default function": 'migrations.AlterField("Author", "share", models.FloatField(null=True, db_default=Pi())),',
    "database default instead of null": """
        migrations.RunSQL("UPDATE alterations_author SET pink = NULL, price = NULL, yellow = NULL WHERE id < 5",
            migrations.RunSQL.noop),
        migrations.AlterField("Author", "pink", models.IntegerField(db_default=4)),
        migrations.AlterField("Author", "price", models.DecimalField(max_digits=5, decimal_places=2, db_default=Decimal("12.22"))),
        migrations.AlterField("Author", "yellow", models.CharField(blank=True, db_default="Yellow", max_length=20)),""",
    "same database default": 'migrations.AlterField("Author", "pink", models.IntegerField(db_default=Value(4))),',
    "both defaults of a key": """
        migrations.AlterField("Book", "author", models.ForeignKey("Author", DB_SET_DEFAULT, db_default=1)),""",
    "wider integer": 'migrations.AlterField("Author", "year", models.BigIntegerField()),',
    "text to date": 'migrations.AlterField("Note", "day", models.DateField(blank=True)),',
    "text to time stamp": 'migrations.AlterField("Note", "at", models.DateTimeField(blank=True)),',
    "text to time": 'migrations.AlterField("Note", "hour", models.TimeField(blank=True)),',
    "text to char": 'migrations.AlterField("Note", "info", models.CharField(max_length=50, null=True)),',
    "shorter array": 'migrations.AlterField("Note", "letters", ArrayField(models.CharField(max_length=15), default=list)),',
    "shorter nested array": """
        migrations.AlterField("Note", "nested", ArrayField(ArrayField(models.CharField(max_length=15)), default=list)),""",
    "no check": """
        migrations.AddConstraint("Author", CheckConstraint(condition=Q(height__gte=0), name="author_height_check")),
        migrations.AlterField("Author", "height", models.IntegerField(null=True)),""",
    "check again": """
        migrations.AlterField("Author", "height", models.PositiveIntegerField(null=True)),
        migrations.RemoveConstraint("Author", "author_height_check"),""",
    "no index": 'migrations.AlterField("Book", "title", models.CharField(max_length=100)),',
    "index": """
        migrations.AlterField("Author", "name", models.CharField(max_length=254, db_index=True)),
        migrations.AlterField("Note", "address", models.TextField(db_index=True)),
        migrations.AlterField("Author", "weight", models.IntegerField(db_index=True)),""",
    "index off": """
        migrations.AddIndex("Author", Index(fields=["-name"], name="author_name_idx")),
        migrations.AlterField("Author", "name", models.CharField(max_length=254)),
        migrations.AlterField("Note", "address", models.TextField()),
        migrations.AlterField("Author", "weight", models.IntegerField()),""",
    "unique": """
        migrations.AlterField("Author", "name", models.CharField(max_length=254, unique=True)),
        migrations.AlterField("Book", "title", models.CharField(max_length=100, db_index=True, unique=True)),""",
    "unique and index apart": """
        migrations.AlterField("Book", "title", models.CharField(max_length=100)),
        migrations.AlterField("Author", "name", models.CharField(max_length=254)),""",
    "unique for index": 'migrations.AlterField("Book", "code", models.CharField(max_length=10, unique=True)),',
    "index for unique": 'migrations.AlterField("Book", "code", models.CharField(max_length=10, db_index=True)),',
    "slug with index of its own": 'migrations.AlterField("Book", "slug", models.SlugField(db_index=True, unique=True)),',
    "unique off": 'migrations.AlterField("Book", "slug", models.SlugField()),',
    "unique on": 'migrations.AlterField("Book", "slug", models.SlugField(max_length=75, unique=True)),',
    "unique renamed": """
        migrations.RenameField("Book", "slug", "slug2"),
        migrations.AlterField("Book", "slug2", models.SlugField(max_length=75, unique=True, db_index=False)),""",
    "unique that rows share": """
        migrations.RunSQL("UPDATE alterations_author SET year = 1 WHERE id < 3", "UPDATE alterations_author SET year = id"),
        migrations.AlterField("Author", "year", models.BigIntegerField(unique=True)),""",
    "unique beside a constraint": """
        migrations.AddConstraint("Author", UniqueConstraint(fields=["name"], name="author_name_uniq")),
        migrations.AlterField("Author", "name", models.CharField(max_length=254, unique=True)),""",
    "unique off beside a constraint": """
        migrations.AlterField("Author", "name", models.CharField(max_length=254)),
        migrations.RemoveConstraint("Author", "author_name_uniq"),""",
    "indexed char to text": 'migrations.AlterField("Book", "code", models.TextField(db_index=True)),',
    "indexed text to char": 'migrations.AlterField("Book", "code", models.CharField(max_length=10, db_index=True)),',
    "comment": """
        migrations.AlterField("Author", "name", models.CharField(max_length=254, db_comment="Custom comment")),
        migrations.AlterField("Book", "author", models.ForeignKey("Author", CASCADE, db_comment="FK custom comment")),""",
    "other comment": 'migrations.AlterField("Author", "name", models.CharField(max_length=254, db_comment="it\'s; new")),',
    "comment kept": 'migrations.AlterField("Author", "name", models.CharField(max_length=511, db_comment="it\'s; new")),',
    "no comment": 'migrations.AlterField("Author", "name", models.CharField(max_length=511)),',
    "collation": 'migrations.AlterField("Author", "name", models.CharField(max_length=511, db_collation="C")),',
    "collation kept": 'migrations.AlterField("Author", "name", models.CharField(max_length=600, db_collation="C")),',
    "no collation": 'migrations.AlterField("Author", "name", models.CharField(max_length=600)),',
    "type and collation": """
        migrations.AlterField("Note", "info", models.TextField(null=True, db_collation="POSIX")),
        migrations.AlterField("Note", "letters", ArrayField(models.CharField(max_length=15, db_collation="C"), default=list)),""",
}
REFUSED = frozenset(
    {
        "down collation",
        "down collation kept",
        "down comment kept",
        "down indexed char to text",
        "down no collation",
        "down shorter array",
        "down shorter nested array",
        "down text to date",
        "down text to time",
        "down text to time stamp",
        "down to nullable text",
        "down type and collation",
        "down unique on",
        "down wider integer",
        "up back to shorter char",
        "up collation",
        "up indexed text to char",
        "up no collation",
        "up shorter array",
        "up shorter nested array",
        "up text to char",
        "up text to date",
        "up text to time",
        "up text to time stamp",
        "up wider integer",
    }
)
FAILED = frozenset(
    {
        "up not null without default",
        "up text to date",
        "up text to time",
        "up text to time stamp",
        "up unique that rows share",
    }
)
STORY = Story("alterations", STEPS, refused=REFUSED, failed=FAILED)
