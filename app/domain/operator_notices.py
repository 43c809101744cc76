"""What the operator has to say about answers: a notice about everything, a corridor, a provider or a source."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

OPERATOR_NOTICE: Final = "operator_notice"
"""The code under which answers show a notice."""


class NoticeAbout(StrEnum):
    """What a notice is about."""

    ALL = "all"
    CORRIDOR = "corridor"
    PROVIDER = "provider"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class OperatorNotice:
    """One notice; ``subject`` is the id of what it is about, empty where that is everything."""

    about: NoticeAbout
    subject: str
    text: str


def notices_about(
    notices: Iterable[OperatorNotice],
    *,
    corridors: Collection[str] = (),
    providers: Collection[str] = (),
    sources: Collection[str] = (),
) -> tuple[OperatorNotice, ...]:
    """Return the notices that an answer about these is touched by, in their order."""
    touched = {NoticeAbout.CORRIDOR: corridors, NoticeAbout.PROVIDER: providers, NoticeAbout.SOURCE: sources}
    return tuple(one for one in notices if one.about is NoticeAbout.ALL or one.subject in touched[one.about])
