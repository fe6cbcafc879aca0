"""The series from which documents take their numbers."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("matters", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE matters_document_serial", "DROP SEQUENCE matters_document_serial"),
    ]
