"""The grammar of permissions: ``*``, ``app.*``, ``app.verb_*`` and ``app.verb_model``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

_PERMISSION = re.compile(r"\*|[a-z][a-z0-9_]*\.(\*|[a-z][a-z0-9_]*\*?)")


def malformed(patterns: Iterable[Any]) -> list[Any]:
    """The entries that are no permission, in their order."""
    return [one for one in patterns if not (isinstance(one, str) and _PERMISSION.fullmatch(one))]


def allows(patterns: Iterable[str], permission: str) -> bool:
    """Whether any pattern matches; a pattern as ``permission`` asks whether all that it allows is allowed."""
    return any(fnmatchcase(permission, pattern) for pattern in patterns)


def covers(patterns: Iterable[str], others: Iterable[str]) -> bool:
    """Whether everything that ``others`` allow is allowed by ``patterns`` as well."""
    own = list(patterns)
    return all(allows(own, other) for other in others)
