"""Events, the ledger and the read log are append-only: by trigger for everyone, by grants for the application's role."""

from __future__ import annotations

from django.db import migrations

GUARD = """
CREATE FUNCTION kernel_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION kernel_queue_for_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO kernel_unsealedevent (event_id) VALUES (NEW.id);
  RETURN NULL;
END $$;

CREATE TRIGGER event_queue_for_seal AFTER INSERT ON kernel_event
  FOR EACH ROW EXECUTE FUNCTION kernel_queue_for_seal();

CREATE SEQUENCE kernel_matter_serial MINVALUE 1 MAXVALUE 99999 CYCLE;
"""

PER_TABLE = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'fawang_app') THEN
    REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM fawang_app;
  END IF;
END $$;
"""

TABLES = ("kernel_event", "kernel_ledgerentry", "kernel_readlog")


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]

    operations = [
        migrations.RunSQL(GUARD, reverse_sql=migrations.RunSQL.noop),
        *[migrations.RunSQL(PER_TABLE.format(table=t), reverse_sql=migrations.RunSQL.noop) for t in TABLES],
    ]
