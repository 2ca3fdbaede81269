"""Rules about the comments that allow something."""

from __future__ import annotations

from livemigrations.review.lint.findings import Rule, Severity

RULES = [
    Rule(
        id="LM901",
        name="allowance-without-reason",
        severity=Severity.ERROR,
        title="An allowance without a reason",
        why="Who reads it later must know why the rule does not hold here.",
        bad="# lint: allow LM201",
        good="# lint: allow LM201 because the column was never released",
    ),
    Rule(
        id="LM902",
        name="allowance-not-needed",
        severity=Severity.WARNING,
        title="An allowance that allows nothing",
        why="It would hide what comes to stand there later.",
        bad="# lint: allow LM201 because …  (nothing of LM201 is found here)",
        good="# remove the comment",
        peers={"squawk": ("unused-ignore",)},
    ),
    Rule(
        id="LM903",
        name="allowance-of-unknown-rule",
        severity=Severity.ERROR,
        title="An allowance of a rule that does not exist",
        why="It allows nothing; the rule's id is misspelt or missing.",
        bad="# lint: allow LM2001 because …",
        good="# lint: allow LM201 because …",
    ),
]
