"""The report of a run as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from django.core.serializers.json import DjangoJSONEncoder

from livemigrations.errors import RolledBack
from livemigrations.results import RunReport

_OF_THE_DATABASE = ("current_revision", "pending_migrations")


def json_of(report: RunReport, error: BaseException | None) -> str:
    """``outcome`` (finished, failed, taken back, interrupted), ``error``, and what ``RunReport`` says of the run.

    Where the database stands is not part of it: nobody has looked, and an empty list would say that nothing is pending.
    """
    outcome = {type(None): "finished", RolledBack: "taken back", KeyboardInterrupt: "interrupted"}.get(
        type(error), "failed"
    )
    data = {
        "outcome": outcome,
        "error": "" if error is None else str(error) or type(error).__name__,
        **{name: value for name, value in asdict(report).items() if name not in _OF_THE_DATABASE},
        "longest_stall_ms": report.longest_stall_ms,
        "lock_wait_ms": report.lock_wait_ms,
    }
    return json.dumps(data, cls=DjangoJSONEncoder, indent=2)
