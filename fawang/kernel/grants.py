"""What the application's database role may do. The owner gives it after every migration; what is append-only it can only add to.

A table is append-only when it carries a trigger on ``kernel_refuse_change``: that is the one list, kept by the migrations.
"""

from __future__ import annotations

from typing import Any

APP_ROLE = "fawang_app"
_APPEND_ONLY = """
SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE p.proname = 'kernel_refuse_change' AND NOT t.tgisinternal ORDER BY c.relname
"""


def append_only_tables(cursor: Any) -> list[str]:
    """Tables whose rows nobody changes."""
    cursor.execute(_APPEND_ONLY)
    return [row[0] for row in cursor.fetchall()]


def give_rights(cursor: Any, role: str = APP_ROLE) -> bool:
    """Grant the application's role what it needs and no more; run as the owner. ``False`` when there is no such role."""
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    if cursor.fetchone() is None:
        return False
    cursor.execute(f'GRANT USAGE ON SCHEMA public TO "{role}"')
    cursor.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{role}"')
    cursor.execute(f'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO "{role}"')
    for table in append_only_tables(cursor):
        cursor.execute(f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM "{role}"')
    cursor.execute(f'REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM "{role}"')
    return True
