from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Citations end instead of being deleted, so that the reviews of them stay."""

    dependencies = [("knowledge", "0004_snippets")]

    operations = [migrations.AddField("citation", "ended_at", models.DateTimeField(blank=True, null=True))]
