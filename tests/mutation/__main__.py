"""Draw mutants, run the tests that reach them, and print how many were noticed.

    make mutation ARGS="--sample 200"
    python -m tests.mutation --sample 30 --only livemigrations/engine/locks.py

The first run, and each with ``--renew``, runs the tests once to learn which of them run which line. Every mutant is
written into a copy of the tree that no other mutant is in. The seed is printed; ``--seed`` repeats a draw.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from tests.mutation import recorder
from tests.mutation.mutants import Mutant, mutants, sources

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("livemigrations/engine", "livemigrations/operations", "livemigrations/translation")
TESTS = ("tests/livemigrations", "tests/concurrency")
NOTES = ROOT / ".mutation" / "notes.json"
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".mutation", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "__pycache__", "build"
)
INSTALL = "\nfrom tests.mutation import recorder  # noqa\n\nrecorder.install()\n"
NOTICED, TIMEOUT, SURVIVED, UNREACHED = "noticed", "timeout", "survived", "not reached"


@dataclass(frozen=True)
class Map:
    """What the tests run: the tests of each line, fastest first, and how long each takes in seconds."""

    tests: dict[str, list[str]]
    seconds: dict[str, float]

    def of(self, mutant: Mutant, most: int, within_s: float) -> list[str]:
        """The tests that run the line of a mutant: those of a file named after its module first, then the fastest."""
        subject = f"/test_{Path(mutant.path).stem}"

        def cost(test: str) -> tuple[bool, float]:
            return subject not in test.partition("::")[0], self.seconds.get(test, 9.0)

        found = sorted(self.tests.get(f"{mutant.path}:{mutant.line}", ()), key=cost)
        chosen: list[str] = []
        total = 0.0
        for test in found[:most]:
            total += self.seconds.get(test, 9.0)
            if chosen and total > within_s:
                break
            chosen.append(test)
        return chosen


def main() -> int:
    """Run the command; exit with 1 if the score is below ``--least``."""
    options = _options()
    notes = _map(options)
    drawn = _draw(options)
    print(
        f"{len(drawn)} mutants, seed {options.seed}; at most {options.tests} tests and {options.seconds} s each",
        flush=True,
    )
    found: dict[Mutant, str] = {}
    with tempfile.TemporaryDirectory(prefix="teppan-mutation-") as folder:
        trees = [_tree(Path(folder) / str(number)) for number in range(options.processes)]
        with concurrent.futures.ThreadPoolExecutor(options.processes) as pool:
            waiting = {pool.submit(_judge, trees, mutant, notes, options): mutant for mutant in drawn}
            for done in concurrent.futures.as_completed(waiting):
                mutant = waiting[done]
                found[mutant] = done.result()
                print(f"{len(found):>4}/{len(drawn)} {found[mutant]:<11} {mutant}", flush=True)
    return _report(found, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="Mutation tests of the engine.")
    add = parser.add_argument
    add("--sample", type=int, default=200, help="how many mutants are drawn (default: %(default)s; 0 is all)")
    add("--seed", default=str(random.randrange(10**6)), help="repeats a draw")
    add("--only", default="", help="only mutants of files whose path contains this")
    add("--processes", type=int, default=2, help="how many mutants run at a time (default: %(default)s)")
    add("--tests", type=int, default=12, help="at most so many tests for each mutant (default: %(default)s)")
    add("--seconds", type=float, default=90, help="at most so long for each mutant (default: %(default)s)")
    add("--renew", action="store_true", help="learn again which test runs which line")
    add("--learn-from", nargs="*", default=list(TESTS), help="the tests to learn from (default: %(default)s)")
    add("--least", type=float, default=0, help="exit with 1 below this score, in percent")
    add("--json", type=Path, help="write the results to this file as well")
    return parser.parse_args()


def _draw(options: argparse.Namespace) -> list[Mutant]:
    every = [mutant for path, name in sources(ROOT, PACKAGES) if options.only in name for mutant in mutants(path, name)]
    if options.sample and options.sample < len(every):
        every = random.Random(options.seed).sample(every, options.sample)
    return every


def _map(options: argparse.Namespace) -> Map:
    """Which tests run which line: from the file of an earlier run, or by running the tests."""
    if options.renew or not NOTES.exists():
        NOTES.parent.mkdir(exist_ok=True)
        NOTES.write_text(json.dumps(_learned(options)))
    read = json.loads(NOTES.read_text())
    return Map(read["tests"], read["seconds"])


def _learned(options: argparse.Namespace) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="teppan-mutation-") as folder:
        tree, notes = _tree(Path(folder) / "tree"), Path(folder) / "notes"
        notes.mkdir()
        package = tree / "livemigrations" / "__init__.py"
        package.write_text(package.read_text() + INSTALL)
        report = Path(folder) / "report.xml"
        command = ["-n", str(options.processes), "-q", "--no-header", "-p", "no:cacheprovider", f"--junitxml={report}"]
        print(f"learning which tests run which line from {', '.join(options.learn_from)} ...", flush=True)
        started = time.monotonic()
        _pytest(tree, [*command, "-o", "junit_family=xunit1", *options.learn_from], None, {recorder.FOLDER: str(notes)})
        passed = _passed(report)
        lines: dict[str, set[str]] = defaultdict(set)
        for path in notes.glob("*.json"):
            for test, places in json.loads(path.read_text()).items():
                for file, line in places if test in passed else ():
                    lines[f"{file}:{line}"].add(test)
        print(f"{len(passed)} tests, {len(lines)} lines, {time.monotonic() - started:.0f} s", flush=True)
    return {"tests": {place: sorted(tests) for place, tests in lines.items()}, "seconds": passed}


def _passed(report: Path) -> dict[str, float]:
    """The tests that passed, and how long each took. Only they can notice a mutant."""
    from xml.etree import ElementTree

    found = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        if not any(child.tag in {"failure", "error", "skipped"} for child in case):
            found[f"{case.get('file')}::{case.get('name')}"] = float(case.get("time") or 0)
    return found


def _judge(trees: list[Path], mutant: Mutant, notes: Map, options: argparse.Namespace) -> str:
    tests = notes.of(mutant, options.tests, options.seconds)
    if not tests:
        return UNREACHED
    tree = trees.pop()  # a list is safe to pop and append from threads
    path = tree / mutant.path
    source = path.read_bytes()
    path.write_bytes(mutant.applied(source))
    try:
        code = _pytest(tree, ["-x", "-q", "-n0", "-p", "no:cacheprovider", *tests], options.seconds + 30, {})
    finally:
        path.write_bytes(source)
        trees.append(tree)
    return {0: SURVIVED, None: TIMEOUT}.get(code, NOTICED)


def _pytest(tree: Path, arguments: list[str], seconds: float | None, environment: dict[str, str]) -> int | None:
    """Run pytest in a tree; return its exit code, or None if it took too long."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(tree), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.terminate()  # pytest ends its servers
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
        return None


def _tree(target: Path) -> Path:
    shutil.copytree(ROOT, target, ignore=LEFT_OUT)
    (target / ".venv").symlink_to(ROOT / ".venv")
    return target


def _report(found: dict[Mutant, str], options: argparse.Namespace) -> int:
    counts = Counter(found.values())
    noticed = counts[NOTICED] + counts[TIMEOUT]
    score = 100 * noticed / max(1, len(found))
    print("\nNot noticed:")
    for mutant in sorted(mutant for mutant, result in found.items() if result in {SURVIVED, UNREACHED}):
        print(f"  {found[mutant]:<11} {mutant}")
    print(f"\n{', '.join(f'{count} {result}' for result, count in counts.most_common())}: score {score:.1f}%")
    if options.json:
        results = [{"mutant": str(mutant), "result": result} for mutant, result in sorted(found.items())]
        options.json.write_text(json.dumps({"score": score, "seed": options.seed, "mutants": results}, indent=1))
    return int(score < options.least)


if __name__ == "__main__":
    sys.exit(main())
