"""What can go wrong with partners and their keys; these join the tree of ``errors.py``.

ThreePercentError
  UnknownPartner  PartnerExists  UnknownKey  KeyNotActive  TooManyKeys
  KeyNotGood > KeyMissing  KeyMalformed  KeyUnknown  KeyExpired  KeyRevoked
  WrongScope  WrongNetwork
"""

# ruff: noqa: N818 -- a name says what happened; the common base says that it is an error
from app.domain.errors import ThreePercentError, listed, quoted


class UnknownPartner(ThreePercentError):
    """No partner has this name or id."""

    code = "unknown-partner"

    def __init__(self, *, text: str, known: tuple[str, ...] = ()) -> None:
        """``known`` are the ids of the partners there are; they are told to the operator only."""
        there_are = f" There are {listed(known)}." if known else " Add one with: threepercent partners add NAME"
        super().__init__(f"{quoted(text)} is not a partner, or was ended.{there_are}")
        self.text = text


class PartnerExists(ThreePercentError):
    """There is or was a partner with this name."""

    code = "partner-exists"

    def __init__(self, *, partner: str) -> None:
        """``partner`` is its id. An ended partner's id is not given again: its quotes still bear it."""
        super().__init__(f"There is, or was, a partner with the id {partner}; choose another name.")
        self.partner = partner


class UnknownKey(ThreePercentError):
    """No key of this account has this id."""

    code = "unknown-key"

    def __init__(self, *, text: str) -> None:
        """``text`` is what was given as an id."""
        super().__init__(f"{quoted(text)} is not the id of a key here; a list of keys names theirs, such as key_….")
        self.text = text


class KeyNotActive(ThreePercentError):
    """This key has ended, or another has taken its place."""

    code = "key-not-active"

    def __init__(self, *, key: str, successor: str | None) -> None:
        """``successor`` is the id of the key that took its place."""
        why = f"{successor} has taken its place" if successor else "it was revoked or has expired"
        super().__init__(f"{key} cannot be rotated: {why}.")
        self.key = key
        self.successor = successor


class TooManyKeys(ThreePercentError):
    """This account has as many keys as it may have."""

    code = "too-many-keys"

    def __init__(self, *, most: int) -> None:
        """``most`` keys may be good at once."""
        super().__init__(f"An account has at most {most} keys that are good; revoke one that is not used any more.")
        self.most = most


class KeyNotGood(ThreePercentError):
    """This call needs a good key, and there is none."""

    code = "key-not-good"


class KeyMissing(KeyNotGood):
    """This call needs a key."""

    code = "key-missing"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        super().__init__("This call needs a key; send it as Authorization: Bearer tp_live_… or as X-API-Key.")


class KeyMalformed(KeyNotGood):
    """What was sent as a key is none."""

    code = "key-malformed"

    def __init__(self, detail: str | None = None) -> None:
        """Never told: what was sent, since it may be a key with a mistake in it."""
        super().__init__(
            detail
            or "What was sent as a key is none, or not whole: a key begins with tp_live_, tp_test_ or tp_pub_ "
            "and ends with its checksum. Copy it again, or create a new one."
        )


class KeyUnknown(KeyNotGood):
    """No such key was ever created here."""

    code = "key-unknown"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        super().__init__("No such key was created here. Was it made for another installation? Create a new one.")


class KeyExpired(KeyNotGood):
    """This key has expired."""

    code = "key-expired"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        super().__init__("This key has expired. Use the one that took its place, or create a new one.")


class KeyRevoked(KeyNotGood):
    """This key was revoked."""

    code = "key-revoked"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        super().__init__("This key was revoked. Create a new one, or ask the operator.")


class WrongScope(ThreePercentError):
    """This key does not allow this call."""

    code = "wrong-scope"

    def __init__(self, *, needed: str, detail: str | None = None) -> None:
        """``needed`` is the scope that would allow it."""
        super().__init__(detail or f"This call needs a key with the scope {needed}.")
        self.needed = needed


class WrongNetwork(ThreePercentError):
    """This key may not be used from this address."""

    code = "wrong-network"

    def __init__(self) -> None:
        """Neither the address nor the list is told: whoever holds a leaked key learns nothing."""
        super().__init__("This key may be used from certain addresses only, and this request comes from another.")
