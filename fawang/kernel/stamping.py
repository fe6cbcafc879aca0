"""The SQL with which a migration gives a table a stamp (see ``freshness``)."""

from __future__ import annotations

_THERE = """
CREATE TRIGGER {table}_stamp AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kernel_draw_stamp();
INSERT INTO kernel_stamp (name, stamp) VALUES ('{table}', gen_random_uuid()) ON CONFLICT DO NOTHING;
"""
_GONE = """
DROP TRIGGER {table}_stamp ON {table};
DELETE FROM kernel_stamp WHERE name = '{table}';
"""


def stamped(table: str) -> tuple[str, str]:
    """Draw the table a stamp now and with every change; and how to undo that."""
    return _THERE.format(table=table), _GONE.format(table=table)
