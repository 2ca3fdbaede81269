"""Fixtures of these tests."""

from __future__ import annotations

from tests.support.fixtures import catalog, legacy_database, legacy_template, new_catalog, sprint_2, sprint_2_catalog

__all__ = ["catalog", "legacy_database", "legacy_template", "new_catalog", "sprint_2", "sprint_2_catalog"]
