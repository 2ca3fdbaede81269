"""The function that keeps ``updated_at`` true.

Why: a timestamp that only one of the writers sets is a guess; a trigger sets it for all of them.
Locks: none, a function touches no table.
Way back: the function is dropped, after the triggers that call it went with the later migrations.
"""

from __future__ import annotations

from django.db import migrations

from livemigrations import operations as live

SET_UPDATED_AT = """
CREATE OR REPLACE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$
"""


class Migration(migrations.Migration):
    sprint = 0
    dependencies = [("customers", "0001_s00_customers")]
    operations = [
        live.CreateFunction("set_updated_at", sql=SET_UPDATED_AT),
    ]
