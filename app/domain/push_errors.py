"""What can go wrong with a write that a partner sends, whatever is in it; these join the tree of ``errors.py``.

    ThreePercentError
      IdempotencyKeyMissing  IdempotencyKeyMalformed  IdempotencyInProgress  IdempotencyKeyReused
      UnknownImport

Each says what to do next: a partner who gets one has to know whether to send the same again.
"""

# ruff: noqa: N818 -- a name says what happened; the common base says that it is an error
from app.domain.errors import ThreePercentError, quoted


class IdempotencyKeyMissing(ThreePercentError):
    """This write needs an Idempotency-Key, so that it can be sent again safely."""

    code = "idempotency-key-missing"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        super().__init__(
            "This call needs the header Idempotency-Key: a text of your own, new for each write and the same for each "
            "attempt at it, such as a UUID. So it can be sent again when no answer came, and is done once."
        )


class IdempotencyKeyMalformed(ThreePercentError):
    """An Idempotency-Key is 1 to 255 printable ASCII characters, quoted or bare, given once."""

    code = "idempotency-key-malformed"

    def __init__(self, *, expected: str) -> None:
        """``expected`` is a phrase that goes on from "expected"."""
        super().__init__(f"The header Idempotency-Key cannot be read; expected {expected}.")


class IdempotencyInProgress(ThreePercentError):
    """The first write under this Idempotency-Key is still being worked on."""

    code = "idempotency-in-progress"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        super().__init__(
            "A write under this Idempotency-Key is being worked on. Send the same again in a moment: its answer will "
            "be that of the first."
        )


class IdempotencyKeyReused(ThreePercentError):
    """An Idempotency-Key belongs to one write: another call or another body needs a key of its own."""

    code = "idempotency-key-reused"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        super().__init__(
            "This Idempotency-Key was used within the last 24 hours for another call or another body. Send what "
            "belongs to it, or take a new key."
        )


class UnknownImport(ThreePercentError):
    """None of your imports has this id."""

    code = "unknown-import"

    def __init__(self, *, text: str) -> None:
        """``text`` is what was given as an id."""
        super().__init__(f"{quoted(text)} is not the id of an import of yours; GET /v1/imports lists them.")
        self.text = text
