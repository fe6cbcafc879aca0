"""Events a consumer could not handle yet."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kernel", "0003_reads_chained")]

    operations = [
        migrations.CreateModel(
            name="Undelivered",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("consumer", models.CharField(max_length=80)),
                ("attempts", models.IntegerField(default=1)),
                ("again_at", models.DateTimeField()),
                ("event", models.ForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="kernel.event")),
            ],
            options={
                "indexes": [models.Index(fields=["consumer", "again_at"], name="undelivered_due")],
                "constraints": [models.UniqueConstraint(fields=("consumer", "event"), name="undelivered_once")],
            },
        ),
    ]
