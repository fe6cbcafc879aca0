from __future__ import annotations

from django.db import migrations, models

import fawang.kernel.clock
import fawang.kernel.ids


class Migration(migrations.Migration):
    """常用语."""

    dependencies = [("knowledge", "0003_guides")]

    operations = [
        migrations.CreateModel(
            name="Snippet",
            fields=[
                ("id", models.UUIDField(default=fawang.kernel.ids.new_id, primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=80)),
                ("text", models.TextField()),
                ("norms", models.JSONField(default=list)),
                ("state", models.CharField(choices=[("draft", "待审"), ("reviewed", "已审定"), ("retired", "已停用")], default="draft", max_length=10)),
                ("written_by", models.CharField(max_length=64)),
                ("reviewed_by", models.CharField(blank=True, max_length=64)),
                ("reviewed_at", models.DateTimeField(blank=True, null=True)),
                ("used", models.IntegerField(default=0)),
                ("created_at", models.DateTimeField(default=fawang.kernel.clock.now)),
            ],
            options={"indexes": [models.Index(fields=["state"], name="snippet_state")]},
        ),
    ]
