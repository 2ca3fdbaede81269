"""``migrations lint``: what is wrong with a migration, seen from its file and from the state before it.

``runner.lint`` reads the migrations in their order (``history``), turns each operation, and each statement of SQL,
into effects (``from_operations``, ``from_sql``), asks the checks about them and marks what comments allow. ``rules`` says what
each finding means, ``formats`` writes the report.
"""

from livemigrations.review.lint.findings import Engine, Finding, Report, Rule, Severity
from livemigrations.review.lint.rules import RULES
from livemigrations.review.lint.runner import choice, lint
from livemigrations.review.lint.scope import Request

__all__ = ["RULES", "Engine", "Finding", "Report", "Request", "Rule", "Severity", "choice", "lint"]
