"""Each kind of fault is made, compiles, and changes nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation.__main__ import PACKAGES, ROOT, Map
from tests.mutation.mutants import Mutant, compiles, mutants, sources

SOURCE = '''\
"""A module."""
import time


def wait(deadline: float = 5, *, loud: bool = True) -> bool:
    """Wait."""
    if deadline < 3 and loud:
        time.sleep(deadline * 2)
    return not deadline == 4


def say(état: str) -> str:
    assert état
    raise ValueError(f"{état} is {1 + 1}")
'''


def made(tmp_path: Path) -> dict[str, bytes]:
    path = tmp_path / "module.py"
    path.write_text(SOURCE)
    return {mutant.what: mutant.applied(path.read_bytes()) for mutant in mutants(path, "module.py")}


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("call removed: time.sleep(deadline * 2)", "    if deadline < 3 and loud:\n        pass\n"),
        ("deadline < 3 became deadline <= 3", "if (deadline <= 3) and loud:"),
        ("deadline < 3 and loud became deadline < 3 or loud", "if (deadline < 3 or loud):"),
        ("condition negated: deadline < 3 and loud", "if (not (deadline < 3 and loud)):"),
        ("deadline * 2 became deadline / 2", "time.sleep((deadline / 2))"),
        ("5 became 6", "deadline: float = 6"),
        ("True became False", "loud: bool = False"),
        ("not deadline == 4 became deadline == 4", "return (deadline == 4)"),
        ("returns None instead of not deadline == 4", "return None"),
        ("error not raised", "    assert état\n    pass\n"),
    ],
)
def test_a_fault_is_made(tmp_path: Path, what: str, text: str) -> None:
    assert text in made(tmp_path)[what].decode()


def test_messages_annotations_and_assertions_stay(tmp_path: Path) -> None:
    for source in made(tmp_path).values():
        assert b'"""Wait."""' in source
        assert "assert état".encode() in source
        assert b"-> bool" in source


def test_every_mutant_of_the_engine_compiles() -> None:
    [(path, name), *_] = [found for found in sources(ROOT, PACKAGES) if found[1].endswith("engine/locks.py")]
    found = mutants(path, name)
    source = path.read_bytes()
    assert len(found) > 50
    assert all(compiles(mutant.applied(source)) and mutant.applied(source) != source for mutant in found)
    assert any(mutant.what.startswith("call removed: time.sleep") for mutant in found)


def test_tests_named_after_the_module_come_first() -> None:
    mutant = Mutant("engine/locks.py", 3, 0, 1, "x", "what")
    notes = Map({"engine/locks.py:3": ["t/test_a.py::quick", "t/test_locks.py::slow"]}, {"t/test_a.py::quick": 1.0})
    assert notes.of(mutant, 1, 60) == ["t/test_locks.py::slow"]


def test_the_fastest_tests_of_a_line_are_chosen() -> None:
    mutant = Mutant("a.py", 3, 0, 1, "x", "what")
    notes = Map({"a.py:3": ["slow", "quick", "middle"]}, {"slow": 50.0, "quick": 1.0, "middle": 5.0})
    assert notes.of(mutant, 2, 60) == ["quick", "middle"]
    assert notes.of(mutant, 5, 10) == ["quick", "middle"]
    assert notes.of(mutant, 5, 0.5) == ["quick"]
    assert notes.of(Mutant("a.py", 4, 0, 1, "x", "what"), 5, 60) == []
