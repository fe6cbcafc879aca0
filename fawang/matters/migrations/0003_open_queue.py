"""Who oversees several offices reads what is due first of all of them without sorting everything that is open."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("matters", "0002_document_serial")]

    operations = [
        migrations.AddIndex("matter", models.Index(fields=["next_due_at", "id"], name="matter_open_queue", condition=models.Q(is_open=True))),
    ]
