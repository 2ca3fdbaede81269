"""Our pages and the first-login rule on an admin site of the host's own."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from adminpanel.models import AdminUser, Role
from adminpanel.sites import LABELS, register
from tests.adminpanel.conftest import PASSWORD, make_user
from tests.adminpanel.sites_of_a_host import back_office

pytestmark = pytest.mark.urls("tests.adminpanel.sites_of_a_host")

CHANGE, NEW = "/office/password_change/", "a-phrase-of-my-own-77"


@pytest.fixture
def client(db: None) -> Client:
    """The browser of an account with a password from somebody else, logged in on the second site."""
    make_user("newcomer", is_superuser=True, last_login=None)
    browser = Client()
    data = {"username": "newcomer@example.com", "password": PASSWORD}
    assert browser.post("/office/login/?next=/office/", data).status_code == 302
    return browser


def test_all_our_models_are_registered() -> None:
    ours = [model for label in LABELS for model in apps.get_app_config(label).get_models()]
    assert len(ours) > 20
    assert [m for m in ours if back_office.is_registered(m) is not admin.site.is_registered(m)] == []


def test_registering_again_changes_nothing() -> None:
    before = back_office.get_model_admin(Role)
    register(back_office)
    assert back_office.get_model_admin(Role) is before


@pytest.mark.parametrize("path", ["/office/", "/office/bookings/booking/", "/office/adminpanel/adminuser/add/"])
def test_every_page_leads_to_the_change_on_the_same_site(client: Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.headers.get("Location")) == (302, CHANGE)
    page = client.get(CHANGE).text
    assert "Choose your own password" in page
    assert 'action="/office/logout/"' in page
    assert 'href="/admin/' not in page


def test_the_change_opens_the_site(client: Client) -> None:
    data = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    sent = client.post(CHANGE, data)
    assert (sent.status_code, sent.headers["Location"]) == (302, "/office/")
    assert client.get("/office/bookings/booking/").status_code == 200
    assert AdminUser.objects.get().check_password(NEW)


def test_links_stay_on_the_site(db: None) -> None:
    boss = make_user("boss", is_superuser=True, last_login=timezone.now())
    role = Role.objects.get(name="superuser")
    boss.roles.add(role)
    browser = Client()
    browser.force_login(boss)
    page = browser.get(f"/office/adminpanel/role/{role.pk}/change/").text
    assert f'href="/office/adminpanel/adminuser/{boss.pk}/change/"' in page
    mine = browser.get(f"/office/adminpanel/adminuser/{boss.pk}/password/")
    assert mine.headers["Location"] == CHANGE
    assert reverse("admin:index") == "/admin/"
