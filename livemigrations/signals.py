"""Signals of a run. All are sent with ``using``, the alias of the database."""

from __future__ import annotations

from django.dispatch import Signal

#: ``migration`` (app.name) and ``step`` (engine.steps.Step), before a step runs.
step_started = Signal()
#: ``migration``, ``step`` and ``report`` (results.StepReport), after a step was journalled.
step_finished = Signal()
#: ``report`` (results.RunReport), when a run has ended well.
run_finished = Signal()
#: ``error`` (the exception), when a run has stopped.
run_failed = Signal()
