"""What endpoints are given: the shared state, the board, the language, a page, a format; one alias each."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Annotated, NamedTuple

from fastapi import Depends, Query, Request
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from app.api.callers import caller_of
from app.api.clocks import asked_clock
from app.api.formats import FOR_EVER, JSON, NOT_YET, Freshness, negotiate
from app.api.inputs import COUNTRY, CURRENCY, PERIOD, SLUG, SOURCE, OneOf, Search, Text, Texts, Whole, YesNo
from app.api.noted import note_version
from app.api.pages import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE, position_of
from app.api.past_boards import PastBoards
from app.api.problems import BoardNotReadyError, request_id_of
from app.api.tables import SUFFIXES, TABLE_FORMATS
from app.board import Board, load_newer
from app.compare import LiveCorridors
from app.db import DatabaseError
from app.domain.geography import Geography
from app.domain.indicators import CorridorFigures
from app.domain.key_errors import KeyMissing, WrongScope
from app.domain.partners import Caller, KeyKind, Partner, Scope
from app.domain.vocabulary import AmountTier
from app.observability import Metrics, log_away
from app.reference import LANGUAGES
from app.reference import negotiate as negotiate_language
from app.settings import Settings
from app.store.rates import Coverage

PRIVATE_SECONDS = 1.0
"""How old a board with private sources may be before the database is asked for a newer one."""


SETTLED_AFTER = timedelta(seconds=60)
"""After so long whatever was being committed at an instant is committed: what was known then changes no more."""


class RoundFigures(NamedTuple):
    """A corridor's figures in one round of one source."""

    corridor: str
    source: str
    period: str
    figures: Mapping[AmountTier, CorridorFigures]


@dataclass(slots=True)
class Served:
    """What all requests of an app share; only the board is ever replaced, by a newer one.

    ``past_figures``: those of a few past quarters, by dataset version and quarter. ``live_corridors``: the last list
    of live figures, good for its board until time changes it. ``rate_coverage``: who has quoted which currency since
    when, with the newest imports of rates (``Board.rates_from``) when that was read. ``with_private``: the same over a
    board with private sources, once somebody may read it; ``looked_at``: when its database was asked for a newer one.
    ``sandbox`` gives what a partner's test keys share, and the partner as its sandbox knows it.
    """

    settings: Settings
    engine: Engine
    geography: Geography
    metrics: Metrics
    clock: Callable[[], datetime]
    board: Board | None = None
    past_figures: dict[tuple[int, str], Mapping[str, RoundFigures]] = field(default_factory=dict)
    past_figures_lock: Lock = field(default_factory=Lock)
    rate_coverage: tuple[Mapping[str, int], Sequence[Coverage]] | None = None
    live_corridors: tuple[Board, LiveCorridors] | None = None
    past_boards: PastBoards = field(default_factory=PastBoards)
    with_private: "Served | None" = None
    private_lock: Lock = field(default_factory=Lock)
    looked_at: float = 0.0
    sandbox: Callable[[Partner, datetime], tuple["Served", Partner]] | None = None

    def current_board(self) -> Board:
        """Return the board in memory, or raise ``BoardNotReadyError`` before the first is there."""
        if self.board is None:
            raise BoardNotReadyError
        return self.board


def served(request: Request) -> Served:
    """Return what the app of this request shares."""
    shared: Served = request.app.state.served
    return shared


def view(request: Request) -> Served:
    """Return what a read is answered from: what everybody sees, a partner's sandbox, or private sources as well."""
    shared, caller = served(request), caller_of(request)
    if caller is not None and caller.kind is KeyKind.TEST:
        return _sandbox(request, shared, caller)[0]
    asked_clock(request, shared.clock())  # which only a test key may set
    if caller is None:
        return shared
    if Scope.PRIVATE_READ not in caller.scopes:
        return shared
    private = _with_private(shared)
    request.state.dataset_version = private.current_board().dataset_version
    return private


def _sandbox(request: Request, shared: Served, caller: Caller) -> tuple[Served, Caller]:
    """Return what a test key works on, with the clock that it asks for, and its caller as the sandbox knows it."""
    if shared.sandbox is None:
        raise BoardNotReadyError
    now = shared.clock()
    asked = asked_clock(request, now)
    found, partner = shared.sandbox(caller.partner, now)
    if asked is not None:
        found.clock = lambda: asked
    request.state.dataset_version = found.current_board().dataset_version
    return found, replace(caller, partner=partner)


def _with_private(shared: Served) -> Served:
    """Return what is shared over a board with private sources, as new as the main one: by a second."""
    shared.current_board()
    with shared.private_lock:
        private, now = shared.with_private, shared.clock()
        if private is None:
            private = replace(shared, board=None, past_figures={}, past_figures_lock=Lock(), private_lock=Lock())
            private.live_corridors = private.rate_coverage = None
            shared.with_private = private
        if private.board is None or time.monotonic() - private.looked_at >= PRIVATE_SECONDS:
            private.board = _newest_with_private(private, now)
            private.looked_at = time.monotonic()
        return private


def _newest_with_private(private: Served, now: datetime) -> Board | None:
    """Return the newest board with private sources; while the database is away, the one that was read before."""
    try:
        newer = load_newer(private.engine, private.geography, now, private.board, with_private=True)
    except (DatabaseError, OperationalError) as error:
        if private.board is None:
            raise
        log_away(error)
        return private.board
    return newer or private.board


def _language(
    request: Request,
    language: Annotated[
        Annotated[str | None, OneOf(LANGUAGES)],
        Query(description="Language of names, labels and texts; `Accept-Language` is heeded where this is not given."),
    ] = None,
) -> str:
    return negotiate_language(request.headers.get("accept-language")) if language is None else language


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list is asked for: how many rows, and after which position."""

    size: int
    token: str | None
    path: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def after(self) -> tuple[str, ...] | None:
        """The position that the token holds, null on the first page; raises where it is not of this list."""
        return None if self.token is None else position_of(self.token, self.path, self.parameters)


def _paging(
    request: Request,
    page_size: Annotated[
        Annotated[int | None, Whole(1, LARGEST_PAGE_SIZE)],
        Query(description=f"Rows on a page, {DEFAULT_PAGE_SIZE} unless told."),
    ] = None,
    page_token: Annotated[
        Annotated[str | None, Text(r"^[A-Za-z0-9_-]+$", "the next_page_token of an answer", "…", longest=1000)],
        Query(description="`next_page_token` of the page before, with the same parameters."),
    ] = None,
) -> Paging:
    return Paging(
        size=page_size or DEFAULT_PAGE_SIZE,
        token=page_token,
        path=request.url.path,
        parameters=tuple(request.query_params.multi_items()),
    )


def _json_only(request: Request) -> str:
    return negotiate(request.headers.get("accept"), (JSON,))


def _table_format(request: Request) -> str:
    suffix = request.path_params.get("suffix")
    if suffix is None:
        return negotiate(request.headers.get("accept"), TABLE_FORMATS)
    if suffix not in SUFFIXES:
        raise HTTPException(404)
    return SUFFIXES[suffix]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A read: the request, what the app shares, the board and the clock of this moment, and the reader's language.

    ``as_of``: the instant as known at which it is answered, which ``board`` and ``now`` are then of; ``asked_at``: when
    that was asked. Null where it is answered by what is known now.
    """

    request: Request
    shared: Served
    board: Board
    now: datetime
    language: str
    as_of: datetime | None = None
    asked_at: datetime | None = None

    def cache_control(self, fresh_until: datetime | None) -> str:
        """Return how long the answer may be kept; ``fresh_until``: when time alone will change it, null for never."""
        if self.asked_at is None:
            return Freshness(now=self.now, fresh_until=fresh_until).cache_control()
        return FOR_EVER if self.asked_at - self.now > SETTLED_AFTER else NOT_YET


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReading(Reading):
    """A read of a list: which page of it, in which format."""

    paging: Paging
    media_type: str
    raw: bool


def _reading(
    request: Request, language: Annotated[str, Depends(_language)], _json: Annotated[str, Depends(_json_only)]
) -> Reading:
    shared = view(request)
    board = shared.current_board()
    note_version(request, board.dataset_version)
    return Reading(request=request, shared=shared, board=board, now=shared.clock(), language=language)


def _list_reading(
    request: Request,
    language: Annotated[str, Depends(_language)],
    paging: Annotated[Paging, Depends(_paging)],
    media_type: Annotated[str, Depends(_table_format)],
    raw: Annotated[
        Annotated[bool | None, YesNo()],
        Query(description="CSV only: `true` leaves text that a spreadsheet would run as it is."),
    ] = None,
) -> ListReading:
    shared = view(request)
    board = shared.current_board()
    note_version(request, board.dataset_version)
    return ListReading(
        request=request,
        shared=shared,
        board=board,
        now=shared.clock(),
        language=language,
        paging=paging,
        media_type=media_type,
        raw=bool(raw),
    )


def _caller(request: Request) -> Caller:
    caller = caller_of(request)
    if caller is None:
        raise KeyMissing
    return caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """A call of a partner: who makes it, and what it works on.

    ``shared`` is everybody's for a live key and the partner's sandbox for a test key; ``main`` is everybody's for both,
    where accounts and keys are. ``now`` is the clock of this moment.
    """

    request: Request
    shared: Served
    main: Served
    caller: Caller
    now: datetime

    @property
    def request_id(self) -> str:
        """The id under which the call is logged."""
        return request_id_of(self.request)

    @property
    def is_sandbox(self) -> bool:
        """Whether it works on the partner's sandbox."""
        return self.caller.kind is KeyKind.TEST


@dataclass(frozen=True, slots=True)
class Needs:
    """A dependency: lets keys with a scope call, raises KeyMissing or WrongScope for others; the contract names it."""

    scope: Scope

    def __call__(self, request: Request) -> Writing:
        """Return who calls, and what they work on."""
        caller = _caller(request)
        if self.scope not in caller.scopes:
            raise WrongScope(needed=self.scope, detail=_too_little(caller, self.scope))
        main = shared = served(request)
        if caller.kind is KeyKind.TEST:
            shared, caller = _sandbox(request, main, caller)
        else:
            asked_clock(request, main.clock())
        return Writing(request=request, shared=shared, main=main, caller=caller, now=shared.clock())


def needs(scope: Scope) -> Needs:
    """Return the dependency of a call that only keys with this scope may make."""
    return Needs(scope)


def _too_little(caller: Caller, scope: Scope) -> str:
    if caller.kind is KeyKind.PUBLISHABLE:
        return f"A publishable key only reads; this call needs a key with the scope {scope.value}."
    has = ", ".join(sorted(caller.scopes)) or "none"
    return f"This call needs a key with the scope {scope.value}; this one has {has}."


LanguageDep = Annotated[str, Depends(_language)]
CallerDep = Annotated[Caller, Depends(_caller)]
WritingDep = Annotated[Writing, Depends(needs(Scope.QUOTES_WRITE))]
ReviewingDep = Annotated[Writing, Depends(needs(Scope.QUOTES_REVIEW))]
AccountDep = Annotated[Writing, Depends(needs(Scope.ACCOUNT))]
JsonOnlyDep = Annotated[str, Depends(_json_only)]
ServedDep = Annotated[Served, Depends(served)]
ViewDep = Annotated[Served, Depends(view)]
PagingDep = Annotated[Paging, Depends(_paging)]
ReadingDep = Annotated[Reading, Depends(_reading)]
ListReadingDep = Annotated[ListReading, Depends(_list_reading)]
ANY_OF = Query(description="Any of these words, separated by commas; `unknown` never matches.")
Words = Annotated[
    Annotated[str | None, Search()],
    Query(description="Words to find in names, codes and aliases, blind to accents and case."),
]
PeriodParameter = Annotated[
    Annotated[str | None, Text(PERIOD, "a quarter, such as 2013-Q3", "2013-Q3", upper=True)],
    Query(description="A quarter: prices of then, as known now."),
]
CurrencyParameter = Annotated[str | None, Text(CURRENCY, "an ISO 4217 code, such as GBP", "GBP", upper=True)]
CountriesParameter = Annotated[
    Annotated[list[str] | None, Texts(COUNTRY, "ISO 3166 codes, such as GBR or GB", "GBR")],
    Query(description="Countries, by ISO 3166 alpha-3 or alpha-2 code in any case."),
]
SourcesParameter = Annotated[
    Annotated[list[str] | None, Texts(SOURCE, "keys of sources, such as rpw", "rpw")],
    Query(description="Keys of GET /v1/sources, separated by commas; any of them matches."),
]
SlugsParameter = Annotated[
    Annotated[list[str] | None, Texts(SLUG, "ids, such as example-transfer", "example-transfer")],
    Query(description="Ids of GET /v1/providers."),
]
