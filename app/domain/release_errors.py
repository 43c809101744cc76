"""What can be wrong with asking for a release; these join the tree of ``errors.py``."""

# ruff: noqa: N818 -- a name says what happened; the common base says that it is an error
from app.domain.errors import ThreePercentError


class UnknownRelease(ThreePercentError):
    """There is no release, or no file of one, under this name."""

    code = "unknown-release"

    def __init__(self, newest: str | None) -> None:
        """``newest``: the id of the newest release, null where there is none."""
        there = "None has been published yet." if newest is None else f"The newest release is {newest}."
        super().__init__(f"There is no such release, or no such file in it. {there}")


class ReleaseDamaged(ThreePercentError):
    """A file of this release is not what it was when it was published, and is not served."""

    code = "release-damaged"

    def __init__(self, newest: str | None) -> None:
        """``newest``: the id of the newest release that is whole, null where there is none."""
        there = "" if newest is None else f" The newest whole release is {newest}."
        super().__init__(f"This release was damaged on our disk and is not served until it is restored.{there}")
