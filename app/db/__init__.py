"""The database: column types, engines, transaction scopes, schema. The only room that knows which database it is."""

from app.db.backups import Backup, check_backup, make_backup, restore_backup
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
    BackupRefused,
    DatabaseBusy,
    DatabaseError,
    DatabaseFailed,
    DatabaseInUse,
    DatabaseUnreachable,
    SchemaTooNew,
    SchemaTooOld,
    UnsupportedDatabase,
)
from app.db.schema import alembic_config, check_integrity, check_schema, migrations_folder, schema_revision, upgrade

__all__ = [
    "Backup",
    "BackupRefused",
    "DatabaseBusy",
    "DatabaseError",
    "DatabaseFailed",
    "DatabaseInUse",
    "DatabaseUnreachable",
    "ExactDecimal",
    "KeyText",
    "QuoteId",
    "SchemaTooNew",
    "SchemaTooOld",
    "UnsupportedDatabase",
    "UtcDateTime",
    "alembic_config",
    "check_backup",
    "check_integrity",
    "check_schema",
    "claim",
    "decimal_text",
    "display_url",
    "instant",
    "is_sqlite",
    "make_backup",
    "metadata",
    "microseconds",
    "migrations_folder",
    "open_engine",
    "reading",
    "restore_backup",
    "schema_revision",
    "sqlite_file",
    "transact",
    "upgrade",
    "writing",
]
