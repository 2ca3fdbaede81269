"""Comments that allow a finding, with a reason; those without one, without effect or without a rule are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.livemigrations.review.lint.shelf import Shelf

DROP = 'migrations.RemoveField("thing", "n"),'


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def ids(shelf: Shelf) -> list[tuple[str, str]]:
    return [(finding.rule.id, finding.allowed) for finding in shelf.found()]


@pytest.mark.parametrize(
    "text",
    [
        f"# lint: allow LM201 because it was never released\n{DROP}",
        f"{DROP}  # lint: allow LM201 because it was never released",
        f"# lint: allow LM001, LM201 because it was never released\n# and nobody reads it\n{DROP}",
        'migrations.RemoveField(\n    "thing",\n    "n",  # lint: allow LM201 because it was never released\n),',
        f"{DROP}  # noqa: E501  # lint: allow LM201 because it was never released",
        f"#lint:allow lm201 because it was never released\n{DROP}",
        f"# LINT: ALLOW LM201 BECAUSE it was never released\n{DROP}",
        f"# a form feed \f and a separator \u2028 end no line\n# lint: allow LM201 because it was never released\n{DROP}",
    ],
)
def test_a_comment_allows(shelf: Shelf, text: str) -> None:
    shelf.add(text)
    allowed = [finding for finding in shelf.found() if finding.rule.id == "LM201"]
    assert [finding.allowed for finding in allowed] == ["it was never released"]
    assert "LM901" not in {finding.rule.id for finding in shelf.found()}


def test_an_allowed_finding_does_not_fail(shelf: Shelf) -> None:
    shelf.add(DROP)
    assert shelf.lint().exit_code == 1
    shelf.newest.write_text(shelf.newest.read_text().replace(DROP, f"{DROP}  # lint: allow LM201 because unused"))
    report = shelf.lint()
    assert (report.exit_code, len(report.open), len(report.findings)) == (0, 0, 1)


def test_a_comment_allows_only_what_stands_below_it(shelf: Shelf) -> None:
    shelf.add(f'# lint: allow LM201 because unused\n{DROP}\nmigrations.RemoveField("thing", "name"),')
    assert ids(shelf) == [("LM201", "unused"), ("LM201", "")]


def test_a_whole_file(shelf: Shelf) -> None:
    shelf.add(
        f'{DROP}\nmigrations.RemoveField("thing", "name"),', extra="# lint: allow-file LM201 because unused\n\n\n"
    )
    assert ids(shelf) == [("LM201", "unused"), ("LM201", "unused")]


def test_a_reason_is_required(shelf: Shelf) -> None:
    shelf.add(f"# lint: allow LM201\n{DROP}")
    assert sorted(ids(shelf)) == [("LM201", ""), ("LM901", "")]


def test_an_allowance_that_is_not_needed(shelf: Shelf) -> None:
    shelf.add(f"# lint: allow LM201, LM202 because unused\n{DROP}")
    assert sorted(ids(shelf)) == [("LM201", "unused"), ("LM902", "")]


def test_an_allowance_for_the_other_engine_is_left_alone(shelf: Shelf) -> None:
    shelf.add(f"# lint: allow LM109, LM201 because unused\n{DROP}")
    assert ids(shelf) == [("LM201", "unused")]


@pytest.mark.parametrize("rule", ["LM999", "LM2001", "everything"])
def test_an_allowance_of_no_rule(shelf: Shelf, rule: str) -> None:
    shelf.add(f"# lint: allow {rule} because so\n{DROP}")
    assert "LM903" in {finding for finding, _ in ids(shelf)}


def test_what_stands_in_a_string_is_no_comment(shelf: Shelf) -> None:
    shelf.add("migrations.RunSQL('SELECT 1 -- # lint: allow LM201 because so', ''),")
    assert ids(shelf) == []


def test_a_longer_id_is_no_other_rule(shelf: Shelf) -> None:
    shelf.add(f"# lint: allow LM2011 because it was never released\n{DROP}")
    assert ids(shelf) == [("LM903", ""), ("LM201", "")]
