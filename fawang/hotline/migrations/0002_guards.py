"""Raw call events and playbacks are append-only; an edition's document does not change once it was simulated."""

from __future__ import annotations

from django.db import migrations

GUARD = """
CREATE FUNCTION hotline_refuse_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state IN ('simulated', 'live', 'retired') AND NEW.document IS DISTINCT FROM OLD.document THEN
    RAISE EXCEPTION 'edition % is fixed', OLD.number USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF OLD.state IN ('live', 'retired') AND NEW.state IN ('draft', 'simulated') THEN
    RAISE EXCEPTION 'edition % cannot go back', OLD.number USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER hotline_configversion_fixed BEFORE UPDATE ON hotline_configversion
  FOR EACH ROW EXECUTE FUNCTION hotline_refuse_document();
"""

PER_TABLE = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change();
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'fawang_app') THEN
    REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM fawang_app;
  END IF;
END $$;
"""

TABLES = ("hotline_callevent", "hotline_recordingplayback", "hotline_callwarning", "hotline_ticketconversion")


class Migration(migrations.Migration):
    dependencies = [("hotline", "0001_initial"), ("kernel", "0002_append_only")]

    operations = [
        migrations.RunSQL(GUARD, reverse_sql=migrations.RunSQL.noop),
        *[migrations.RunSQL(PER_TABLE.format(table=t), reverse_sql=migrations.RunSQL.noop) for t in TABLES],
    ]
