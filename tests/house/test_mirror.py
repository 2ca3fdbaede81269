"""Tests mirror the code, and the targets that people type exist."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.support import tree
from tests.support.database import ROOT


@pytest.mark.parametrize("package", tree.PACKAGES)
def test_every_package_has_tests(package: str) -> None:
    assert list((ROOT / "tests" / package).rglob("test_*.py"))


def test_every_test_file_has_tests() -> None:
    files = [path for path in tree.modules("tests") if path.name.startswith("test_")]
    assert [tree.name(path) for path in files if "def test_" not in path.read_text()] == []


def test_make_targets() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"make ([a-z-]+)", shown))
    wanted = {
        "install",
        "up",
        "test",
        "test-fast",
        "crashtest",
        "stories",
        "packages",
        "lint",
        "bench",
        "wheel",
        "clean",
        "help",
    }
    assert wanted <= targets


def test_make_install_says_what_it_does_before_it_does_it() -> None:
    command = ["make", "--dry-run", "--always-make", "install"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert (
        0
        < said.index("[1/2] Creating")
        < said.index("-m venv")
        < said.index("[2/2] Installing")
        < said.index("pip install")
    )
    assert "--quiet" not in said


def test_the_machine_runs_what_people_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().rstrip().endswith("\nmake test")
