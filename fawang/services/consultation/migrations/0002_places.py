from __future__ import annotations

from django.db import migrations, models

import fawang.kernel.clock


class Migration(migrations.Migration):
    """Where a cited article stands in the library."""

    dependencies = [("consultation", "0001_initial")]

    operations = [
        migrations.AddField("citation", "slug", models.CharField(blank=True, default="", max_length=40), preserve_default=False),
        migrations.AddField("citation", "number", models.IntegerField(default=0)),
        migrations.AddField("citation", "sub", models.SmallIntegerField(default=0)),
        migrations.AddField("citation", "looked_at", models.DateTimeField(default=fawang.kernel.clock.now)),
        migrations.AddIndex("citation", models.Index(condition=models.Q(("slug", "")), fields=["looked_at"], name="citation_unplaced")),
    ]
