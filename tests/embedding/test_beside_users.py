"""A host with users of its own, whose key is a number; our accounts are beside them, as the guide says."""

from __future__ import annotations

import json

import pytest

from tests.embedding.hosts import DJANGO_MIGRATIONS, Host, snippet
from tests.embedding.runs import open_every_page
from tests.embedding.test_own_accounts import ACCOUNT, PASSWORD

pytestmark = pytest.mark.slow

HOST_USER = {"DJANGO_SUPERUSER_PASSWORD": "host-password-1"}
ROLES = """
import json
from adminpanel.models import AdminUser, Role
from django.contrib.auth import get_user_model
from django.test import Client

User = get_user_model()
account = AdminUser.objects.get(email="boss@example.com")
account.is_superuser = False
account.save()
account.roles.set([Role.objects.create(name="bookings", permissions_json=["bookings.view_*"])])
linked = User.objects.create_user("linked", "BOSS@example.com", "host-password-2", is_staff=True)
said = {"pk": linked.pk}
browser = Client(SERVER_NAME="localhost")
sent = browser.post("/admin/login/?next=/admin/", {"username": "linked", "password": "host-password-2"})
said["login"] = sent.headers.get("Location")
said["bookings"] = browser.get("/admin/bookings/booking/").status_code
said["add"] = browser.get("/admin/bookings/booking/add/").status_code
said["payments"] = browser.get("/admin/payments/payment/").status_code
said["last_login"] = User.objects.get(pk=linked.pk).last_login is not None
data = {"username": "boss@example.com", "password": "hibachi-for-the-boss"}
refused = Client(SERVER_NAME="localhost").post("/admin/login/?next=/admin/", data)
said["account"] = refused.status_code
said["account_last_login"] = AdminUser.objects.get(pk=account.pk).last_login
account.is_active = False
account.save()
said["inactive"] = browser.get("/admin/bookings/booking/").status_code
AdminUser.objects.all().delete()
Role.objects.filter(name="bookings").delete()
print(json.dumps(said))
"""
OWN_LOGIN = """
import json
from django.contrib.auth.views import redirect_to_login
from django.test import Client

sent = Client(SERVER_NAME="localhost").post("/admin/login/", {"username": "Nobody", "password": "wrong"})
admin = Client(SERVER_NAME="localhost").get("/admin/").headers["Location"]
print(json.dumps([redirect_to_login("/orders/").url, admin, "correct username and password for a staff account" in sent.text]))
"""
COLUMNS = """
SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns
WHERE column_name IN ('admin_user_id', 'updated_by_admin_id') ORDER BY 1;
SELECT conrelid::regclass || ' ' || confrelid::regclass FROM pg_constraint
WHERE contype = 'f' AND confrelid = 'admin_users'::regclass ORDER BY 1;
"""


@pytest.fixture(scope="module", autouse=True)
def beside(host: Host) -> str:
    """Give the host Django's own user model, a superuser and a staff account; return what was said of the account."""
    host.settings(snippet("settings.py, our accounts beside your user model"))
    host.write("mysite/staff.py", snippet("staff.py"))
    host.manage("migrate", "-v0")
    host.manage("createsuperuser", "--no-input", "--username=root", "--email=root@example.com", env=HOST_USER)
    return host.manage("create_first_superuser", env=ACCOUNT).stdout


def test_the_guide_works_as_written(host: Host, beside: str) -> None:
    assert "no issues" in host.manage("check").stdout
    assert "Created boss@example.com" in beside
    assert "TEPPAN_STAFF_ACCOUNT" in beside
    assert "No changes detected" in host.manage("makemigrations", "--check", "--dry-run").stdout
    assert host.database.psql(COLUMNS).splitlines() == [
        "admin_config.updated_by_admin_id uuid",
        "admin_user_roles.admin_user_id uuid",
        "admin_config admin_users",
        "admin_user_roles admin_users",
    ]


def test_a_user_of_the_host_has_the_roles_of_the_linked_account(host: Host) -> None:
    assert PASSWORD in ROLES
    said = json.loads(host.python_code(ROLES).stdout.splitlines()[-1])
    assert isinstance(said.pop("pk"), int)
    assert said == {
        "login": "/admin/",
        "bookings": 200,
        "add": 403,
        "payments": 403,
        "last_login": True,
        "account": 200,
        "account_last_login": None,
        "inactive": 403,
    }


def test_the_host_keeps_its_own_login(host: Host) -> None:
    customers, staff, djangos_message = json.loads(host.python_code(OWN_LOGIN).stdout.splitlines()[-1])
    assert customers == "/accounts/login/?next=/orders/"
    assert staff == "/admin/login/?next=/admin/"
    assert djangos_message  # ours says that upper and lower case matter in the password only


def test_every_page_opens(host: Host) -> None:
    seen = open_every_page(host, "root", HOST_USER["DJANGO_SUPERUSER_PASSWORD"])
    assert seen.broken == {}
    assert seen.failed == []
    assert seen.last_login
    assert seen.changed_by == []


def test_own_code_uses_a_model(host: Host) -> None:
    host.add_app()
    host.manage("makemigrations", "-v0")
    names = host.migrations("deliveries")
    assert [name for name in names if not DJANGO_MIGRATIONS.fullmatch(name)] == []
    host.manage("migrate", "-v0")
    host.check_types()
