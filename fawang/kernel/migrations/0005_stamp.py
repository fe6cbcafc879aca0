"""Stamps of slow tables: a new one with every change, so that processes know when their copies are old."""

from __future__ import annotations

from django.db import migrations, models

DRAWN = """
CREATE FUNCTION kernel_draw_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO kernel_stamp (name, stamp) VALUES (TG_TABLE_NAME, gen_random_uuid())
    ON CONFLICT (name) DO UPDATE SET stamp = EXCLUDED.stamp;
  RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0004_undelivered")]

    operations = [
        migrations.CreateModel(
            name="Stamp",
            fields=[("name", models.CharField(max_length=63, primary_key=True, serialize=False)), ("stamp", models.UUIDField())],
        ),
        migrations.RunSQL(DRAWN, "DROP FUNCTION kernel_draw_stamp()"),
    ]
