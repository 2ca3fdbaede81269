"""The plan's statements, by sprint."""

from __future__ import annotations

import re

import sqlparse

from benchmarks.legacy import PLAN


def statements(sprint: int) -> list[str]:
    """Return the forward SQL of a sprint: the sections whose headings begin with its number."""
    sections = re.split(r"^(?=-- \d+\.\d+ )", PLAN.read_text(), flags=re.MULTILINE)
    wanted = "".join(section for section in sections if section.startswith(f"-- {sprint}."))
    return [statement for statement in sqlparse.split(wanted, strip_semicolon=True) if statement]
