"""What can go wrong when a person decides about a quote that waits; these join the tree of ``errors.py``.

ThreePercentError
  UnknownQuarantined  AlreadyDecided  OwnQuote
"""

# ruff: noqa: N818 -- a name says what happened; the common base says that it is an error
from app.domain.errors import ThreePercentError, quoted


class UnknownQuarantined(ThreePercentError):
    """No quote with this id waits, or ever waited."""

    code = "unknown-quarantined"

    def __init__(self, *, text: str) -> None:
        """``text`` is what was given as an id."""
        super().__init__(f"{quoted(text)} is not the id of a quote in quarantine; GET /v1/quarantine lists them.")
        self.text = text


class AlreadyDecided(ThreePercentError):
    """This quote does not wait any more."""

    code = "already-decided"

    def __init__(self, *, quote_id: str, status: str) -> None:
        """``status`` is what became of it: accepted, refused or withdrawn."""
        super().__init__(f"The quote {quote_id} does not wait any more: it was {status}.")
        self.quote_id = quote_id
        self.status = status


class OwnQuote(ThreePercentError):
    """Nobody decides about quotes of their own."""

    code = "own-quote"

    def __init__(self) -> None:
        """There is nothing to tell but who can."""
        super().__init__("Nobody decides about their own quotes: a reviewer of another partner has to.")
