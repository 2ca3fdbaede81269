"""The linter over installed packages: every finding is known, and somebody judged it.

docs/lint-corpus.md has the same for more packages than are installed here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest

from tests.support.database import ROOT

# By package, rule and app: how many, and the verdict of whoever looked.
VERDICTS: dict[str, dict[tuple[str, str], tuple[int, str]]] = {
    "django": {
        ("LM201", "contenttypes"): (1, "true: 0002 drops name, which the release before selects"),
        ("LM306", "auth"): (1, "true: 0011 updates the permissions of proxies in one transaction"),
        ("LM501", "admin"): (1, "true: integer ids"),
        ("LM501", "auth"): (3, "true: integer ids"),
        ("LM501", "contenttypes"): (1, "true: integer ids, of a table that stays small"),
        ("LM501", "flatpages"): (1, "true: integer ids, of a table that stays small"),
        ("LM501", "redirects"): (1, "true: integer ids, of a table that stays small"),
        ("LM501", "sites"): (1, "true: integer ids, of a table that stays small"),
    },
    "django-allauth": {
        ("LM004", "socialaccount"): (1, "true: 0006 makes text jsonb, which rewrites"),
        ("LM205", "mfa"): (1, "true: created_at is NOT NULL without a default in the database"),
        ("LM205", "socialaccount"): (2, "true: provider_id and settings, the same"),
        ("LM306", "account"): (3, "true: 0006 lowers addresses in two tables, 0008 mends them in one, each at once"),
        ("LM501", "account"): (2, "true: integer ids"),
        ("LM501", "socialaccount"): (3, "true: integer ids"),
    },
    "procrastinate": {
        ("LM004", "procrastinate"): (2, "true: 0024 makes the id of a job bigint, 0033 its status an enum"),
        ("LM201", "procrastinate"): (2, "true: started_at, queue_name"),
        ("LM202", "procrastinate"): (2, "true: procrastinate_version, procrastinate_job_locks"),
        ("LM207", "procrastinate"): (1, "false: only a function writes the column, and the same script replaces it"),
        ("LM209", "procrastinate"): (
            26,
            "true: functions and triggers of the release before; its post migrations say so",
        ),
        ("LM210", "procrastinate"): (1, "true: a function is renamed"),
        ("LM305", "procrastinate"): (2, "true: 0032 and 0033 change jobs and their table"),
        ("LM401", "procrastinate"): (38, "true: no reverse SQL"),
        ("LM503", "procrastinate"): (4, "3 true; 1 false: procrastinate_version is dropped by a later migration"),
    },
}


@pytest.fixture(scope="module")
def found() -> dict[str, Counter[tuple[str, str]]]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.lint_corpus", "--json", *VERDICTS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    packages = json.loads(done.stdout)
    return {
        package["package"]: Counter(
            (finding["rule"], finding["migration"].partition(".")[0]) for finding in package["findings"]
        )
        for package in packages
    }


@pytest.mark.slow
@pytest.mark.parametrize("package", VERDICTS)
def test_every_finding_has_its_verdict(package: str, found: dict[str, Counter[tuple[str, str]]]) -> None:
    assert found[package] == {key: count for key, (count, _) in VERDICTS[package].items()}
    assert all(verdict.startswith(("true", "false", "3 true")) for _, verdict in VERDICTS[package].values())
