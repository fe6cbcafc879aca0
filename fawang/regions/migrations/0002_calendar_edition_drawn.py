"""The calendar's edition is drawn at random, no longer counted: room for 62 bits."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("regions", "0001_initial")]
    operations = [migrations.AlterField("calendarstamp", "edition", models.BigIntegerField(default=0))]
