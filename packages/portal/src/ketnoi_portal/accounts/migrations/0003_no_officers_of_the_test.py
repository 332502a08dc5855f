"""Who asks in the test environment is the information system itself: see publication/desired.py."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_directory_revision")]
    operations = [migrations.DeleteModel("TestOfficer")]
