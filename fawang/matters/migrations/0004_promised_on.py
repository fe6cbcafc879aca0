"""The day given to the person, with which a limit ends."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("matters", "0003_open_queue")]

    operations = [
        migrations.AddField("clock", "promised_on", models.DateField(null=True, help_text="the day given to the person, with which the limit ends")),
    ]
