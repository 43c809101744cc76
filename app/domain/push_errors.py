"""What can go wrong with a write that a partner sends, whatever is in it; these join the tree of ``errors.py``.

    ThreePercentError
      IdempotencyKeyMissing  IdempotencyKeyMalformed  IdempotencyInProgress  IdempotencyKeyReused
      UnknownImport  ImportUnfinished
      TooManyQuotes  ConditionMissing  ConditionFailed  QuoteReplaced  CorrectionRefused
      QuotesRejected

Each says what to do next: a partner who gets one has to know whether to send the same again.
"""

# ruff: noqa: N818 -- a name says what happened; the common base says that it is an error
from app.domain.errors import ThreePercentError, quoted
from app.domain.verdicts import Finding


class TooManyQuotes(ThreePercentError):
    """More quotes were sent than the plan allows in a day."""

    code = "too-many-quotes"

    def __init__(self, detail: str, retry_after_seconds: int | None = None) -> None:
        """``retry_after_seconds``: when there is room again, null where waiting does not help."""
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


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


class ImportUnfinished(ThreePercentError):
    """This import has brought nothing that could be taken back."""

    code = "import-unfinished"

    def __init__(self, *, has_failed: bool) -> None:
        """``has_failed``: it failed and stored nothing; else it waits or runs."""
        why = "failed: nothing of it was stored" if has_failed else "waits or runs: take it back once it is done"
        super().__init__(f"This import {why}. GET /v1/imports says how far each is.")


class ConditionMissing(ThreePercentError):
    """A correction has to say which state of the quote it corrects."""

    code = "condition-missing"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        super().__init__(
            "This call needs the header If-Match with the ETag of GET /v1/quotes/{quote_id}, so that nobody corrects "
            "what they have not seen."
        )


class ConditionFailed(ThreePercentError):
    """The quote is not in the state that If-Match names."""

    code = "condition-failed"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        super().__init__("The quote is not what If-Match says. Read it again, and send the ETag of that answer.")


class QuoteReplaced(ThreePercentError):
    """The quote does not stand any more, so that there is nothing to correct."""

    code = "quote-replaced"

    def __init__(self, *, change: str, successor: str | None) -> None:
        """``change`` is what happened to it; ``successor`` the id of the quote in whose place it stands."""
        instead = f" {successor} stands in its place: correct that one." if successor else " Push a new one."
        super().__init__(f"This quote was {change}.{instead}")
        self.successor = successor


class CorrectionRefused(ThreePercentError):
    """What was sent cannot stand in the place of this quote."""

    code = "correction-refused"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        """``findings`` say what is wrong, at least one of them so that it cannot be shown."""
        super().__init__(" ".join(dict.fromkeys(finding.detail for finding in findings)))
        self.findings = findings


class QuotesRejected(ThreePercentError):
    """Nothing of a batch was taken: every quote was rejected, or one of an atomic batch."""

    code = "quotes-rejected"

    def __init__(self, *, rejected: int, of: int, is_atomic: bool) -> None:
        """``rejected``: how many items, of how many."""
        atomic = " One of them is enough in an atomic batch." if is_atomic and rejected > 1 else ""
        super().__init__(
            f"{rejected:,} of {of:,} quotes were rejected, and nothing was stored.{atomic} Mend what quotes[] says of "
            "each, and send the batch again under a new Idempotency-Key."
        )
