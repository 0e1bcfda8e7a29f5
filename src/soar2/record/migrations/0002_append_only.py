"""History that cannot be rewritten: the database itself refuses to change or delete ledger and audit rows."""

from django.db import migrations

TABLES = ("record_ledgerentry", "record_chartaccess", "record_deliveryattempt")

FUNCTION = """
CREATE FUNCTION soar2_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: a row was to be changed or deleted', TG_TABLE_NAME;
END $$;
"""


def trigger(table):
    return migrations.RunSQL(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION soar2_append_only()",
        f"DROP TRIGGER append_only ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("record", "0001_initial")]
    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION soar2_append_only()"),
        *(trigger(table) for table in TABLES),
    ]
