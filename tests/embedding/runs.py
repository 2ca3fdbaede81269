"""What a run of ``pages.py`` in a host saw."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.embedding.hosts import Host

PAGES = 100  # about 25 models with five pages each
READ_ONLY_PAGES = {"add", "delete"}


@dataclass(frozen=True)
class Seen:
    """The pages that did not open, the forms that were refused, and what was recorded."""

    opened: int
    forbidden: list[str]
    broken: dict[str, int]
    failed: list[str]
    last_login: bool
    changed_by: list[str]


def open_every_page(host: Host, username: str, password: str) -> Seen:
    """Open and write the pages as a superuser; pages of read-only models may refuse to add and to delete."""
    host.write("pages.py", Path(__file__).with_name("pages.py").read_text())
    done = host.python_code(f"import pages; pages.main({username!r}, {password!r})")
    seen = Seen(**json.loads(done.stdout.splitlines()[-1]))
    assert seen.opened > PAGES * 0.7
    assert [page for page in seen.forbidden if page.strip("/").rpartition("/")[2] not in READ_ONLY_PAGES] == []
    return seen
