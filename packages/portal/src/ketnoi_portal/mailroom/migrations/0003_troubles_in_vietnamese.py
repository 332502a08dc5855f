from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mailroom", "0002_retention")]

    operations = [
        migrations.AddField("boxhealth", "trouble_vi", models.CharField(blank=True, default="", max_length=100)),
    ]
