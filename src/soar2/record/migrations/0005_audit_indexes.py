"""Who opened this chart, and what did this person open: each from one index, however many rows there are."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('record', '0004_audit_seal'),
    ]

    operations = [
        migrations.AlterField(
            model_name='chartaccess',
            name='patient',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='accesses', to='record.patient'),
        ),
        migrations.AlterField(
            model_name='chartaccess',
            name='person',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to='record.person'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='patient',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='facts', to='record.patient'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='person',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='facts', to='record.person'),
        ),
        migrations.AddIndex(
            model_name='chartaccess',
            index=models.Index(fields=['patient', 'at'], name='accesses_of_patient'),
        ),
        migrations.AddIndex(
            model_name='chartaccess',
            index=models.Index(fields=['person', 'at'], name='accesses_by_person'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['patient', 'at'], name='facts_of_patient'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['person', 'at'], name='facts_of_person'),
        ),
        migrations.AddIndex(
            model_name='chartaccess',
            index=models.Index(condition=models.Q(('kind', 'refused')), fields=['at'], name='accesses_refused'),
        ),
    ]
