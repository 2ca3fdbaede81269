"""docs/schema.md is what a migrated database says."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from adminpanel.services.schema_catalogue import catalogue
from tests.support.database import ROOT

pytestmark = pytest.mark.django_db


def test_the_file_is_current() -> None:
    call_command("schema_catalogue", check=True, output=ROOT / "docs" / "schema.md")


def test_every_index_says_which_query_it_serves() -> None:
    silent = [
        line for line in catalogue(connection).splitlines() if line.startswith("| idx_") and line.endswith("|  |")
    ]
    assert silent == []


def test_a_stale_file_is_refused(tmp_path: Path) -> None:
    stale = tmp_path / "schema.md"
    stale.write_text("old")
    with pytest.raises(CommandError, match="does not match the database"):
        call_command("schema_catalogue", check=True, output=stale)
    assert stale.read_text() == "old"
