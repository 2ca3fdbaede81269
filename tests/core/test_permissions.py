"""The grammar of permissions, and the permissions that exist."""

from __future__ import annotations

import pytest

from core.permissions import allows, covers, known_permissions, malformed, not_covered, unknown, well_formed


@pytest.mark.parametrize(
    ("patterns", "permission", "expected"),
    [
        (["*"], "payments.view_deposit", True),
        (["bookings.*"], "bookings.delete_booking", True),
        (["bookings.*"], "payments.view_deposit", False),
        (["payments.view_*"], "payments.view_deposit", True),
        (["payments.view_*"], "payments.change_deposit", False),
        (["bookings.view_booking"], "bookings.view_bookingreminder", False),
        ([], "bookings.view_booking", False),
    ],
)
def test_wildcards(patterns: list[str], permission: str, expected: bool) -> None:
    assert allows(patterns, permission) is expected


def test_covering_compares_what_is_allowed() -> None:
    assert covers(["bookings.*"], ["bookings.view_booking", "bookings.*"])
    assert not covers(["bookings.*"], ["*"])
    assert not covers(["bookings.view_*"], ["bookings.*"])


def test_malformed_entries_are_named() -> None:
    assert malformed(["*", "bookings.*", "payments.view_deposit"]) == []
    assert malformed(["bookings", "Bookings.view", 7, "*.view", "a.b.c"]) == [
        "bookings",
        "Bookings.view",
        7,
        "*.view",
        "a.b.c",
    ]


def test_what_is_not_covered_is_listed_in_order() -> None:
    wanted = ["payments.*", "bookings.view_booking", "*"]
    assert not_covered(["bookings.*"], wanted) == ["payments.*", "*"]


@pytest.mark.parametrize("stored", [None, "*", {"*": True}, 7])
def test_a_stored_value_that_is_no_list_grants_nothing(stored: object) -> None:
    assert well_formed(stored) == []


def test_well_formed_leaves_out_malformed_entries() -> None:
    assert well_formed(["bookings.*", "[a-z]*", "?.*", 7, ["*"]]) == ["bookings.*"]


@pytest.mark.parametrize(
    "pattern",
    ["*", "bookings.*", "bookings.view_*", "bookings.view_booking", "bookings.view_book*", "auth.change_group"],
)
def test_patterns_that_match_a_permission_are_known(pattern: str) -> None:
    assert unknown([pattern]) == []


@pytest.mark.parametrize(
    "pattern",
    ["bookings.nonexistent_thing", "nosuchapp.*", "bookings.view_payment", "payments.refund_*", "nosuch.view_x"],
)
def test_patterns_that_match_nothing_are_unknown(pattern: str) -> None:
    assert unknown(["bookings.*", pattern]) == [pattern]


def test_known_permissions_list_every_wildcard_and_every_permission_once() -> None:
    patterns = [one.pattern for one in known_permissions()]
    assert patterns[0] == "*"
    assert len(set(patterns)) == len(patterns)
    assert {"bookings.*", "bookings.view_*", "bookings.delete_booking", "auth.*", "adminpanel.change_role"} <= set(
        patterns
    )
    assert malformed(patterns) == []
    assert unknown(patterns) == []


def test_permissions_of_meta_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    from bookings.models import Booking

    assert unknown(["bookings.confirm_booking"]) == ["bookings.confirm_booking"]
    monkeypatch.setattr(Booking._meta, "permissions", [("confirm_booking", "Can confirm a booking")])
    assert unknown(["bookings.confirm_booking"]) == []
    assert "bookings.confirm_booking" in {one.pattern for one in known_permissions()}
