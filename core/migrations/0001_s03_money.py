"""Functions that round, share and split amounts of money in SQL.

Why: triggers, CHECK constraints and reports compute with money as well as Python does; both must get the same cents.
Locks: none; PostgreSQL creates functions without locking a table, in a few milliseconds.
Reverse: the functions are dropped. Later migrations that use them are reversed first.
"""

from __future__ import annotations

from pathlib import Path

from django.db import migrations

from core.db.code import functions_in


class Migration(migrations.Migration):
    sprint = 3
    initial = True
    dependencies = []
    operations = functions_in(Path(__file__).parents[1] / "sql" / "money_v1.sql")
