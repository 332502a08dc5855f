"""The log is only ever added to."""

from django.db import migrations

_FORWARD = """
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$;
CREATE TRIGGER audit_rows_stay BEFORE UPDATE OR DELETE ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_stays BEFORE TRUNCATE ON audit_event FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();
"""
_BACK = """
DROP TRIGGER audit_stays ON audit_event;
DROP TRIGGER audit_rows_stay ON audit_event;
DROP FUNCTION audit_stays;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(_FORWARD, _BACK)]
