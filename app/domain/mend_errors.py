"""What can go wrong with putting things right; these join the tree of ``errors.py``.

ThreePercentError
  UnknownNotice  NotHeld
"""

# ruff: noqa: N818 -- a name says what happened; the common base says that it is an error
from app.domain.errors import ThreePercentError, listed


class UnknownNotice(ThreePercentError):
    """No notice with this number stands."""

    code = "unknown-notice"

    def __init__(self, *, number: int, known: tuple[str, ...]) -> None:
        """``known`` are the numbers of those that stand."""
        there_is = f"Those that stand: {listed(known)}." if known else "None stands."
        super().__init__(f"No notice {number} stands. {there_is}")


class NotHeld(ThreePercentError):
    """This import is not held, so that there is nothing to release."""

    code = "not-held"

    def __init__(self, *, number: int, status: str) -> None:
        """``status`` is what it is instead."""
        super().__init__(f"Import {number} is {status}, not held; threepercent imports list shows those that are held.")
