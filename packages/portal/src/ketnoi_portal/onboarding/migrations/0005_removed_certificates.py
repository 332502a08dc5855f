"""Certificates that an operator removed, and what replaces one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("onboarding", "0004_next_certificates"),
    ]

    operations = [
        migrations.AddField("certificatespan", "removed", models.BooleanField(default=False)),
        migrations.AddField("nextcertificate", "compromised", models.BooleanField(default=False)),
        migrations.RemoveConstraint("nextcertificate", "one_next_certificate_at_a_time"),
        migrations.AddConstraint(
            "nextcertificate",
            models.UniqueConstraint(
                condition=models.Q(("state__in", ("offered", "beside", "checked", "named", "alone"))),
                fields=("application", "platform", "environment"),
                name="one_next_certificate_at_a_time",
            ),
        ),
    ]
