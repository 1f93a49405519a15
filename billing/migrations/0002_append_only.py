"""The database itself refuses to change or remove what was booked or recorded."""

from django.db import migrations

TABLES = ("billing_ledgerentry", "billing_auditevent")

SQLITE = """
CREATE TRIGGER {table}_no_{verb} BEFORE {VERB} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
POSTGRESQL_FUNCTION = """
CREATE FUNCTION billing_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$
"""
POSTGRESQL = """
CREATE TRIGGER {table}_no_{verb} BEFORE {VERB} ON {table}
FOR EACH ROW EXECUTE FUNCTION billing_append_only()
"""


def _each(schema_editor, template):
    for table in TABLES:
        for verb in ("update", "delete"):
            schema_editor.execute(template.format(table=table, verb=verb, VERB=verb.upper()))


def guard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL_FUNCTION, params=None)  # its % is not a placeholder
        _each(schema_editor, POSTGRESQL)
    else:
        _each(schema_editor, SQLITE)


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        _each(schema_editor, "DROP TRIGGER {table}_no_{verb} ON {table}")
        schema_editor.execute("DROP FUNCTION billing_append_only()")
    else:
        _each(schema_editor, "DROP TRIGGER {table}_no_{verb}")


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
