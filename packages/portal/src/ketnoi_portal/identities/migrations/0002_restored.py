from django.db import migrations, models


class Migration(migrations.Migration):
    """An identity system whose database was restored may give numbers again."""

    dependencies = [("identities", "0001_initial")]

    operations = [
        migrations.AddField("identitysource", "last_made_at", models.DateTimeField(null=True)),
        migrations.RemoveConstraint("objection", "an_objection_is_kept_once"),
        migrations.AddConstraint(
            "objection",
            models.UniqueConstraint(fields=["source", "number", "made_at"], name="an_objection_is_kept_once"),
        ),
    ]
