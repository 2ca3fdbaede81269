"""A host in which our accounts are the users, set up as the guide says."""

from __future__ import annotations

import json

import pytest

from tests.embedding.hosts import DJANGO_MIGRATIONS, Host
from tests.embedding.runs import open_every_page

pytestmark = pytest.mark.slow

PASSWORD = "hibachi-for-the-boss"
ACCOUNT = {
    "TEPPAN_SUPERUSER_EMAIL": "boss@example.com",
    "TEPPAN_SUPERUSER_NAME": "The Boss",
    "TEPPAN_SUPERUSER_PASSWORD": PASSWORD,
}
FIRST_LOGIN = """
import json
from adminpanel.models import AdminUser
from django.test import Client

browser, said = Client(SERVER_NAME="localhost"), []
answer = browser.post("/admin/login/?next=/admin/", {"username": "boss@example.com", "password": "hibachi-for-the-boss"})
said.append(answer.headers["Location"])
said.append(browser.get("/admin/").headers.get("Location"))
new = "a-phrase-of-my-own-77"
data = {"old_password": "hibachi-for-the-boss", "new_password1": new, "new_password2": new}
said.append(browser.post("/admin/password_change/", data).headers.get("Location"))
said.append(browser.get("/admin/").status_code)
AdminUser.objects.all().delete()
print(json.dumps(said))
"""


def test_the_guide_works_as_written(host: Host) -> None:
    assert "no issues" in host.manage("check").stdout
    host.manage("migrate", "-v0")
    assert "Created boss@example.com" in host.manage("create_first_superuser", env=ACCOUNT).stdout
    said = json.loads(host.python_code(FIRST_LOGIN).stdout.splitlines()[-1])
    assert said == ["/admin/", "/admin/password_change/", "/admin/", 200]
    assert "No changes detected" in host.manage("makemigrations", "--check", "--dry-run").stdout


def test_every_page_opens(host: Host) -> None:
    host.manage("migrate", "-v0")
    seen = open_every_page(host, "demo@teppan.example", "hibachi-at-home")
    assert seen.broken == {}
    assert seen.failed == []
    assert seen.last_login
    assert seen.changed_by == ["Mika Sato"]


def test_own_code_uses_a_model(host: Host) -> None:
    host.add_app()
    host.manage("makemigrations", "-v0")
    names = host.migrations("deliveries")
    assert [name for name in names if not DJANGO_MIGRATIONS.fullmatch(name)] == []
    assert names[0] == "0001_initial"
    assert "sprint" not in (host.folder / "deliveries" / "migrations" / "0001_initial.py").read_text()
    host.manage("migrate", "-v0")
    host.check_types()
