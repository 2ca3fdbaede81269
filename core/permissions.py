"""The grammar of permissions (``*``, ``app.*``, ``app.verb_*``, ``app.verb_model``) and the permissions that exist.

A role stores patterns. A pattern allows every permission that it matches, so ``bookings.view_*`` allows
``bookings.view_booking``. The installed apps define the permissions: four for each model (``view``, ``add``, ``change``,
``delete``) and those in its ``Meta.permissions``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from django.apps import apps
from django.contrib.auth import get_permission_codename
from django.db.models import Model

_PERMISSION = re.compile(r"\*|[a-z][a-z0-9_]*\.(\*|[a-z][a-z0-9_]*\*?)")


@dataclass(frozen=True, slots=True)
class KnownPermission:
    """A permission or pattern that a role may contain, with a label for people."""

    pattern: str
    label: str
    group: str


def malformed(patterns: Iterable[Any]) -> list[Any]:
    """Return the entries that do not follow the grammar, in their order."""
    return [one for one in patterns if not (isinstance(one, str) and _PERMISSION.fullmatch(one))]


def well_formed(stored: Any) -> list[str]:
    """Return the patterns of a stored JSON value that follow the grammar; nothing if the value is not a list.

    Other programs write to the table as well. A value in another form must not grant anything by accident.
    """
    entries = stored if isinstance(stored, list) else []
    return [one for one in entries if isinstance(one, str) and _PERMISSION.fullmatch(one)]


def allows(patterns: Iterable[str], permission: str) -> bool:
    """Return whether any pattern matches. ``permission`` may be a pattern too: then all that it allows must match."""
    return any(fnmatchcase(permission, pattern) for pattern in patterns)


def covers(patterns: Iterable[str], others: Iterable[str]) -> bool:
    """Return whether ``patterns`` allow everything that ``others`` allow."""
    own = list(patterns)
    return all(allows(own, other) for other in others)


def not_covered(patterns: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return those of ``others`` that allow something that ``patterns`` do not allow, in their order."""
    own = list(patterns)
    return [other for other in others if not allows(own, other)]


def unknown(patterns: Iterable[str]) -> list[str]:
    """Return the patterns that match no permission of the installed apps, in their order."""
    existing = [one.pattern for one in _of_models()]
    return [
        pattern for pattern in patterns if pattern != "*" and not any(fnmatchcase(one, pattern) for one in existing)
    ]


def known_permissions() -> list[KnownPermission]:
    """Return every permission of the installed apps, and the wildcards over them, grouped by app.

    The first entry is ``*``. Each app begins with its own wildcards: ``app.*``, then ``app.view_*`` and so on.
    """
    found = [KnownPermission("*", "everything, also what later versions add", "All apps")]
    single: dict[str, list[KnownPermission]] = {}
    for one in _of_models():
        single.setdefault(one.pattern.partition(".")[0], []).append(one)
    for label, permissions in sorted(single.items(), key=lambda item: item[1][0].group):
        group = permissions[0].group
        found.append(KnownPermission(f"{label}.*", f"everything in {group}", group))
        found += [
            KnownPermission(f"{label}.{verb}_*", f"{verb} everything in {group}", group) for verb in _verbs(label)
        ]
        found += sorted(permissions, key=lambda one: one.pattern)
    return found


def _of_models() -> Iterator[KnownPermission]:
    """Yield the permissions of each model of the installed apps."""
    for model in apps.get_models():
        label = model._meta.app_label
        group = str(apps.get_app_config(label).verbose_name)
        for codename, name in _codenames(model):
            yield KnownPermission(f"{label}.{codename}", name, group)


def _codenames(model: type[Model]) -> Iterator[tuple[str, str]]:
    options = model._meta
    for verb in options.default_permissions:
        yield get_permission_codename(verb, options), f"{verb} {options.verbose_name_plural}"
    yield from ((codename, str(name)) for codename, name in options.permissions)


def _verbs(label: str) -> list[str]:
    """Return the verbs that the models of an app share, ``view`` first."""
    verbs = {verb for model in apps.get_app_config(label).get_models() for verb in model._meta.default_permissions}
    return sorted(verbs, key=lambda verb: (verb != "view", verb))
