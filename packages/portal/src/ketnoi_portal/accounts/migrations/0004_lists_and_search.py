"""Lists in the order of pages, counted without their rows; search by any part of a name, a code or an address."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models
from django.db.models.functions import Collate, Upper


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_no_officers_of_the_test")]
    operations = [
        # A trusted extension of PostgreSQL's own: the database's owner may create it.
        TrigramExtension(),
        migrations.AddIndex(
            "account", models.Index(Collate("unit", "C"), "full_name", "id", name="accounts_as_listed")
        ),
        migrations.AddIndex(
            "account", models.Index(Collate("unit", "C"), "state", "chart", "level", name="accounts_as_counted")
        ),
        *(
            migrations.AddIndex(
                "account", GinIndex(OpClass(Upper(field), "gin_trgm_ops"), name=f"accounts_found_by_{field}")
            )
            for field in ("full_name", "code", "email")
        ),
    ]
