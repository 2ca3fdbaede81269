"""A host project: Django's template with the settings of docs/embedding.md, in an environment with only the wheel."""

from __future__ import annotations

import os
import re
import shutil
import site
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.embedded import cluster
from tests.support.database import ROOT, Database

GUIDE = ROOT / "docs" / "embedding.md"
SOURCES = (
    *("pyproject.toml", "README.md", "LICENSE", "manage.py", "config", "benchmarks", "tests"),
    *("adminpanel", "bookings", "core", "customers", "livemigrations", "payments"),
)
OURS = ("adminpanel", "bookings", "core", "customers", "livemigrations", "payments")
DJANGO_MIGRATIONS = re.compile(r"\d{4}_(?!s\d\d_)\w+")


def build_wheel(folder: Path) -> Path:
    """Build the wheel from a copy of the sources, and return its path."""
    copy = folder / "sources"
    copy.mkdir(parents=True)
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    _run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"),
        *("--wheel-dir", str(folder), str(copy)),
        cwd=folder,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def make_environment(folder: Path, wheel: Path) -> Path:
    """Make a virtual environment with the wheel and the packages of this one; return its Python.

    A ``.pth`` file adds the folder of this environment's packages. Python does not read the ``.pth`` files in that
    folder, so the editable installation of the checkout stays out.
    """
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder), cwd=folder.parent)
    (packages,) = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "shared.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return folder / "bin" / "python"


def snippet(title: str) -> str:
    """Return the code block of the guide whose first line is ``# title``."""
    blocks = re.findall(r"^```[a-z]+\n# ([^\n]+)\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    (text,) = [text for first, text in blocks if first == title]
    return str(text)


@dataclass(frozen=True)
class Host:
    """A project in ``folder`` that was made by ``startproject mysite .``."""

    folder: Path
    python: Path
    database: Database

    @classmethod
    def start(cls, folder: Path, python: Path, database: Database) -> Host:
        """Make the project, with the addresses and the first settings of the guide."""
        folder.mkdir()
        host = cls(folder, python, database)
        host.run("-m", "django", "startproject", "mysite", ".")
        host.write("mysite/urls.py", snippet("urls.py"))
        host.settings(snippet("settings.py, our accounts are the users"))
        return host

    def settings(self, *texts: str) -> None:
        """Append to the settings; ``NAME`` becomes that of the test's database."""
        path = self.folder / "mysite" / "settings.py"
        added = [text.replace('"NAME": "mysite"', f'"NAME": "{self.database.name}"') for text in texts]
        path.write_text("\n".join([path.read_text(), *added]))

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def add_app(self) -> None:
        """Add the app of the guide that has a foreign key to a booking."""
        self.run("-m", "django", "startapp", "deliveries")
        self.write("deliveries/models.py", snippet("models.py of your app"))
        self.write("deliveries/admin.py", snippet("admin.py of your app"))
        self.settings('INSTALLED_APPS += ["deliveries"]')

    def check_types(self) -> None:
        """Run mypy with the options of the guide on the project and its app."""
        self.write("pyproject.toml", snippet("pyproject.toml"))
        settings = (self.folder / "mysite" / "settings.py").read_text()
        self.write("mysite/settings.py", settings.replace("ALLOWED_HOSTS = []", "ALLOWED_HOSTS: list[str] = []"))
        self.run("-m", "mypy", "mysite", "deliveries")  # strict, as the guide's options say

    def manage(
        self, *arguments: str, check: bool = True, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py``."""
        return self.run("manage.py", *arguments, check=check, env=env)

    def run(
        self, *arguments: str, check: bool = True, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the host's Python in the project's folder."""
        server = {"PGHOST": str(self.database.server.home), "PGPORT": "5432", "PGUSER": cluster.ROLE}
        return _run(str(self.python), *arguments, cwd=self.folder, check=check, env={**server, **(env or {})})

    def python_code(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run code in a process in which Django is set up."""
        text = f"import django; django.setup()\n{code}"
        return self.run("-c", text, env={"DJANGO_SETTINGS_MODULE": "mysite.settings"})

    def migrations(self, app: str) -> list[str]:
        """Return the names of an app's migrations."""
        return sorted(path.stem for path in (self.folder / app / "migrations").glob("0*.py"))


def _run(
    *command: str, cwd: Path, check: bool = True, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    own = {"DATABASE_URL", "DJANGO_SETTINGS_MODULE", "PYTHONPATH", "TEPPAN_DEBUG_DEFAULT", "PASSWORD_HASHERS"}
    kept = {key: value for key, value in os.environ.items() if key not in own}
    done = subprocess.run(
        command, cwd=cwd, env={**kept, **(env or {})}, capture_output=True, text=True, timeout=300, check=False
    )
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done
