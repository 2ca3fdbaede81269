"""The documents name files, anchors and make targets that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import tree
from tests.support.database import ROOT

DOCUMENTS = sorted(path for path, _ in tree.texts() if path.suffix == ".md")
FILES = {tree.name(path) for path, _ in tree.texts()} | {
    tree.name(path) for path in (ROOT / "docs" / "pictures").iterdir()
}
FOLDERS = {parent.as_posix() for name in FILES for parent in Path(name).parents}
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED_FILE = re.compile(r"`([\w.-]+(?:/[\w.-]+)+/?|[\w-]+\.(?:py|md|toml|txt|sql|yaml))`")
# Files of the examples, which the reader has or writes.
EXAMPLES = {
    *("shop/migrations/0002_capacity.py", "shop/migrations/0004_fill_capacity.py", "NNNN_sSS_subject.py"),
    *("backup_db.py", "run_migration.py"),
}


def prose(document: Path) -> str:
    return FENCED.sub("", document.read_text())


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=tree.name)
def test_links_lead_to_files_and_headings(document: Path) -> None:
    broken = []
    for target in LINK.findall(prose(document)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        known = file.is_relative_to(ROOT) and tree.name(file) in FILES | FOLDERS
        if not known or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=tree.name)
def test_named_files_exist(document: Path) -> None:
    """A name may be a path in the checkout, a path beside the document, or the end of a path."""
    missing = []
    for name in {name.rstrip("/") for name in NAMED_FILE.findall(prose(document))} - EXAMPLES:
        beside = (document.parent / name).relative_to(ROOT).as_posix()
        if not ({name, beside} & (FILES | FOLDERS) or any(file.endswith(f"/{name}") for file in FILES)):
            missing.append(name)
    assert missing == []
