"""The forms of a report: each says the same findings, in the shape that its reader expects."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from livemigrations.review.lint import RULES, Report
from livemigrations.review.lint.formats import FORMATS
from livemigrations.review.lint.formats.github import github
from tests.livemigrations.review.lint.shelf import Shelf


@pytest.fixture
def report(tmp_path: Path) -> Report:
    shelf = Shelf(tmp_path)
    shelf.add(
        'migrations.RemoveField("thing", "n"),\n'
        'migrations.RemoveField("thing", "name"),  # lint: allow LM201 because it was never released\n'
        'migrations.RunSQL("SELECT %s" % "100"),\n'
    )
    return shelf.lint(enable=("LM502",))


def written(report: Report, form: str) -> str:
    return "\n".join(FORMATS[form](report))


def test_text(report: Report) -> None:
    text = written(report, "text")
    assert re.search(r"0002_step\.py:\d+: error LM201 column-dropped", text)
    assert 'migrations.RemoveField("thing", "n"),' in text
    assert text.count("Why: ") == len({finding.rule.id for finding in report.open})
    assert text.splitlines()[-1] == "2 migrations: 1 error, 1 warning, 1 note, 1 allowed by comments."


def test_json(report: Report) -> None:
    data = json.loads(written(report, "json"))
    assert (data["errors"], data["warnings"], data["notes"], data["allowed"], data["exit_code"]) == (1, 1, 1, 1, 1)
    assert data["engine"] == "live"
    first = next(finding for finding in data["findings"] if finding["rule"] == "LM201")
    assert first["operation"] == 1
    assert set(first) == {
        "rule", "name", "severity", "migration", "operation", "description", "path", "line", "end_line", "subject",
        "message", "instead", "allowed", "fingerprint",
    }  # fmt: skip


def test_github(report: Report) -> None:
    lines = written(report, "github").splitlines()
    assert len(lines) == len(report.open)
    for line in lines:
        assert re.fullmatch(
            r"::(error|warning|notice) file=[^,:]+,line=\d+,endLine=\d+,title=LM\d{3} [a-z-]+::[^\n]+", line
        )
    assert "%0A" in lines[0]
    assert not any(mark in line.replace("%0A", "").replace("%25", "") for mark in "%\r" for line in lines)


def test_github_ends_a_property_only_where_it_ends(report: Report) -> None:
    place = replace(report.findings[0].place, path="a:b,c%d.py")
    report.findings = [replace(report.findings[0], place=place, allowed="")]
    assert next(iter(github(report))).split(",")[0].endswith("file=a%3Ab%2Cc%25d.py")


def test_sarif(report: Report) -> None:
    log = json.loads(written(report, "sarif"))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.id for rule in RULES.values() if report.engine in rule.engines]
    assert len(run["results"]) == len(report.findings)
    for result in run["results"]:
        _is_result(result, rules)
    suppressed = [result for result in run["results"] if "suppressions" in result]
    assert [result["suppressions"] for result in suppressed] == [
        [{"kind": "inSource", "justification": "it was never released"}]
    ]


def _is_result(result: dict[str, Any], rules: list[dict[str, Any]]) -> None:
    """What the specification asks of a result: §3.27."""
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["level"] in ("error", "warning", "note")
    assert result["message"]["text"]
    (location,) = result["locations"]
    artifact = location["physicalLocation"]["artifactLocation"]
    assert artifact["uri"]
    assert not set(artifact["uri"]) & set("\\ ")
    region = location["physicalLocation"]["region"]
    assert 1 <= region["startLine"] <= region["endLine"]
    assert all(isinstance(value, str) for value in result["partialFingerprints"].values())


def test_every_rule_of_sarif_has_its_help(report: Report) -> None:
    for rule in json.loads(written(report, "sarif"))["runs"][0]["tool"]["driver"]["rules"]:
        assert rule["help"]["text"]
        assert "```python" in rule["help"]["markdown"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        assert re.fullmatch(r"[A-Z][A-Za-z]+", rule["name"])


def test_nothing_found(tmp_path: Path) -> None:
    report = Shelf(tmp_path).lint()
    assert written(report, "text") == "1 migration: nothing found."
    assert written(report, "github") == ""
    assert report.exit_code == 0
