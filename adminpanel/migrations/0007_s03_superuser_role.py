"""The role ``superuser`` can be neither renamed, nor emptied, nor deleted.

Why: the first account and every later superuser hold this role. Without the rule, anyone who may change roles could
take all permissions from all of them, and no account could give them back.
Locks: SHARE ROW EXCLUSIVE on roles for a few milliseconds; readers do not wait.
Reversed by dropping the trigger and its function.
"""

from __future__ import annotations

from django.db import migrations

from livemigrations import operations as live

FUNCTION = """
CREATE OR REPLACE FUNCTION roles_superuser_protected() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.name = OLD.name AND (NEW.permissions_json = OLD.permissions_json OR NEW.permissions_json = '["*"]') THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the role superuser cannot be renamed or deleted, and its permissions cannot change' USING
        ERRCODE = 'check_violation',
        CONSTRAINT = 'roles_superuser_protected',
        SCHEMA = TG_TABLE_SCHEMA,
        TABLE = TG_TABLE_NAME,
        DETAIL = format('%s of the role %s (permissions %s).', TG_OP, OLD.name, OLD.permissions_json),
        HINT = 'Create another role, and give it to the accounts that need fewer permissions.';
END
$$
"""


class Migration(migrations.Migration):
    sprint = 3
    dependencies = [("adminpanel", "0006_s02_admin_config_defaults")]
    operations = [
        live.CreateFunction("roles_superuser_protected", sql=FUNCTION),
        live.CreateTrigger(
            "role",
            "roles_superuser_protected",
            timing="BEFORE UPDATE OR DELETE",
            function="roles_superuser_protected()",
            condition="OLD.name = 'superuser'",
        ),
    ]
