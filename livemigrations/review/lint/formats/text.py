"""For people: each finding with its lines, the reason and the safe code once for each rule, and a summary."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill, indent

from livemigrations.review.lint.findings import Finding, Report, Rule, Severity
from livemigrations.review.lint.sources import read
from livemigrations.review.words import plural

_FRAME, _WIDTH = 6, 110


def text(report: Report) -> Iterator[str]:
    """Yield the lines of the report."""
    explained: set[str] = set()
    for finding in report.open:
        yield from _finding(finding)
        if finding.rule.id not in explained:
            explained.add(finding.rule.id)
            yield from _explanation(finding)
        if finding.instead:
            yield "  Instead:"
            yield indent(finding.instead, "      ")
        yield ""
    yield _summary(report)


def _finding(finding: Finding) -> Iterator[str]:
    rule, place = finding.rule, finding.place
    yield f"{place.path}:{place.line}: {rule.severity.value} {rule.id} {rule.name}"
    operation = f", operation {finding.operation}: {finding.description}" if finding.operation else ""
    yield f"  {finding.migration}{operation}"
    yield from _frame(finding)
    yield fill(finding.message, _WIDTH, initial_indent="  ", subsequent_indent="  ")


def _frame(finding: Finding) -> Iterator[str]:
    """The lines of the operation, the first ones if there are many."""
    lines = read(finding.place.path).lines
    first, last = finding.place.line, min(finding.place.end_line, finding.place.line + _FRAME - 1)
    for number in range(first, min(last, len(lines)) + 1):
        yield f"  {number:>5} | {lines[number - 1]}"
    if finding.place.end_line > last and lines:
        yield f"        | … to line {finding.place.end_line}"


def _explanation(finding: Finding) -> Iterator[str]:
    yield fill(finding.rule.why, _WIDTH, initial_indent="  Why: ", subsequent_indent="  ")
    if not finding.instead:
        yield "  Instead, for example:"
        yield indent(finding.rule.good, "      ")


def _summary(report: Report) -> str:
    counts = [plural(count, severity.value) for severity in Severity if (count := report.count(severity))]
    allowed = len(report.findings) - len(report.open)
    tail = f", {allowed} allowed by comments" if allowed else ""
    return f"{plural(len(report.migrations), 'migration')}: {', '.join(counts) or 'nothing found'}{tail}."


def explained(rule: Rule) -> Iterator[str]:
    """Yield the lines that explain one rule."""
    engines = "" if len(rule.engines) > 1 else f" (only for --engine {next(iter(rule.engines)).value})"
    default = "" if rule.default else ", off by default"
    yield f"{rule.id} {rule.name}: {rule.severity.value}{default}{engines}"
    yield f"  {rule.title}"
    yield fill(rule.why, _WIDTH, initial_indent="  Why: ", subsequent_indent="  ")
    yield "  Bad:"
    yield indent(rule.bad, "      ")
    yield "  Good:"
    yield indent(rule.good, "      ")
    for tool, names in rule.peers.items():
        yield f"  In {tool}: {', '.join(names)}"
