"""The database: column types, engines, transaction scopes, schema. The only room that knows which database it is."""

from app.db.claims import claim
from app.db.columns import (
    ExactDecimal,
    KeyText,
    QuoteId,
    UtcDateTime,
    decimal_text,
    instant,
    metadata,
    microseconds,
)
from app.db.engines import display_url, is_sqlite, open_engine, reading, sqlite_file, transact, writing
from app.db.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseFailed,
    DatabaseUnreachable,
    SchemaTooNew,
    SchemaTooOld,
    UnsupportedDatabase,
)
from app.db.schema import alembic_config, check_integrity, check_schema, migrations_folder, schema_revision, upgrade

__all__ = [
    "DatabaseBusy",
    "DatabaseError",
    "DatabaseFailed",
    "DatabaseUnreachable",
    "ExactDecimal",
    "KeyText",
    "QuoteId",
    "SchemaTooNew",
    "SchemaTooOld",
    "UnsupportedDatabase",
    "UtcDateTime",
    "alembic_config",
    "check_integrity",
    "check_schema",
    "claim",
    "decimal_text",
    "display_url",
    "instant",
    "is_sqlite",
    "metadata",
    "microseconds",
    "migrations_folder",
    "open_engine",
    "reading",
    "schema_revision",
    "sqlite_file",
    "transact",
    "upgrade",
    "writing",
]
