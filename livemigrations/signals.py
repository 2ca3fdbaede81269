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

#: ``name`` (of the backup, None if it was given none), when a backup begins.
backup_started = Signal()
#: ``backup`` (backups.manifest.Backup), when a backup is complete.
backup_finished = Signal()
#: ``error`` (the exception), when a backup could not be made; the database was only read.
backup_failed = Signal()
#: ``backup`` (with its check in ``verified``), when a backup was checked by restoring it.
backup_verified = Signal()
#: ``backup`` and ``database`` (the name that is restored to), when a restore begins.
restore_started = Signal()
#: ``restoration`` (backups.restoration.Restoration), when a restored database was swapped in.
restore_finished = Signal()
#: ``backup``, ``database`` and ``error``, when a restore was stopped; the database is as it was.
restore_failed = Signal()
