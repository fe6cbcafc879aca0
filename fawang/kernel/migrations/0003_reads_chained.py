"""Reads are chained like events; the ledger's heads commit to the hour of sealing too; what is append-only is kept so by one list."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

QUEUE = """
CREATE FUNCTION kernel_queue_read_for_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO kernel_unsealedread (read_id) VALUES (NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER readlog_queue_for_seal AFTER INSERT ON kernel_readlog
  FOR EACH ROW EXECUTE FUNCTION kernel_queue_read_for_seal();
INSERT INTO kernel_unsealedread (read_id) SELECT id FROM kernel_readlog;

CREATE TRIGGER kernel_readentry_append_only BEFORE UPDATE OR DELETE ON kernel_readentry
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change();
CREATE TRIGGER kernel_readentry_no_truncate BEFORE TRUNCATE ON kernel_readentry
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_change();
"""


def rechain(apps: Any, editor: Any) -> None:
    """Heads of a ledger written before this version, computed anew in the new form."""
    from fawang.kernel.events import GENESIS, next_head

    entries = apps.get_model("kernel", "LedgerEntry").objects.select_related("event").order_by("position")
    if not entries.exists():
        return
    head = GENESIS
    editor.execute("ALTER TABLE kernel_ledgerentry DISABLE TRIGGER kernel_ledgerentry_append_only")
    for entry in list(entries):
        head = next_head(head, entry.position, entry.sealed_at, bytes(entry.event_hash), entry.event.suite)
        editor.execute("UPDATE kernel_ledgerentry SET head = %s WHERE position = %s", [head, entry.position])
    editor.execute("ALTER TABLE kernel_ledgerentry ENABLE TRIGGER kernel_ledgerentry_append_only")


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_append_only")]

    operations = [
        migrations.CreateModel(
            name="UnsealedRead",
            fields=[
                (
                    "read",
                    models.OneToOneField(on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, serialize=False, to="kernel.readlog"),
                )
            ],
        ),
        migrations.CreateModel(
            name="ReadEntry",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("read", models.OneToOneField(on_delete=django.db.models.deletion.DO_NOTHING, related_name="entry", to="kernel.readlog")),
                ("suite", models.CharField(max_length=4)),
                ("read_hash", models.BinaryField()),
                ("head", models.BinaryField()),
            ],
        ),
        migrations.RunSQL(QUEUE, migrations.RunSQL.noop),
        migrations.RunPython(rechain, migrations.RunPython.noop),
    ]
