"""Processes keep copies of these tables and have to know when they are old."""

from __future__ import annotations

from django.db import migrations

from fawang.kernel.stamping import stamped


class Migration(migrations.Migration):
    dependencies = [("kernel", "0005_stamp"), ("regions", "0002_calendar_edition_drawn")]

    operations = [migrations.RunSQL(*stamped(table)) for table in ("regions_division", "regions_calendarstamp")]
