"""The numbers of changes to the signed directory."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE accounts_directory_revision AS bigint", "DROP SEQUENCE accounts_directory_revision"
        )
    ]
