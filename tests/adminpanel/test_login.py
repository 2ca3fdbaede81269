"""The login page: its error, and where it leads."""

from __future__ import annotations

import pytest
from django.test import Client

from adminpanel.models import AdminUser
from tests.adminpanel.conftest import PASSWORD


def test_the_error_does_not_say_that_the_email_is_case_sensitive(boss: AdminUser) -> None:
    client = Client()
    page = client.post("/admin/login/", {"username": boss.email, "password": "wrong"}).text
    assert "Upper and lower case matter in the password only" in page
    assert "may be case-sensitive" not in page
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "target",
    [
        "/admin/no/such/page/",
        "/admin/nothing",
        "/nowhere/",
        "https://evil.example/admin/",
        "//evil.example/",
        "javascript:alert(1)",
        "/admin/logout/",
        "/admin/login/",
        "",
    ],
)
def test_a_next_that_leads_nowhere_leads_to_the_index(boss: AdminUser, target: str) -> None:
    client = Client()
    data = {"username": boss.email, "password": PASSWORD, "next": target}
    answer = client.post("/admin/login/", data, query_params={"next": target})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    again = client.get("/admin/login/", {"next": target})
    assert (again.status_code, again.headers["Location"]) == (302, "/admin/")


@pytest.mark.parametrize("target", ["/admin/bookings/booking/", "/admin/bookings/booking/?q=ana&o=1", "/admin/"])
def test_a_good_next_is_kept(boss: AdminUser, target: str) -> None:
    data = {"username": boss.email, "password": PASSWORD, "next": target}
    answer = Client().post("/admin/login/", data, query_params={"next": target})
    assert answer.headers["Location"] == target
