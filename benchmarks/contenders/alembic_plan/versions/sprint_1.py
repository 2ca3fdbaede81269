"""Sprint 1 of the plan."""

from __future__ import annotations

from alembic import op

from benchmarks.contenders.alembic_plan.plan import statements

revision = "sprint_1"
down_revision = "ea90695"


def upgrade() -> None:
    """Run the plan's statements in their order."""
    for statement in statements(1):
        op.execute(statement)
