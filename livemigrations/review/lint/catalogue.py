"""The rules as Markdown: the body of docs/lint-rules.md."""

from __future__ import annotations

from collections.abc import Iterator

from livemigrations.review.lint.findings import Engine, Rule
from livemigrations.review.lint.rules import FAMILIES

_TOOLS = ("squawk", "strong_migrations", "eugene", "atlas")


def catalogue() -> Iterator[str]:
    """Yield the lines: a table of all rules, then each of them with its reason, Bad and Good."""
    for family, rules in FAMILIES.items():
        yield f"## {family}"
        yield ""
        yield "| rule | name | | squawk | strong_migrations | eugene | Atlas |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        for rule in rules:
            yield _row(rule)
        yield ""
        for rule in rules:
            yield from _section(rule)


def _row(rule: Rule) -> str:
    peers = [", ".join(f"`{name}`" for name in rule.peers.get(tool, ())) for tool in _TOOLS]
    cells = [f"[{rule.id}](#{rule.id.lower()}-{rule.name})", rule.name, ", ".join(_marks(rule)), *peers]
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def _marks(rule: Rule) -> Iterator[str]:
    yield rule.severity.value
    if not rule.default:
        yield "off by default"
    if rule.engines == frozenset({Engine.DJANGO}):
        yield "Django's engine"
    elif rule.engines == frozenset({Engine.LIVE}):
        yield "the live engine"


def _section(rule: Rule) -> Iterator[str]:
    yield f"### {rule.id} {rule.name}"
    yield ""
    yield f"{rule.title}. {rule.why}"
    yield ""
    for word, code in (("Bad", rule.bad), ("Good", rule.good)):
        yield f"{word}:"
        yield ""
        yield "```python"
        yield from code.splitlines()
        yield "```"
        yield ""
