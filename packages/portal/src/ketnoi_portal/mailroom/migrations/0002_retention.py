"""Originals are kept for a time."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("mailroom", "0001_letters")]
    operations = [
        migrations.AddField("mail", "dropped_at", models.DateTimeField(null=True, blank=True)),
        migrations.AddIndex(
            "mail", models.Index(fields=["received_at"], condition=~Q(original=None), name="originals_by_age")
        ),
    ]
