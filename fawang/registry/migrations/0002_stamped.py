"""Processes keep copies of these tables and have to know when they are old."""

from __future__ import annotations

from django.db import migrations

from fawang.kernel.stamping import stamped


class Migration(migrations.Migration):
    dependencies = [("kernel", "0005_stamp"), ("registry", "0001_initial")]

    operations = [migrations.RunSQL(*stamped(table)) for table in ("registry_organisation",)]
