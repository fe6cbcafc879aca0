"""A rating is never changed nor removed, by anyone."""

from __future__ import annotations

from django.db import migrations

SQL = """
CREATE TRIGGER oversight_rating_append_only BEFORE UPDATE OR DELETE ON oversight_rating
  FOR EACH ROW EXECUTE FUNCTION kernel_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("oversight", "0001_initial"), ("kernel", "0002_append_only")]

    operations = [migrations.RunSQL(SQL, "DROP TRIGGER oversight_rating_append_only ON oversight_rating")]
