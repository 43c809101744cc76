"""Partners and their keys: who may call, who may create which key, and the secret that keys are hashed under."""

from app.accounts.callers import KnownKey, find_key
from app.accounts.secret import key_secret

__all__ = ["KnownKey", "find_key", "key_secret"]
