from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("publication", "0003_traffic")]

    operations = [
        migrations.AddField("run", "trouble_vi", models.CharField(blank=True, default="", max_length=300)),
        migrations.AddField("trafficsource", "trouble_vi", models.CharField(blank=True, default="", max_length=200)),
    ]
