"""What can be wrong with a database, told so that an operator can act."""
# ruff: noqa: N818 - each name says what is wrong; "Error" would add nothing


class DatabaseError(Exception):
    """The database cannot be used; the message says why and what to do, and never holds a password."""


class UnsupportedDatabase(DatabaseError):
    """The URL names a database that we do not speak."""


class DatabaseUnreachable(DatabaseError):
    """Nobody answers at the database's URL, or the file cannot be opened."""


class DatabaseBusy(DatabaseError):
    """Another process has been writing for longer than we wait."""


class DatabaseFailed(DatabaseError):
    """The database gave up in the middle: its disk is full, it may not be written, it was stopped, or it is damaged."""


class SchemaTooOld(DatabaseError):
    """The database has not been migrated to this release."""


class SchemaTooNew(DatabaseError):
    """A newer release has migrated the database; this one would misread it."""


class BackupRefused(DatabaseError):
    """A backup cannot be made or restored as it was asked for."""


class DatabaseInUse(DatabaseError):
    """Somebody has the database open, and it was to be replaced."""
