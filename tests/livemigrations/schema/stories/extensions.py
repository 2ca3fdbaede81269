"""What needs extensions or ICU: told where the server has them."""

from __future__ import annotations

from tests.livemigrations.schema.story import Step, Story

NEEDS = ("btree_gin", "btree_gist", "pg_trgm", "bloom", "hstore", "citext", "tablefunc", "unaccent", "cube")
TABLES = """
operations.BtreeGinExtension(), operations.BtreeGistExtension(), operations.TrigramExtension(), operations.HStoreExtension(),
operations.CITextExtension(),
migrations.CreateModel("Author", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=255)),
    ("uuid", models.UUIDField(null=True)), ("room", models.IntegerField(null=True)), ("span", fields.DateTimeRangeField(null=True)),
    ("needs", models.JSONField(null=True)), ("extra", fields.HStoreField(null=True)), ("field", ArrayField(models.IntegerField(), default=list)),
    ("letters", ArrayField(models.CharField(max_length=16), default=list)), ("number", models.CharField(max_length=12))]),
"""


def index(name: str, rest: str, kind: str) -> str:
    return f'migrations.AddIndex("Author", indexes.{kind}({rest}, name="{name}")),'


def exclude(name: str, rest: str) -> str:
    return f'migrations.AddConstraint("Author", constraints.ExclusionConstraint(name="{name}", expressions=[{rest}])),'


STEPS: dict[str, str | Step] = {
    "tables": TABLES,
    "extension": 'operations.CreateExtension("tablefunc"),',
    "extension that is there": "operations.BloomExtension(), operations.BloomExtension(), operations.UnaccentExtension(),",
    "extension made by SQL": 'migrations.RunSQL("CREATE EXTENSION cube", "DROP EXTENSION cube"),',
    "gin": index("name_gin", 'fields=["name"], condition=Q(id__gt=40)', "GinIndex")
    + index("name_gin_place", 'fields=["name"], condition=Q(id__gt=40), db_tablespace="pg_default"', "GinIndex")
    + index("name_trgm", 'OpClass(F("name"), name="gin_trgm_ops")', "GinIndex")
    + index("name_vector", 'Cast("name", search.SearchVectorField())', "GinIndex"),
    "bloom": index("name_bloom", 'fields=["name"]', "BloomIndex")
    + index("name_bloom_more", 'fields=["name"], length=512, columns=[3]', "BloomIndex"),
    "gist": index("name_gist", 'fields=["name"]', "GistIndex")
    + index("name_gist_more", 'fields=["name"], buffering=True, fillfactor=80', "GistIndex")
    + index("name_gist_include", 'fields=["name"], include=["number"]', "GistIndex")
    + index("uuid_gist", 'fields=["uuid"]', "GistIndex"),
    "exclusion": exclude("overlap", '(F("span"), RangeOperators.OVERLAPS), ("room", RangeOperators.EQUAL)')
    + exclude("smoking", '(F("span"), RangeOperators.OVERLAPS), (KeyTextTransform("n", "needs"), RangeOperators.EQUAL)')
    + exclude("equal_cast", '(Cast("number", models.IntegerField()), RangeOperators.EQUAL)')
    + exclude("index_transform", '("field__0", RangeOperators.EQUAL)')
    + exclude("left_equal", '(Left("name", 14), RangeOperators.EQUAL)')
    + exclude("ints_equal", '("room", RangeOperators.EQUAL)'),
    "collations": """
        operations.CreateCollation("C_test", locale="C"),
        operations.CreateCollation("german_phonebook_test", provider="icu", locale="de-u-co-phonebk"),
        operations.CreateCollation("case_insensitive", "und-u-ks-level2", provider="icu", deterministic=False),""",
    "collation removed": 'operations.RemoveCollation("C_test", locale="C"),',
    "case does not matter": """
        migrations.AlterField("Author", "name", models.CharField(max_length=256, db_collation="case_insensitive")),""",
    "case matters": 'migrations.AlterField("Author", "name", models.CharField(max_length=256, db_collation="en-x-icu")),',
    "array collation": """
        migrations.AlterField("Author", "letters", ArrayField(
            models.CharField(max_length=16, db_collation="case_insensitive"), default=list)),""",
    "array collation again": """
        migrations.AlterField("Author", "letters", ArrayField(
            models.CharField(max_length=16, db_collation="en-x-icu"), default=list)),""",
    "unique with collation": """
        migrations.CreateModel("Word", [("id", models.AutoField(primary_key=True)),
            ("field", models.CharField(max_length=16, db_collation="case_insensitive", unique=True)),
            ("exact", models.CharField(max_length=16, db_collation="en-x-icu", unique=True))]),""",
    "relation to collation": """
        migrations.CreateModel("Relation", [("id", models.AutoField(primary_key=True)),
            ("field", models.OneToOneField("Word", CASCADE, to_field="field", related_name="+")),
            ("exact", models.OneToOneField("Word", CASCADE, to_field="exact", related_name="+"))]),""",
}
REFUSED = frozenset(
    {
        "down case does not matter",
        "down case matters",
        "up case does not matter",
        "up case matters",
        "up exclusion",
    }
)
STORY = Story("extensions", STEPS, refused=REFUSED, needs=NEEDS, settings="LIVEMIGRATIONS_KEEP_DROPPED = False")
