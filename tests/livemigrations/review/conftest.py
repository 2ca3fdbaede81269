"""Fixtures of the tests of reviews."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.livemigrations.review.reviewed import Populated, populate
from tests.livemigrations.site import Site
from tests.support.database import Database
from tests.support.fixtures import legacy_database, legacy_template

__all__ = ["legacy_database", "legacy_template"]


@pytest.fixture
def populated(tmp_path: Path, database: Database) -> Populated:
    """A function that makes the site with these operations pending."""
    return lambda *operations: populate(Site(tmp_path, database), *operations)
