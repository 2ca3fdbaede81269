"""The report of a run as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from django.core.serializers.json import DjangoJSONEncoder

from livemigrations.errors import RolledBack
from livemigrations.results import RunReport


def json_of(report: RunReport, error: BaseException | None) -> str:
    """``outcome`` (finished, failed, taken back, interrupted), ``error``, and the fields of ``RunReport``."""
    outcome = {type(None): "finished", RolledBack: "taken back", KeyboardInterrupt: "interrupted"}.get(
        type(error), "failed"
    )
    data = {
        "outcome": outcome,
        "error": "" if error is None else str(error) or type(error).__name__,
        **asdict(report),
        "longest_stall_ms": report.longest_stall_ms,
        "lock_wait_ms": report.lock_wait_ms,
    }
    return json.dumps(data, cls=DjangoJSONEncoder, indent=2)
