"""Messages are kept as they came, not compressed: compressing a report takes longer than storing it.

Up to 8,160 bytes a row stays in one piece; of a longer message the bytes alone move to the side table.
"""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0002_doors'),
    ]

    operations = [
        migrations.RunSQL(
            [
                'ALTER TABLE exchange_inboundmessage ALTER COLUMN raw SET STORAGE EXTERNAL',
                'ALTER TABLE exchange_inboundmessage SET (toast_tuple_target = 8160)',
            ],
            [
                'ALTER TABLE exchange_inboundmessage ALTER COLUMN raw SET STORAGE EXTENDED',
                'ALTER TABLE exchange_inboundmessage RESET (toast_tuple_target)',
            ],
        ),
    ]
