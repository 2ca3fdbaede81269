"""Actors: a staff account, an API key, a customer or the system, with permissions and locations.

A service function receives the actor as an argument and calls ``actor.require("app.verb_model")`` first. A view or an
admin class gets the actor of a request with ``actor_for(request.user)``. The app that owns the accounts registers a
source of actors when Django starts, because ``core`` does not know the account models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from core.errors import ActorUnknown, PermissionRefused
from core.permissions import allows

type ActorSource = Callable[[object], Actor | None]


class ActorKind(StrEnum):
    """The kinds of actors."""

    STAFF = "staff"
    API_KEY = "api_key"
    CUSTOMER = "customer"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone or something that acts, as service functions see it.

    ``id`` is the primary key of the account, API key or customer; None for the system. ``permissions`` are patterns
    such as ``bookings.*`` (see ``core.permissions``). ``locations`` are the ids of the locations that the actor may work
    on; None means all of them.
    """

    kind: ActorKind
    id: UUID | None
    name: str
    permissions: frozenset[str] = frozenset()
    locations: frozenset[UUID] | None = None

    def may(self, permission: str) -> bool:
        """Return whether the actor has ``permission``, for example ``bookings.change_booking``."""
        return allows(self.permissions, permission)

    def require(self, permission: str) -> None:
        """Raise ``PermissionRefused`` if the actor does not have ``permission``."""
        if not self.may(permission):
            raise PermissionRefused(permission, self.name)

    def covers_location(self, location_id: UUID | None) -> bool:
        """Return whether the actor may work on a location.

        None stands for a row without a location; only an actor for all locations covers it.
        """
        return self.locations is None or location_id in self.locations


def system(name: str = "system") -> Actor:
    """Return the actor of commands and scheduled tasks, which may do everything. ``name`` says which one acts."""
    return Actor(ActorKind.SYSTEM, None, name, frozenset({"*"}))


_sources: dict[str, ActorSource] = {}


def register_actor_source(name: str, source: ActorSource) -> None:
    """Register a function that returns the actor of a user object, or None for a user that it does not know.

    A second source with the same name replaces the first.
    """
    _sources[name] = source


def actor_for(user: object) -> Actor:
    """Return the actor of a request's user. Raises ``ActorUnknown`` if no source knows the user."""
    for source in _sources.values():
        if (actor := source(user)) is not None:
            return actor
    raise ActorUnknown(
        f"{user} has no staff account and may do nothing here. To fix this, log in with a staff account."
    )
