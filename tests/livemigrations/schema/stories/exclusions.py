"""Exclusion constraints of every form, and checks over ranges and arrays."""

from __future__ import annotations

from tests.livemigrations.schema.story import Step, Story

TABLES = """
migrations.CreateModel("Span", [("id", models.BigAutoField(primary_key=True)), ("ints", fields.IntegerRangeField(null=True)),
    ("decimals", fields.DecimalRangeField(null=True)), ("dates", fields.DateRangeField(null=True)),
    ("dates_inner", fields.DateRangeField(null=True)), ("stamps", fields.DateTimeRangeField(null=True)),
    ("number", models.IntegerField(null=True)), ("cancelled", models.BooleanField(null=True)),
    ("begins", models.DateTimeField(null=True)), ("ends", models.DateTimeField(null=True)),
    ("field", ArrayField(models.IntegerField(), default=list))]),
"""
RANGE = """
class TsTzRange(Func):
    function = "TSTZRANGE"
    output_field = fields.DateTimeRangeField()
"""
ADJACENT = 'expressions=[("ints", RangeOperators.ADJACENT_TO)]'
CLASSED = 'expressions=[(OpClass("ints", name="range_ops"), RangeOperators.ADJACENT_TO)]'


def exclude(name: str, rest: str) -> str:
    return f'migrations.AddConstraint("Span", constraints.ExclusionConstraint(name="{name}", {rest})),'


def check(name: str, condition: str) -> str:
    return f'migrations.AddConstraint("Span", CheckConstraint(condition={condition}, name="{name}")),'


STEPS: dict[str, str | Step] = {
    "tables": TABLES,
    "model": """
        migrations.CreateModel("Room", [("id", models.BigAutoField(primary_key=True)), ("number", models.IntegerField())],
            options={"constraints": [constraints.ExclusionConstraint(name="room_number", index_type="hash",
                expressions=[("number", RangeOperators.EQUAL)])]}),""",
    "ranges": check("ints_between", "~Q(ints__contained_by=(-30, -10))")
    + check("dates_contain", 'Q(dates__contains=F("dates_inner")) | Q(id__gt=0)')
    + check("stamps_contain", "~Q(stamps__contains=datetime(1999, 1, 1, tzinfo=UTC))")
    + check("ints_bounds", "Q(ints__startswith__gte=0) & Q(ints__endswith__lte=99999)")
    + check("ints_positive", "Q(ints__isnull=True) | Q(ints__startswith__gte=0)"),
    "arrays": check("array_contains", "~Q(field__contains=[1])") + check("array_length", "~Q(field__len=7)"),
    "adjacent": exclude("ints_adjacent", ADJACENT),
    "deferred": exclude("ints_deferred", f"{ADJACENT}, deferrable=models.Deferrable.DEFERRED"),
    "condition": exclude(
        "ints_condition", f"{ADJACENT}, condition=Q(ints__lt=(100, 200)), deferrable=models.Deferrable.DEFERRED"
    ),
    "include": exclude("ints_gist", f'{ADJACENT}, index_type="gist", include=["decimals", "ints"]')
    + exclude("ints_spgist", f'{ADJACENT}, index_type="spgist", include=["decimals", "ints"]'),
    "include with condition": exclude(
        "ints_gist_if", f'{ADJACENT}, index_type="gist", include=["decimals"], condition=Q(id__gte=100)'
    )
    + exclude("ints_spgist_if", f'{ADJACENT}, index_type="spgist", include=["decimals"], condition=Q(id__gte=100)'),
    "include deferred": exclude(
        "ints_gist_later", f'{ADJACENT}, index_type="gist", include=["decimals"], deferrable=models.Deferrable.DEFERRED'
    )
    + exclude(
        "ints_spgist_later",
        f'{ADJACENT}, index_type="spgist", include=["decimals"], deferrable=models.Deferrable.DEFERRED',
    ),
    "operator class": exclude("ints_class", CLASSED)
    + exclude("ints_class_if", f"{CLASSED}, condition=Q(id__gte=100)")
    + exclude("ints_class_later", f"{CLASSED}, deferrable=models.Deferrable.DEFERRED")
    + exclude("ints_class_gist", f'{CLASSED}, index_type="gist", include=["decimals"]')
    + exclude("ints_class_spgist", f'{CLASSED}, index_type="spgist", include=["decimals"]'),
    "of a function": Step(
        exclude(
            "span_overlaps",
            'expressions=[(OpClass(TsTzRange("begins", "ends", RangeBoundary()), "range_ops"), RangeOperators.OVERLAPS)],'
            " condition=Q(cancelled=False)",
        ),
        code=RANGE,
    ),
    "hash": exclude("number_hash", 'index_type="hash", expressions=[(F("number"), RangeOperators.EQUAL)]'),
    "that rows break": """
        migrations.RunSQL("UPDATE exclusions_span SET number = 1 WHERE id < 3", migrations.RunSQL.noop),
        migrations.AddConstraint("Span", constraints.ExclusionConstraint(name="number_again", index_type="hash",
            expressions=[("number", RangeOperators.EQUAL)], condition=Q(id__gt=0))),""",
    "removed": """
        migrations.RemoveConstraint("Span", "ints_adjacent"),
        migrations.RemoveConstraint("Span", "ints_class"),
        migrations.RemoveConstraint("Span", "number_hash"),""",
}
REFUSED = frozenset(
    {
        "down removed",
        "up adjacent",
        "up condition",
        "up deferred",
        "up hash",
        "up include",
        "up include deferred",
        "up include with condition",
        "up of a function",
        "up operator class",
        "up that rows break",
    }
)
FAILED = frozenset(
    {
        "up that rows break",
    }
)
STORY = Story("exclusions", STEPS, refused=REFUSED, failed=FAILED)
