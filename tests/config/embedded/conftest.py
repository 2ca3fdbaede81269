"""Fixtures for the embedded server."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support import embedded, loud
from tests.support.embedded import Home


@pytest.fixture
def home() -> Iterator[Home]:
    """A folder without a server yet."""
    with embedded.home() as made:
        yield made


@pytest.fixture
def as_root() -> None:
    """Skip where the test needs to be root, to make and become others."""
    if os.geteuid() != 0:
        loud.skip("what only root meets: lent accounts, files of others")
