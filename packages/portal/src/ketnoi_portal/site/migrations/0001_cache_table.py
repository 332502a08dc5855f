"""The table of the cache: every worker counts the same attempts."""

from django.core.management import call_command
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def create(apps: StateApps, schema: BaseDatabaseSchemaEditor) -> None:
    """The table that settings.CACHES names, unless it is there."""
    call_command("createcachetable", database=schema.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
