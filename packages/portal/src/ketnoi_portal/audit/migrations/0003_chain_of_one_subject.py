"""Each subject's events are a chain of their own within the whole one."""

from django.db import migrations, models

from ketnoi_portal.audit.models import GENESIS


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_insert_only")]
    operations = [
        migrations.AddField(
            model_name="event",
            name="subject_previous",
            field=models.CharField(default=GENESIS, max_length=64),
            preserve_default=False,
        ),
    ]
