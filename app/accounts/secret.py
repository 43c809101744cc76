"""The secret under which keys are hashed: from the settings, else made once and kept beside the database."""

import os
import secrets
import tempfile
from pathlib import Path
from typing import Final

from app.settings import Settings, SettingsError

FILE_NAME: Final = "key.secret"
_BYTES: Final = 32


def key_secret(settings: Settings) -> bytes:
    """Return the secret; make and keep one where there is none yet, readable by its owner alone.

    Of several processes that make one at once, one wins and all use its. Raises SettingsError where the file cannot be
    read or written.
    """
    if settings.key_secret:
        return settings.key_secret.encode()
    file = settings.data_dir / FILE_NAME
    try:
        if not file.exists():
            _make(file)
        return _read(file)
    except OSError as error:
        raise SettingsError(
            f"The secret of the keys at {file} cannot be used: {error.strerror}. "
            "Make it readable for this user, or set THREEPERCENT_KEY_SECRET."
        ) from None


def _make(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{FILE_NAME}.", dir=file.parent)  # readable by its owner alone
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(secrets.token_hex(_BYTES).encode() + b"\n")
            opened.flush()
            os.fsync(descriptor)
        try:
            os.link(name, file)
        except FileExistsError:
            return  # another process was first: its secret is the one
        _sync_folder(file.parent)
    finally:
        Path(name).unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(file: Path) -> bytes:
    secret = file.read_bytes().strip()
    if len(secret) < _BYTES:
        raise SettingsError(f"The secret of the keys at {file} is too short; it was not made by this software.")
    return secret
