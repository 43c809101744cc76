"""What can go wrong with what a call is sent, before anything in it is judged; these join the tree of ``errors.py``.

ThreePercentError
  BodyTooLarge  BodyCutShort  BodyUnreadable  BodyOfOtherKind  KeyInRequest
"""

# ruff: noqa: N818 -- a name says what happened; the common base says that it is an error
from app.domain.errors import ThreePercentError


class BodyTooLarge(ThreePercentError):
    """The request is larger than this call takes."""

    code = "request-too-large"

    def __init__(self, *, most: int) -> None:
        """``most`` is how many bytes the call takes."""
        super().__init__(f"This call takes a body of at most {most:,} bytes; send less, in several calls.")
        self.most = most


class BodyCutShort(ThreePercentError):
    """The body of the request stopped half-way."""

    code = "body-cut-short"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        super().__init__("The body stopped half-way; nothing of it was used. Send the whole again.")


class BodyUnreadable(ThreePercentError):
    """The body of the request is not what it should be."""

    code = "body-unreadable"

    def __init__(self, *, problem: str) -> None:
        """``problem`` says what is wrong, as the rest of "The body cannot be used: "."""
        super().__init__(f"The body cannot be used: {problem}")
        self.problem = problem


class KeyInRequest(ThreePercentError):
    """A key stands where it would be stored."""

    code = "key-in-request"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        super().__init__(
            "A key stands in the body, where it would be stored; nothing of it was used. Send keys in the header only, "
            "and rotate this one if others may have seen it."
        )


class BodyOfOtherKind(ThreePercentError):
    """This call does not take this media type."""

    code = "unsupported-media-type"

    def __init__(self, *, expected: str) -> None:
        """``expected`` is a phrase, "the Content-Type application/json"."""
        super().__init__(f"This call expects {expected}.")
        self.expected = expected
