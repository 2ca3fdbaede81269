"""The options that the live ``migrate`` adds to Django's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser

from livemigrations.management.arguments import count, sprint

_LOOKING = {"check_unapplied": "--check", "plan": "--plan", "prune": "--prune", "sql": "--sql"}


def _count_or_all(text: str) -> int:
    return 0 if text == "all" else count(text)


def add_live_options(parser: CommandParser) -> None:
    """Add what ``migrate`` takes beyond Django's own options."""
    group = parser.add_argument_group("live migrations")
    which = group.add_mutually_exclusive_group()
    which.add_argument("--sprint", type=sprint, metavar="N", help="Migrate to the end of sprint N, either way.")
    which.add_argument("--forward", type=count, metavar="N", help="Apply the next N migrations.")
    which.add_argument(
        "--back", type=_count_or_all, metavar="N|all", help="Take back the last N migrations, or all of them."
    )
    group.add_argument(
        "--stage",
        choices=["expand", "contract"],
        help="Apply only what the previous release bears (expand, before the new code is out), or what is left for"
        " after it (contract).",
    )
    for name, text in _SWITCHES.items():
        group.add_argument(name, action="store_true", help=text)
    group.add_argument("--json", action="store_true", dest="as_json", help="Write a report of the run as JSON.")


_SWITCHES = {
    "--allow-long-locks": "Run also what would be refused on populated tables. For a window without traffic.",
    "--discard-data": (
        "Let the rows of dropped tables and columns go, instead of keeping them in the schema rolled_back."
    ),
    "--rollback-on-failure": (
        "If the run fails, take back what it did. Rows that traffic wrote meanwhile stay or are kept."
    ),
    "--verify": (
        "Look before and after the run: if it made new orphans or constraints that are not validated, or a table lost"
        " rows, the run fails. Reads whole tables."
    ),
    "--backup": "If something is pending, back the database up before the first step; stop if that fails.",
    "--wait": "Wait while another migrate runs on this database.",
    "--sql": "Write all that is pending as a script for psql; change nothing.",
}


_RUNNING = {
    "backup": "--backup",
    "rollback_on_failure": "--rollback-on-failure",
    "verify": "--verify",
    "fake": "--fake",
}


def refuse_contradictions(options: dict[str, Any]) -> None:
    """Raise ``CommandError`` for options that do not go together."""
    if problem := next(_contradictions(options), None):
        raise CommandError(problem, returncode=2)


def _contradictions(options: dict[str, Any]) -> Iterator[str]:
    back = options.get("back") is not None
    chosen = back or any(options.get(name) is not None for name in ("sprint", "forward"))
    if chosen and options.get("app_label"):
        yield "--sprint, --forward and --back choose by themselves: leave the app label away."
    if options.get("stage") and back:
        yield "--stage chooses among what runs forwards, and --back goes back: leave one of them away."
    looking = [name for key, name in _LOOKING.items() if options.get(key)]
    if options.get("as_json") and looking:
        yield f"--json reports a run, and {looking[0]} runs nothing: leave one of them away."
    others = [name for key, name in (_LOOKING | _RUNNING).items() if options.get(key) and key != "sql"]
    if options.get("verify") and looking:
        yield f"--verify verifies a run, and {looking[0]} runs nothing: leave one of them away."
    if options.get("sql") and others:
        yield f"--sql writes a script and does nothing else: leave {others[0]} away, or --sql."
