"""Actors: what they may do, and where."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import PermissionDenied

from core.actors import Actor, ActorKind, system
from core.errors import PermissionRefused

HERE, THERE = UUID(int=1), UUID(int=2)
CLERK = Actor(ActorKind.STAFF, uuid4(), "Clerk", frozenset({"bookings.view_*"}), frozenset({HERE}))


def test_an_actor_may_what_a_pattern_allows() -> None:
    assert CLERK.may("bookings.view_booking")
    assert not CLERK.may("bookings.change_booking")


def test_a_missing_permission_is_refused_by_name_and_with_a_remedy() -> None:
    CLERK.require("bookings.view_booking")
    with pytest.raises(PermissionRefused) as refused:
        CLERK.require("bookings.change_booking")
    assert (refused.value.permission, refused.value.actor) == ("bookings.change_booking", "Clerk")
    assert isinstance(refused.value, PermissionDenied)
    assert "bookings.change_booking" in str(refused.value)
    assert "To fix this" in str(refused.value)


def test_an_actor_covers_its_locations_alone() -> None:
    assert CLERK.covers_location(HERE)
    assert not CLERK.covers_location(THERE)
    assert not CLERK.covers_location(None)


def test_an_actor_for_all_locations_covers_rows_without_one() -> None:
    assert system().covers_location(THERE)
    assert system().covers_location(None)


def test_the_system_may_everything() -> None:
    actor = system("reminders")
    assert actor.may("payments.delete_payment")
    assert (actor.kind, actor.id, actor.name) == (ActorKind.SYSTEM, None, "reminders")


def test_an_actor_without_permissions_may_nothing() -> None:
    customer = Actor(ActorKind.CUSTOMER, uuid4(), "Ada")
    assert not customer.may("bookings.view_booking")


def test_an_actor_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        CLERK.permissions = frozenset({"*"})  # type: ignore[misc]  # the assignment is the test
