"""For GitHub Actions: one workflow command a finding, shown beside the lines of the pull request."""

from __future__ import annotations

from collections.abc import Iterator

from livemigrations.review.lint.findings import Finding, Report, Severity

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def github(report: Report) -> Iterator[str]:
    """Yield a line for each finding that counts or advises; what a comment allows is left out."""
    for finding in report.open:
        yield _line(finding)


def _line(finding: Finding) -> str:
    place = finding.place
    properties = {
        "file": place.path,
        "line": str(place.line),
        "endLine": str(place.end_line),
        "title": f"{finding.rule.id} {finding.rule.name}",
    }
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    instead = f"Instead:\n{finding.instead}" if finding.instead else f"Instead, for example:\n{finding.rule.good}"
    message = _data(f"{finding.message}\n{instead}")
    return f"::{_COMMANDS[finding.rule.severity]} {listed}::{message}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
