"""Findings that a comment in the file allows, with its reason.

``# lint: allow LM201 because the column was never released`` stands on the lines of the operation or right above
it; ``# lint: allow-file LM401 because …`` anywhere and holds for the whole file. Several rules take commas.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field

from livemigrations.review.lint.findings import Finding, Place
from livemigrations.review.lint.sources import Source

_COMMENT = re.compile(r"#\s*lint:\s*(?P<verb>allow(?:-file)?)\b(?P<rest>.*)$", re.IGNORECASE)
_RULE = re.compile(r"\bLM\d{3}\b", re.IGNORECASE)
_BECAUSE = re.compile(r"\bbecause\b", re.IGNORECASE)


@dataclass(slots=True)
class Allowance:
    """One comment. ``line`` is its own, ``covers`` the line of code that it belongs to; 0 is the whole file."""

    rules: tuple[str, ...]
    reason: str
    line: int
    covers: int
    used: set[str] = field(default_factory=set)

    def fits(self, finding: Finding) -> bool:
        """Whether the comment is about this finding."""
        place = finding.place
        here = self.covers == 0 or place.line <= self.covers <= place.end_line or self.covers == place.first
        return finding.rule.id in self.rules and here


def allowances(source: Source) -> list[Allowance]:
    """The comments of a file that allow something, whether they give a reason or not."""
    if not source.text:
        return []
    return list(_read(source))


def _read(source: Source) -> Iterator[Allowance]:
    lines = source.lines
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type != tokenize.COMMENT or not (match := _COMMENT.search(token.string)):
            continue
        head, *reason = _BECAUSE.split(match["rest"], maxsplit=1)
        line = token.start[0]
        covers = line if lines[line - 1][: token.start[1]].strip() else _next_code(lines, line)
        covers = 0 if match["verb"].lower() == "allow-file" else covers
        yield Allowance(tuple(_RULE.findall(head.upper())), "".join(reason).strip(), line, covers)


def _next_code(lines: list[str], line: int) -> int:
    """The first line below a comment that is neither a comment nor empty."""
    for number in range(line + 1, len(lines) + 1):
        text = lines[number - 1].strip()
        if text and not text.startswith("#"):
            return number
    return line


def apply(findings: list[Finding], allowed: list[Allowance]) -> list[Finding]:
    """Mark the findings that a comment with a reason allows; comments learn what they were used for."""
    marked = []
    for finding in findings:
        for allowance in allowed:
            if allowance.fits(finding):
                allowance.used.add(finding.rule.id)
                if allowance.reason and not finding.allowed:
                    finding = finding.with_reason(allowance.reason)  # noqa: PLW2901 - the same finding, marked
        marked.append(finding)
    return marked


def place_of(source: Source, allowance: Allowance) -> Place:
    """Where a comment stands."""
    return source.place((allowance.line, allowance.line))
