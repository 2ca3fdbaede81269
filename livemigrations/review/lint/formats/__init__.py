"""The forms in which a report is written: each is a function from a report to the lines of its output."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from livemigrations.review.lint.findings import Report
from livemigrations.review.lint.formats.github import github
from livemigrations.review.lint.formats.sarif import sarif
from livemigrations.review.lint.formats.text import text


def _json(report: Report) -> Iterator[str]:
    yield json.dumps(report.to_json(), indent=2)


def _sarif(report: Report) -> Iterator[str]:
    yield json.dumps(sarif(report), indent=2)


FORMATS: dict[str, Callable[[Report], Iterator[str]]] = {
    "text": text,
    "json": _json,
    "sarif": _sarif,
    "github": github,
}
