"""Unique and check constraints of every form, added and taken away."""

from __future__ import annotations

from tests.livemigrations.schema.story import Step, Story

TABLES = """
migrations.CreateModel("Author", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=100)),
    ("surname", models.CharField(max_length=100, db_default="")), ("rebate", models.CharField(max_length=100)),
    ("height", models.PositiveIntegerField(null=True)), ("weight", models.IntegerField(null=True)),
    ("uuid", models.UUIDField(null=True)), ("lag", models.DurationField()), ("data", models.JSONField()),
    ("birthday", models.DateField()), ("read", models.PositiveIntegerField()), ("unread", models.PositiveIntegerField())]),
migrations.CreateModel("Book", [("id", models.BigAutoField(primary_key=True)), ("author", models.ForeignKey("Author", CASCADE)),
    ("title", models.CharField(max_length=100, db_index=True)), ("slug", models.CharField(max_length=20, unique=True)),
    ("pub_date", models.DateTimeField())]),
migrations.CreateModel("Tag", [("id", models.BigAutoField(primary_key=True)), ("title", models.CharField(max_length=255)),
    ("slug", models.SlugField(unique=True)), ("year", models.IntegerField())], options={"unique_together": {("year", "title")}}),
migrations.CreateModel("Key", [("id", models.AutoField(primary_key=True)), ("name", models.CharField(max_length=30, unique=True)),
    ("pink", models.IntegerField(default=3)), ("weight", models.FloatField())],
    options={"unique_together": {("id",), ("name",), ("pink", "weight"), ("pink",)}, "index_together": {("pink",)}}),
"""
LOOKUPS = """
models.CharField.register_lookup(Lower)
models.IntegerField.register_lookup(Abs)
"""


def check(name: str, condition: str, model: str = "Author") -> str:
    return f'migrations.AddConstraint("{model}", CheckConstraint(condition={condition}, name="{name}")),'


def unique(name: str, rest: str, model: str = "Author") -> str:
    return f'migrations.AddConstraint("{model}", UniqueConstraint({rest}, name="{name}")),'


STEPS: dict[str, str | Step] = {
    "tables": TABLES,
    "model with constraints": """
        migrations.CreateModel("Pony", [("id", models.AutoField(primary_key=True)), ("pink", models.IntegerField(default=3)),
            ("weight", models.FloatField()), ("price", models.IntegerField(null=True))],
            options={"constraints": [
                CheckConstraint(condition=Q(pink__gt=-2), name="pony_pink_gt_2"),
                CheckConstraint(condition=RawSQL("price < %s", (100000,), output_field=models.BooleanField()), name="pony_price_raw"),
                CheckConstraint(condition=ExpressionWrapper(Q(price__gt=-500) | Q(price__lt=-500),
                    output_field=models.BooleanField()), name="pony_price_wrap"),
                UniqueConstraint(fields=["pink"], condition=Q(weight__gt=5), name="pony_pink_partial"),
                UniqueConstraint(fields=["pink"], name="pony_deferrable_pink", deferrable=models.Deferrable.DEFERRED),
                UniqueConstraint(fields=["pink"], include=["weight"], name="pony_pink_covering")]}),""",
    "model with together": """
        migrations.CreateModel("Rider", [("id", models.AutoField(primary_key=True)), ("number", models.IntegerField(default=1)),
            ("pony", models.ForeignKey("Pony", CASCADE))]),
        migrations.AlterUniqueTogether("Rider", {("number", "pony")}),
        migrations.AlterUniqueTogether("Rider", {("pony", "number"), ("number",)}),""",
    "together": """
        migrations.AlterUniqueTogether("Book", {("author", "title")}),
        migrations.AlterUniqueTogether("Tag", set()),""",
    "together again": """
        migrations.AlterUniqueTogether("Book", set()),
        migrations.AlterUniqueTogether("Tag", {("year", "title"), ("year", "slug")}),
        migrations.AddField("Tag", "slug2", models.SlugField(null=True)),""",
    "together beside a constraint": unique("tag_year_title_uniq", 'fields=["year", "title"]', "Tag"),
    "no together beside a constraint": """
        migrations.AlterUniqueTogether("Tag", {("slug2", "title")}),
        migrations.RemoveConstraint("Tag", "tag_year_title_uniq"),""",
    "together on a key and on a unique field": """
        migrations.AlterUniqueTogether("Key", {("name",), ("pink", "weight"), ("pink",)}),
        migrations.AlterUniqueTogether("Key", {("pink", "weight")}),""",
    "index together": """
        migrations.AlterIndexTogether("Key", set()),
        migrations.AlterIndexTogether("Tag", {("slug", "title")}),
        migrations.AlterIndexTogether("Key", {("pink", "weight")}),""",
    "index together with unique together": 'migrations.AlterIndexTogether("Key", set()),',
    "unique": unique("name_uq", 'fields=["name"]'),
    "unique and its message": """
        migrations.AlterConstraint("Author", "name_uq", UniqueConstraint(
            fields=["name"], name="name_uq", violation_error_message="Name isn't unique")),""",
    "unique expression": unique("func_upper_uq", 'Upper("name").desc()'),
    "unique expressions": unique("func_upper_lower_uq", 'Upper("title"), Lower("slug")', "Book"),
    "unique field and expression": unique("func_f_lower_uq", 'F("height").desc(), "uuid", Lower("name").asc()'),
    "unique partial expression": unique("func_cond_uq", 'Upper("name"), condition=Q(weight__isnull=False)'),
    "unique covering expression": unique("func_covering_uq", 'Upper("name"), include=["weight", "height"]'),
    "unique lookups": Step(unique("func_lookup_uq", 'F("name__lower"), F("weight__abs")'), code=LOOKUPS),
    "unique collation": unique(
        "func_collate_uq", 'Collate(F("title"), collation="C").desc(), Collate("slug", collation="C")', "Book"
    ),
    "unique nulls": unique("distinct_height", 'F("height"), nulls_distinct=True')
    + unique("not_distinct_weight", 'F("weight"), nulls_distinct=False')
    + unique("not_distinct_both", 'fields=["height", "weight"], nulls_distinct=False')
    + unique("not_distinct_a", 'fields=["height", "weight"], condition=Q(name__startswith="A"), nulls_distinct=False'),
    "unique of fields": unique("wider_uq", '"height", "weight"')
    + 'migrations.AlterField("Author", "weight", models.IntegerField(default=1)),',
    "unique partial": unique("partial_uq", 'fields=["height"], condition=Q(weight__gt=5)'),
    "unique deferrable": unique("deferred_uq", 'fields=["height"], deferrable=models.Deferrable.DEFERRED')
    + unique("immediate_uq", 'fields=["height"], deferrable=models.Deferrable.IMMEDIATE'),
    "unique covering": unique("covering_uq", 'fields=["height"], include=["weight"]'),
    "unique operator classes": unique("opclass_uq", 'fields=["name"], opclasses=["varchar_pattern_ops"]')
    + unique("opclasses_uq", 'fields=["name", "surname"], opclasses=["varchar_pattern_ops", "text_pattern_ops"]')
    + unique(
        "opclass_some_uq",
        """fields=["name"], opclasses=["varchar_pattern_ops"], condition=Q(rebate__contains="Sir B's %")""",
    )
    + unique("opclass_more_uq", 'fields=["name"], opclasses=["varchar_pattern_ops"], include=["rebate"]')
    + unique("opclass_func_uq", 'OpClass(Lower("name"), name="text_pattern_ops")'),
    "unique of a key": unique("book_some_uniq", '"author", condition=Q(title__in=["tHGttG", "tRatEotU"])', "Book")
    + unique("book_author_title_uniq", 'fields=["author", "title"]', "Book"),
    "unique that rows share": Step("""
        migrations.RunSQL("UPDATE constraints_author SET rebate = 'x' WHERE id < 9", migrations.RunSQL.noop),
        migrations.AddConstraint("Author", UniqueConstraint(Lower("rebate"), name="rebate_uq")),"""),
    "uniques removed": """
        migrations.RemoveConstraint("Author", "name_uq"),
        migrations.RemoveConstraint("Author", "func_upper_uq"),
        migrations.RemoveConstraint("Author", "deferred_uq"),
        migrations.RemoveConstraint("Author", "covering_uq"),
        migrations.RemoveConstraint("Author", "partial_uq"),
        migrations.RemoveConstraint("Author", "not_distinct_both"),
        migrations.RemoveConstraint("Book", "book_some_uniq"),
        migrations.RemoveConstraint("Book", "book_author_title_uniq"),""",
    "check": check("height_gte_0", "Q(height__gte=0)") + check("height_lt", "Q(height__lt=10000)"),
    "check of several": check("height_or", "Q(height__gt=2, weight__gt=2) | Q(weight__lt=10)"),
    "check with marks": check("starts", '~Q(name__startswith="Albert")')
    + check("ends", '~Q(rebate__endswith="%")')
    + check("starts_with_field", '~Q(surname__startswith=F("name"), id__lt=0)')
    + check("equals", "~Q(name='%') & ~Q(name=\"it's\")"),
    "check duration": check("duration_gt", "Q(lag__gt=timedelta(minutes=5))"),
    "check json": check("json_version", 'Q(data__n__isnull=False) | Q(data__version="stable")'),
    "check of a key": check("book_author_check", "Q(author__gt=0)", "Book"),
    "checks removed": """
        migrations.RemoveConstraint("Author", "height_gte_0"),
        migrations.RemoveConstraint("Author", "starts"),
        migrations.RemoveConstraint("Author", "json_version"),""",
    "check not valid": Step("""
        migrations.RemoveConstraint("Author", "height_lt"),
        migrations.RunSQL("UPDATE constraints_author SET height = 50000 WHERE id = 1", migrations.RunSQL.noop),
        operations.AddConstraintNotValid("Author", CheckConstraint(condition=Q(height__lt=20000), name="height_nv")),"""),
    "check validated": 'operations.ValidateConstraint("Author", "height_nv"),',
    "check that rows break": check("book_combinable", 'Q(read=100 - F("unread"))'),
}
FAILED = frozenset(
    {
        "up check that rows break",
        "up check validated",
        "up unique that rows share",
    }
)
STORY = Story("constraints", STEPS, failed=FAILED)
