"""Each rule finds its bad migration and lets its good one pass; the catalogue of them is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from livemigrations.review.lint import RULES, Engine, Finding
from tests.livemigrations.review.lint.cases import CASES, Case
from tests.livemigrations.review.lint.shelf import Shelf
from tests.support.database import ROOT

ELSEWHERE = {
    "LM404",
    "LM405",
    "LM406",
    "LM407",
    "LM408",
    "LM409",
    "LM901",
    "LM902",
    "LM903",
}  # test_files, test_allowances


def judged(shelf: Shelf, rule: str) -> list[Finding]:
    """What the rule finds, under the engine that it is about."""
    django = rule.startswith("LM1") or rule == "LM304"
    found = shelf.found(Engine.DJANGO if django else Engine.LIVE, enable=(rule,))
    return [finding for finding in found if finding.rule.id == rule]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}-{RULES[case.rule].name}")
def test_bad_is_found_and_good_is_not(case: Case, tmp_path: Path) -> None:
    bad, good = Shelf(tmp_path), Shelf(tmp_path)
    bad.add(case.bad, case.attributes, case.extra)
    good.add(case.good, case.good_attributes, case.extra)
    found = judged(bad, case.rule)
    assert found
    assert all(finding.message and finding.place.path.endswith("0002_step.py") for finding in found)
    assert [finding.message for finding in judged(good, case.rule)] == []


def test_every_rule_has_a_case() -> None:
    assert {case.rule for case in CASES} | ELSEWHERE == set(RULES)


def test_ids_and_names_are_unique_and_speak() -> None:
    assert len({rule.name for rule in RULES.values()}) == len(RULES)
    for rule in RULES.values():
        assert rule.why.endswith("."), rule.id
        assert all((rule.title, rule.bad, rule.good)), rule.id


def test_the_live_engine_is_not_blamed_for_what_it_makes_safe(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for case in CASES:
        if case.rule in ("LM101", "LM102", "LM103", "LM104", "LM105", "LM106"):
            one = Shelf(tmp_path)
            one.add(case.bad, case.attributes, case.extra)
            assert {f.rule.id for f in one.found()} & {"LM101", "LM102", "LM103", "LM104", "LM105", "LM106"} == set()
    assert shelf.found() == []


@pytest.mark.parametrize("rule", ["LM001", "LM016", "LM304"])
def test_django_is_blamed_for_what_the_engine_takes_apart(rule: str, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    case = next(case for case in CASES if case.rule == rule)
    shelf.add(case.bad if rule == "LM304" else case.good)
    assert rule not in {finding.rule.id for finding in shelf.found()}
    assert rule in {finding.rule.id for finding in shelf.found(Engine.DJANGO)}


def test_the_safe_code_has_the_names_of_the_operation(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.add('migrations.RemoveField("thing", "n"),')
    (finding,) = shelf.found()
    assert "live.RetireColumn(\n    model_name='thing',\n    name='n'," in finding.instead
    assert "live.DropColumn(" in finding.instead


def test_an_operation_of_ones_own_is_not_made_safe(tmp_path: Path) -> None:
    """A class outside of Django that says itself what it does is run as it is: its lock counts under either engine."""
    shelf = Shelf(tmp_path)
    own = "    def database_backwards(self, *arguments):\n        pass\n\n"
    extra = f"class Mine(migrations.AddIndex):\n{own}"
    shelf.add('Mine("thing", models.Index(fields=["code"], name="more")),', extra=extra)
    assert {finding.rule.id for finding in shelf.found()} == {"LM010", "LM101"}


def test_an_operation_that_does_nothing_is_no_matter(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    extra = """
        class Fake(migrations.AddIndex):
            def database_forwards(self, *arguments):
                \"\"\"It is there.\"\"\"


        """
    shelf.add('Fake("thing", models.Index(fields=["code"], name="more")),', extra=extra)
    assert shelf.found() == []


def test_the_document_is_that_of_the_rules() -> None:
    from livemigrations.review.lint.catalogue import catalogue

    document = (ROOT / "docs" / "lint-rules.md").read_text()
    assert "\n".join(catalogue()).strip() in document, "write it anew: manage.py migrations lint --rules"


SQUAWK = """
    adding-field-with-default adding-foreign-key-constraint adding-not-nullable-field adding-required-field
    adding-serial-primary-key-field ban-add-column ban-add-composite-attribute ban-add-enum-value
    ban-alter-database-options ban-alter-domain-with-add-constraint ban-alter-extension ban-alter-function-options
    ban-alter-generated-expression ban-alter-identity ban-alter-policy-condition ban-alter-policy-roles
    ban-alter-role-options ban-alter-row-level-security ban-alter-sequence-values ban-alter-system-options
    ban-alter-view-options ban-char-field ban-concurrent-index-creation-in-transaction
    ban-create-domain-with-constraint ban-create-policy ban-detach-inheritance ban-disable-trigger ban-drop-column
    ban-drop-constraint ban-drop-database ban-drop-default ban-drop-domain ban-drop-extension ban-drop-function
    ban-drop-generated-expression ban-drop-index ban-drop-not-null ban-drop-policy ban-drop-schema ban-drop-sequence
    ban-drop-table ban-drop-trigger ban-drop-type ban-drop-view ban-duplicate-column-assignments
    ban-new-write-restriction ban-replace-view-function ban-replica-identity ban-revoke ban-set-default ban-set-schema
    ban-truncate-cascade ban-uncommitted-transaction changing-column-type constraint-missing-not-valid
    disallowed-unique-constraint identifier-too-long prefer-bigint-over-int prefer-bigint-over-smallint
    prefer-identity prefer-repack prefer-robust-stmts prefer-text-field prefer-timestamp-tz renaming-column
    renaming-object renaming-table require-concurrent-index-creation require-concurrent-index-deletion
    require-concurrent-partition-detach require-concurrent-reindex require-enum-value-ordering require-lock-timeout
    require-statement-timeout require-table-schema require-timeout-settings syntax-error transaction-nesting
    unused-ignore
"""
STRONG_MIGRATIONS = """
    add_check_constraint add_check_constraint_mysql add_column_auto_incrementing add_column_default
    add_column_default_callable add_column_generated_stored add_column_json add_exclusion_constraint add_foreign_key
    add_index add_index_columns add_index_corruption add_reference add_unique_constraint change_column
    change_column_constraint change_column_default change_column_null change_column_null_mysql
    change_column_null_postgresql change_column_with_not_null change_table create_table execute remove_column
    remove_index rename_column rename_schema rename_table validate_check_constraint validate_foreign_key
"""
EUGENE = "E1 E2 E3 E4 E5 E6 E7 E8 E9 E10 E11 W12 W13 W14 E15"
ATLAS = """
    BC101 BC102 CD101 CD102 CD103 DS101 DS102 DS103 MF101 MF102 MF103 MF104 NM101 NM102 NM103 NM104 NM105 NM106 OW101
    OW102 PG101 PG102 PG103 PG104 PG105 PG110 PG301 PG302 PG303 PG304 PG305 PG306 PG307 PG308 PG309 PG310 PG311 SA101
    TX101 TX201 complexity non-linear
"""


@pytest.mark.parametrize(
    ("tool", "names"),
    [("squawk", SQUAWK), ("strong_migrations", STRONG_MIGRATIONS), ("eugene", EUGENE), ("atlas", ATLAS)],
)
def test_every_rule_of_the_peers_has_a_counterpart_or_a_reason(tool: str, names: str) -> None:
    here = {name for rule in RULES.values() for name in rule.peers.get(tool, ())}
    document = (ROOT / "docs" / "lint-rules.md").read_text()
    without = document.partition("## Their rules")[2].partition("\n## ")[0]
    assert sorted(name for name in names.split() if name not in here and f"`{name}`" not in without) == []
    assert here <= set(names.split()), "names that the tool does not have"
