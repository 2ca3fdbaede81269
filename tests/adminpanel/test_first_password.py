"""Who has a password from somebody else sees one page until it is replaced."""

from __future__ import annotations

import pytest
from django.test import Client

from adminpanel.models import AdminUser
from tests.adminpanel.conftest import PASSWORD, make_user

CHANGE = "/admin/password_change/"
NEW = "a-phrase-of-my-own-77"


@pytest.fixture
def newcomer(db: None) -> AdminUser:
    """A superuser who was given a password."""
    return make_user("newcomer", is_superuser=True, last_login=None)


@pytest.fixture
def client(newcomer: AdminUser) -> Client:
    """The newcomer's browser, after the login page."""
    browser = Client()
    sent = browser.post("/admin/login/?next=/admin/", {"username": "NEWCOMER@example.com", "password": PASSWORD})
    assert sent.status_code == 302
    return browser


def change(client: Client, old: str, new: str) -> int:
    data = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post(CHANGE, data).status_code


@pytest.mark.parametrize("path", ["/admin/", "/admin/bookings/booking/", "/admin/adminpanel/adminuser/add/"])
def test_every_page_leads_to_the_change(client: Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.headers.get("Location")) == (302, CHANGE)
    assert "Choose your own password" in client.get(CHANGE).text


def test_the_first_page_shows_no_menu_and_a_way_out(client: Client) -> None:
    page = client.get(CHANGE).text
    assert "nav-sidebar" not in page
    assert "/admin/bookings/" not in page
    assert 'action="/admin/logout/"' in page
    assert change(client, PASSWORD, NEW) == 302
    assert "nav-sidebar" in client.get("/admin/").text


def test_writing_is_stopped_as_well(client: Client) -> None:
    data = {"email": "x@example.com", "full_name": "X", "password1": NEW, "password2": NEW}
    assert client.post("/admin/adminpanel/adminuser/add/", data).status_code == 302
    assert AdminUser.objects.count() == 1


def test_the_change_opens_everything_and_keeps_the_session(client: Client, newcomer: AdminUser) -> None:
    assert change(client, PASSWORD, NEW) == 302
    newcomer.refresh_from_db()
    assert newcomer.check_password(NEW)
    assert newcomer.last_login is not None
    assert client.get("/admin/bookings/booking/").status_code == 200


@pytest.mark.parametrize(("old", "new"), [("wrong", NEW), (PASSWORD, PASSWORD), (PASSWORD, "short")])
def test_a_bad_change_is_refused(client: Client, newcomer: AdminUser, old: str, new: str) -> None:
    assert change(client, old, new) == 200
    newcomer.refresh_from_db()
    assert newcomer.check_password(PASSWORD)
    assert newcomer.must_change_password


def test_logging_out_is_always_possible(client: Client) -> None:
    assert client.post("/admin/logout/").status_code == 200
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")


def test_a_reset_by_somebody_else_brings_the_obligation_back(boss: AdminUser, nobody: AdminUser) -> None:
    browser = Client()
    browser.force_login(boss)
    data = {"password1": NEW, "password2": NEW, "usable_password": "true", "set-password": "1"}
    assert browser.post(f"/admin/adminpanel/adminuser/{nobody.pk}/password/", data).status_code == 302
    nobody.refresh_from_db()
    assert nobody.check_password(NEW)
    assert nobody.must_change_password
    mine = browser.get(f"/admin/adminpanel/adminuser/{boss.pk}/password/")
    assert (mine.status_code, mine.headers["Location"]) == (302, CHANGE)
