"""The trigger function that refuses status changes outside the listed transitions.

Why: every writer (Django, psql, COPY, other services) is held to the same order of statuses. The table of each
status gets its own trigger, which passes its column and its transitions to this function.
Locks: none; PostgreSQL creates a function without locking a table, in a few milliseconds.
Reverse: the function is dropped. The migrations that create triggers are reversed first.
"""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

from core.db.code import functions_in


class Migration(migrations.Migration):
    sprint = 3
    dependencies = [("core", "0001_s03_money")]
    operations = functions_in(Path(__file__).parents[1] / "sql" / "status_v1.sql")
