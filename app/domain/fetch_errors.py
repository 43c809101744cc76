"""What can go wrong when a source is fetched over HTTP; these join the tree of ``errors.py``.

    ThreePercentError
      FetchError
        AddressRefused   RedirectRefused   LeftAlone
        Unreachable > UntrustedHost   TooSlow   CutOff   GarbledAnswer   AnswerTooLarge   UnexpectedStatus

A detail names the host and what happened. It never shows a query string, which may hold a secret, nor what was sent.
"""

# ruff: noqa: N818 -- a name says what happened; the common base says that it is an error
from datetime import datetime

from app.domain.errors import ThreePercentError, quoted

HOST_LENGTH = 100
PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})


class FetchError(ThreePercentError):
    """A source could not be fetched.

    ``is_passing``: it may go well when tried again soon. ``retry_at``: when the host wants to be asked again, or we
    would. ``attempts`` and ``received_bytes`` of the whole call are filled in by the fetcher.
    """

    code = "fetch-error"
    is_passing: bool = False

    def __init__(self, *, host: str, problem: str, retry_at: datetime | None = None) -> None:
        """``host`` may come from outside, empty where none is known; ``problem`` ends the sentence that it begins."""
        again = "" if retry_at is None else f" It may be asked again from {retry_at:%Y-%m-%d %H:%M:%S} UTC on."
        subject = quoted(host, HOST_LENGTH)[1:-1] if host else "The address"
        super().__init__(f"{subject} {problem}.{again}")
        self.host = host
        self.problem = problem
        self.retry_at = retry_at
        self.attempts = 0
        self.received_bytes = 0


class AddressRefused(FetchError):
    """The address is not one that a source may be fetched from."""

    code = "address-refused"


class RedirectRefused(FetchError):
    """The source sent us on to where we do not go."""

    code = "redirect-refused"


class LeftAlone(FetchError):
    """The host failed too often and is left alone for a while."""

    code = "host-left-alone"


class Unreachable(FetchError):
    """No connection to the host could be made."""

    code = "host-unreachable"
    is_passing = True


class UntrustedHost(Unreachable):
    """The host could not prove that it is who it says."""

    code = "untrusted-host"
    is_passing = False


class TooSlow(FetchError):
    """The answer did not come within its time."""

    code = "fetch-too-slow"
    is_passing = True


class CutOff(FetchError):
    """The connection ended before the answer did."""

    code = "answer-cut-off"
    is_passing = True


class GarbledAnswer(FetchError):
    """What came is not an answer by the rules of HTTP, or not packed as we can unpack it."""

    code = "garbled-answer"


class AnswerTooLarge(FetchError):
    """The answer is larger than this source's answers may be."""

    code = "answer-too-large"


class UnexpectedStatus(FetchError):
    """The host answered, but with another status than success."""

    code = "unexpected-status"

    def __init__(self, *, host: str, status: int, retry_at: datetime | None = None) -> None:
        """``status`` is of three digits; ``retry_at`` as its Retry-After says."""
        super().__init__(host=host, problem=f"answered with status {status}", retry_at=retry_at)
        self.status = status
        self.is_passing = status in PASSING_STATUSES
