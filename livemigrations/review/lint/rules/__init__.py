"""Every rule, by its id. An id is never used again for something else."""

from __future__ import annotations

from livemigrations.review.lint.findings import Rule
from livemigrations.review.lint.rules import allowing, design, files, locks, refused, releases, rows

FAMILIES = {
    "What the engine refuses or cannot make safe": refused.RULES,
    "Long locks under Django's own migrate": locks.RULES,
    "What breaks the release before": releases.RULES,
    "Rows": rows.RULES,
    "Files": files.RULES,
    "Design of tables": design.RULES,
    "Allowances": allowing.RULES,
}
RULES: dict[str, Rule] = {rule.id: rule for rules in FAMILIES.values() for rule in rules}

# Those to which the translator's answer for the whole operation is the answer.
TRANSLATED = {
    "LM001", "LM002", "LM003", "LM004", "LM006", "LM016", "LM101", "LM102", "LM103", "LM104", "LM105", "LM106", "LM201",
    "LM202", "LM203", "LM204", "LM205", "LM206", "LM304", "LM307",
}  # fmt: skip
