"""The words a machine heard stand with the recording, whichever it is."""

from __future__ import annotations

from django.db import migrations, models

import fawang.kernel.fields


class Migration(migrations.Migration):
    dependencies = [
        ("hotline", "0003_seat_line"),
    ]

    operations = [
        migrations.RemoveField(model_name="voicemail", name="transcript"),
        migrations.AddField(model_name="recording", name="transcript", field=fawang.kernel.fields.SealedTextField(default="")),
        migrations.AddField(model_name="recording", name="transcribed_at", field=models.DateTimeField(null=True)),
    ]
