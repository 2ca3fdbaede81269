"""A story: one app whose migrations are told one by one, each a step with a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent, indent

TEXT = """\
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from django.contrib.postgres import constraints, fields, functions, indexes, operations, search
from django.contrib.postgres.fields import ArrayField, RangeBoundary, RangeOperators
from django.contrib.postgres.indexes import OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import CASCADE, DB_CASCADE, DB_SET_DEFAULT, DB_SET_NULL, PROTECT, F, Func, Index, Q, Value
from django.db.models import CheckConstraint, UniqueConstraint
from django.db.models.expressions import ExpressionWrapper, OrderBy, RawSQL
from django.db.models.fields.json import KT, KeyTextTransform
from django.db.models.functions import Abs, Cast, Collate, Concat, Left, Length, Lower, Pi, Random, Round, Upper

{code}


class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = {dependencies!r}
    operations = [
{operations}
    ]
"""


@dataclass(frozen=True)
class Step:
    """One migration: the text of its operations, code before its class, and whether it is atomic."""

    operations: str
    code: str = ""
    atomic: bool = True


@dataclass(frozen=True)
class Story:
    """The steps of an app by name, in order.

    ``needs`` are extensions, ``since`` the oldest major version of PostgreSQL that can tell it. ``refused`` names the
    steps that a populated table may not take, as "up step" or "down step", ``failed`` those that its rows forbid plain
    Django.
    """

    app: str
    steps: Mapping[str, str | Step]
    needs: tuple[str, ...] = ()
    since: int = 15
    refused: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    settings: str = ""
    names: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for number, title in enumerate(self.steps, 1):
            self.names[title] = f"{number:04}_{title.replace(' ', '_').replace('-', '_')}"

    @property
    def single(self) -> list[str]:
        """The steps of one operation: a refused or failed one leaves nothing behind."""
        return [title for title, told in self.steps.items() if _operations(told) == 1]

    def walked(self, stride: int, *, every: int = 1) -> str:
        """The app and the numbers of the migrations to stop at: every so many, and around each that needs it.

        A step that is refused or fails is walked alone, and a new table is filled at once. ``every`` takes some of them.
        """
        last, stops = 0, set()
        for number, (title, told) in enumerate(self.steps.items(), 1):
            makes_table = "CreateModel(" in (told.operations if isinstance(told, Step) else told)
            if {f"up {title}", f"down {title}"} & (self.refused | self.failed):
                stops |= {number - 1, number}
            if makes_table or number - last >= stride:
                stops.add(number)
            last = max(stops, default=0)
        return f"{self.app}@{','.join(str(number) for number in sorted(stops - {0})[every - 1 :: every]) or '0'}"

    def migrations(self) -> dict[str, str]:
        """The texts of the migrations by their names, for ``Project.app``."""
        texts: dict[str, str] = {}
        before: list[tuple[str, str]] = []
        for title, told in self.steps.items():
            step = told if isinstance(told, Step) else Step(told)
            texts[self.names[title]] = TEXT.format(
                code=dedent(step.code).strip(),
                atomic=step.atomic,
                dependencies=before,
                operations=indent(dedent(step.operations).strip("\n"), " " * 8),
            )
            before = [(self.app, self.names[title])]
        return texts


def _operations(told: str | Step) -> int:
    text = told.operations if isinstance(told, Step) else told
    return len(re.findall(r"(?:migrations|operations|live)\.[A-Z]\w+\(", text))
