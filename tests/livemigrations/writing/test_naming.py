"""The sprint of a new migration is that of the project's own apps, and not that of an installed package."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.livemigrations.site import Site

pytestmark = pytest.mark.slow

MODEL = "class Thing(models.Model):\n    name = models.CharField(max_length=30)\n"
SPRINT_2 = """
class Migration(migrations.Migration):
    sprint = 2
    initial = True
    operations = [migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=30))])]
"""


@pytest.fixture
def host(site: Site) -> Site:
    """A project whose own app has no migrations yet, and an installed package that names its sprint."""
    site.app("package", models=MODEL, migrations={"0001_s02_thing": SPRINT_2})
    installed = site.folder / "environment" / "site-packages"
    installed.mkdir(parents=True)
    shutil.move(site.folder / "package", installed / "package")
    site.set(f"import sys; sys.path.append({str(installed)!r})")
    site.app("shop", models=MODEL, migrations={})
    return site


def files(folder: Path) -> list[str]:
    return sorted(path.stem for path in (folder / "migrations").glob("0*.py"))


def test_a_package_does_not_name_the_projects_migrations(host: Site) -> None:
    host.manage("makemigrations", "--no-input", "-v0")
    assert files(host.folder / "shop") == ["0001_initial"]
    assert "sprint" not in (host.folder / "shop" / "migrations" / "0001_initial.py").read_text()


def test_an_app_outside_the_project_does_not_either(host: Site) -> None:
    outside = host.folder.parent / "elsewhere"
    outside.mkdir()
    shutil.move(host.folder / "environment" / "site-packages" / "package", outside / "package")
    host.set(f"from pathlib import Path; BASE_DIR = Path({str(host.folder)!r}); sys.path.append({str(outside)!r})")
    host.manage("makemigrations", "--no-input", "-v0")
    assert files(host.folder / "shop") == ["0001_initial"]


def test_the_projects_own_convention_stays(host: Site) -> None:
    host.app("stock", models=MODEL, migrations={"0001_s07_thing": SPRINT_2.replace("sprint = 2", "sprint = 7")})
    host.manage("makemigrations", "--no-input", "-v0")
    assert files(host.folder / "shop") == ["0001_s07_initial"]
    assert "sprint = 7" in (host.folder / "shop" / "migrations" / "0001_s07_initial.py").read_text()


def test_an_app_that_names_sprints_keeps_its_convention(host: Site) -> None:
    models = host.folder / "environment" / "site-packages" / "package" / "models.py"
    models.write_text(models.read_text() + "    note = models.TextField(null=True)\n")
    host.manage("makemigrations", "package", "--no-input", "-v0")
    assert [name[:9] for name in files(models.parent)] == ["0001_s02_", "0002_s02_"]


def test_the_sprint_can_be_asked_for(host: Site) -> None:
    host.manage("makemigrations", "shop", "--sprint", "3", "--no-input", "-v0")
    assert files(host.folder / "shop") == ["0001_initial"]
    assert "sprint = 3" in (host.folder / "shop" / "migrations" / "0001_initial.py").read_text()
