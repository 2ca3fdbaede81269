"""The tools that are compared: each brings the same legacy database to Sprint 2 in one process of its own."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

HERE = "benchmarks.contenders"


@dataclass(frozen=True)
class Contender:
    """A tool: its command, run in the root of the checkout, and what it needs besides DATABASE_URL."""

    name: str
    says: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


def _django(name: str, says: str) -> Contender:
    command = (sys.executable, "-m", "django", "migrate", "--fake-initial", "--no-input")
    return Contender(name, says, command, {"DJANGO_SETTINGS_MODULE": f"{HERE}.{name}.settings"})


LIVE = Contender("live", "this project", (sys.executable, "manage.py", "migrate", "--sprint", "2", "--no-input"))
ALEMBIC = (sys.executable, "-m", "alembic", "-c", "benchmarks/contenders/alembic_plan/alembic.ini", "upgrade", "head")
CONTENDERS = {
    contender.name: contender
    for contender in (
        LIVE,
        _django("django_plain", "plain Django, the same changes with its own operations"),
        _django("zero_downtime", "those migrations under django-pg-zero-downtime-migrations, timeouts of 2 s"),
        Contender("alembic", "Alembic, the plan's SQL as it is written", ALEMBIC),
    )
}
ALIASES = {"django": "django_plain"}
