"""SARIF 2.1.0, which code scanning of GitHub, GitLab and others reads."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from livemigrations.review.lint.findings import Finding, Report, Rule
from livemigrations.review.lint.rules import RULES

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(report: Report) -> dict[str, Any]:
    """The report as a SARIF log: rules with their help, results with suppressions for what comments allow."""
    rules = [rule for rule in RULES.values() if report.engine in rule.engines]
    places = {rule.id: index for index, rule in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {**_driver(), "rules": [_rule(rule) for rule in rules]}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, places[finding.rule.id]) for finding in report.findings],
                "properties": {"engine": report.engine.value, "migrations": report.migrations},
            }
        ],
    }


def _driver() -> dict[str, Any]:
    try:
        number = version("teppan")
    except PackageNotFoundError:  # only the package itself was copied into a project
        return {"name": "livemigrations lint"}
    return {"name": "livemigrations lint", "version": number}


def _rule(rule: Rule) -> dict[str, Any]:
    help_ = f"{rule.why}\n\nBad:\n\n{rule.bad}\n\nGood:\n\n{rule.good}"
    markdown = f"{rule.why}\n\n**Bad**\n\n```python\n{rule.bad}\n```\n\n**Good**\n\n```python\n{rule.good}\n```"
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": help_, "markdown": markdown},
        "defaultConfiguration": {"enabled": rule.default, "level": rule.severity.value},
        "properties": {"tags": ["migrations", "postgresql"], "peers": {k: list(v) for k, v in rule.peers.items()}},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    place = finding.place
    result: dict[str, Any] = {
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": finding.rule.severity.value,
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _artifact(place.path),
                    "region": {"startLine": place.line, "endLine": place.end_line},
                },
                "logicalLocations": [{"fullyQualifiedName": finding.migration, "kind": "module"}],
            }
        ],
        "partialFingerprints": {"livemigrations/v1": finding.fingerprint},
        "properties": {"operation": finding.operation, "subject": finding.subject, "instead": finding.instead},
    }
    if finding.allowed:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.allowed}]
    return result


def _artifact(path: str) -> dict[str, str]:
    """A file inside the working folder is named from its root, so that the log reads the same on every machine."""
    if PurePath(path).is_absolute():
        return {"uri": PurePath(path).as_uri()}
    return {"uri": quote(path), "uriBaseId": "%SRCROOT%"}
