"""Sprint 2 of the plan."""

from __future__ import annotations

from alembic import op

from benchmarks.contenders.alembic_plan.plan import statements

revision = "sprint_2"
down_revision = "sprint_1"


def upgrade() -> None:
    """Run the plan's statements in their order."""
    for statement in statements(2):
        op.execute(statement)
