"""Partners and their keys: who may call, who may create which key, and the secret that keys are hashed under."""

from app.accounts.callers import KnownKey, find_key
from app.accounts.keys import (
    LONGEST_OVERLAP,
    Maker,
    NewKey,
    create_key,
    find_key_of,
    revoke_key,
    rotate_key,
)
from app.accounts.partners import (
    By,
    add_partner,
    end_partner,
    find_partner,
    give_providers,
    named_providers,
    new_partner,
    take_providers,
)
from app.accounts.secret import key_secret

__all__ = [
    "LONGEST_OVERLAP",
    "By",
    "KnownKey",
    "Maker",
    "NewKey",
    "add_partner",
    "create_key",
    "end_partner",
    "find_key",
    "find_key_of",
    "find_partner",
    "give_providers",
    "key_secret",
    "named_providers",
    "new_partner",
    "revoke_key",
    "rotate_key",
    "take_providers",
]
