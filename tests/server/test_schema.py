"""`schema.sql` is what readers open: it must be what the migrations make."""

from server.schema import SCHEMA, dump


def test_schema_sql_equals_what_the_migrations_make(dsn: str) -> None:
    assert dump(dsn) == SCHEMA.read_text(encoding="utf-8")
