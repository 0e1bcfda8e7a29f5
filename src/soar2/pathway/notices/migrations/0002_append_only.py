"""A reply, once given, stands; another reply follows it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("notices", "0001_initial"), ("record", "0002_append_only")]
    operations = [
        migrations.RunSQL(
            "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON notices_reply"
            " FOR EACH ROW EXECUTE FUNCTION soar2_append_only()",
            "DROP TRIGGER append_only ON notices_reply",
        )
    ]
