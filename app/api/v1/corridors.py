"""GET /v1/corridors: every corridor with its figures in one round, ranked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import Response

from app.api.deps import (
    ANY_OF,
    CountriesParameter,
    ListReading,
    ListReadingDep,
    Paging,
    PeriodParameter,
    Reading,
    RoundFigures,
    ServedDep,
    Words,
)
from app.api.formats import Json
from app.api.inputs import AnyOf, OneOf, StrictRoute, YesNo
from app.api.lists import Row, Rows, add_list, answer_list, listing
from app.api.past import AsOfParameter, as_known
from app.api.problems import InvalidPageTokenError, OutdatedPageTokenError, caused_by
from app.api.projection import FieldsOf
from app.api.provenance import about
from app.api.rounds import check_basis, live_figures, period_rounds
from app.api.shapes import CorridorId, CountryName, ListAnswer, Moment, Number, OpenWord, Period, Shape
from app.api.v1.comparison import corridor_name, figures
from app.api.v1.vocabulary import income_codes, region_code, region_codes
from app.board import Board
from app.domain import vocabulary as words
from app.domain.corridor_ranking import CorridorSort, RankedCorridor, rank_corridors
from app.domain.geography import Country, Geography
from app.domain.indicators import CorridorFigures
from app.domain.rounds import stops_being_current, survey_freshness
from app.domain.searching import matches
from app.domain.vocabulary import AmountTier
from app.reference import load

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["corridors"])

SORTS = tuple(word for sort in CorridorSort for word in (sort.value, f"-{sort.value}"))
NOT_SURVEYED = "not_surveyed"


class CorridorRow(Shape):
    """A corridor with its figures at the survey's USD 200 tier; null, with the reason, where it was not surveyed."""

    rank: int | None = Field(description="Competition rank; null where it is not ranked or not comparable.")
    id: CorridorId
    sending_country: CountryName
    receiving_country: CountryName
    period: Period | None = Field(description="Null on the live basis.")
    newest_period: Period | None = Field(description="The newest survey round of this corridor; null: none.")
    source: str | None = Field(description="A key of GET /v1/sources.")
    services: int | None = Field(description="Services that disclose their rate: the base of every average.")
    providers: int | None = Field(description="Providers of these services.")
    excluded_services: int | None = Field(description="Services that do not disclose their rate.")
    average_percent: Number | None = Field(description="The mean of the published total costs.")
    average_recomputed_percent: Number | None = Field(
        description="The mean of fee + margin, where it differs from the published one by more than 0.05."
    )
    median_percent: Number | None = Field(description="The median of the published total costs.")
    cheapest_percent: Number | None = Field(description="The lowest published total cost.")
    cheapest_ranked_percent: Number | None = Field(description="The lowest on which a ranking may rest.")
    smart_estimate_percent: Number | None = Field(
        description="The World Bank's SmaRT: the mean of the cheapest qualifying services."
    )
    smart_services_used: int | None = Field(description="How many services SmaRT rests on.")
    sdg_status: Annotated[str, OpenWord(words.SdgStatus)]
    comparable: bool | None = Field(description="Whether its averages can be compared with those of others.")
    figures_reason: str | None = Field(description="Why there are no figures.")
    cautions: list[str] = Field(
        description="not_comparable, and what offers are cautioned about: see GET /v1/vocabulary."
    )


class Corridors(ListAnswer):
    """Every corridor with its figures in one round, ranked; those not comparable or not surveyed last."""

    basis: Annotated[str, OpenWord(words.Basis)]
    basis_reason: str
    period: Period | None
    amount_tier: Annotated[str, OpenWord(words.AmountTier)]
    freshness: Annotated[str, OpenWord(words.Freshness)]
    evaluated_at: Moment
    fresh_until: Moment | None
    as_of: Moment | None = Field(description="As known at which instant; null: as known now.")
    corridors: list[CorridorRow]


CORRIDORS = listing("corridors", "Remittance corridors", CorridorRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which corridors are asked for."""

    senders: frozenset[str]
    receivers: frozenset[str]
    sending_regions: frozenset[str]
    receiving_regions: frozenset[str]
    sending_incomes: frozenset[str]
    receiving_incomes: frozenset[str]
    statuses: frozenset[str]
    comparable: bool | None
    q: str

    def fits(self, row: Row, geography: Geography) -> bool:
        """Say whether a row is asked for: every filter holds."""
        ends = [geography.countries[code] for code in str(row["id"]).split("-")]
        return (
            self._places(ends)
            and (not self.statuses or row["sdg_status"] in self.statuses)
            and (self.comparable is None or row["comparable"] is self.comparable)
            and matches(
                self.q,
                (
                    str(row["id"]),
                    *_spoken(row, "sending_country"),
                    *_spoken(row, "receiving_country"),
                    *(name for end in ends for name in (end.name, end.alpha2, *end.aliases)),
                ),
            )
        )

    def _places(self, ends: Sequence[Country]) -> bool:
        sender, receiver = ends
        return all(
            not wanted or value in wanted
            for wanted, value in (
                (self.senders, sender.code),
                (self.receivers, receiver.code),
                (self.sending_regions, region_code(sender.region or "")),
                (self.receiving_regions, region_code(receiver.region or "")),
                (self.sending_incomes, region_code(sender.income_group or "")),
                (self.receiving_incomes, region_code(receiver.income_group or "")),
            )
        )


def _spoken(row: Row, end: str) -> Sequence[str]:
    country = row[end]
    return [str(country["name"])] if isinstance(country, Mapping) else []


_REGIONS = AnyOf(region_codes(load()))
_INCOMES = AnyOf(income_codes(load()))


def _wanted(  # noqa: PLR0913, PLR0917 -- each is a parameter of the contract
    shared: ServedDep,
    sending_country: CountriesParameter = None,
    receiving_country: CountriesParameter = None,
    sending_region: Annotated[list[str] | None, _REGIONS, ANY_OF] = None,
    receiving_region: Annotated[list[str] | None, _REGIONS, ANY_OF] = None,
    sending_income: Annotated[list[str] | None, _INCOMES, ANY_OF] = None,
    receiving_income: Annotated[list[str] | None, _INCOMES, ANY_OF] = None,
    sdg_status: Annotated[list[str] | None, AnyOf(words.SdgStatus), ANY_OF] = None,
    comparable: Annotated[
        Annotated[bool | None, YesNo()], Query(description="`true`: only corridors whose averages can be compared.")
    ] = None,
    q: Words = None,
) -> Wanted:
    country = shared.geography.country
    with caused_by("sending_country"):
        senders = frozenset(country(code).code for code in sending_country or ())
    with caused_by("receiving_country"):
        receivers = frozenset(country(code).code for code in receiving_country or ())
    return Wanted(
        senders=senders,
        receivers=receivers,
        sending_regions=frozenset(sending_region or ()),
        receiving_regions=frozenset(receiving_region or ()),
        sending_incomes=frozenset(sending_income or ()),
        receiving_incomes=frozenset(receiving_income or ()),
        statuses=frozenset(sdg_status or ()),
        comparable=comparable,
        q=q or "",
    )


@add_list(
    router,
    "/corridors",
    summary="The ranked list of corridors",
    tags=["corridors"],
    responses={200: {"model": Corridors}},
)
def corridors(  # noqa: PLR0913, PLR0917 -- each is a parameter of the contract
    reading: ListReadingDep,
    wanted: Annotated[Wanted, Depends(_wanted)],
    basis: Annotated[
        Annotated[words.Basis | None, OneOf(words.Basis, words.Basis)], Query(description="Default: survey.")
    ] = None,
    period: PeriodParameter = None,
    as_of: AsOfParameter = None,
    sort: Annotated[
        Annotated[str | None, OneOf(SORTS)],
        Query(description="Default: average. `-` reverses; nulls are last in both."),
    ] = None,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(Corridors)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """Rank corridors by a figure of one survey round, the newest unless told.

    A past round asks the database, and so does `as_of`.
    """
    check_basis(basis, period)
    reading = as_known(reading, as_of)
    shared, board = reading.shared, reading.board
    if basis is words.Basis.LIVE:
        return _live(reading, wanted, sort or "average", fields)
    period, rounds = period_rounds(shared, board, period)
    everything = _rows(board, rounds, period, sort or "average", reading.language)
    rows = _ranked_again([row for row in everything if wanted.fits(row, shared.geography)])
    page, position = _page(rows, board, reading.paging)
    answer = Rows(
        rows=page,
        about=_about(reading, rounds, period, page),
        next_position=position,
        fresh_until=_next_tick(reading, period),
        fields=fields,
    )
    return answer_list(reading, CORRIDORS, answer)


def _live(reading: ListReading, wanted: Wanted, sort: str, fields: list[str] | None) -> Response:
    """Answer with every corridor's live figures; those without live prices last."""
    board = reading.board
    live = live_figures(reading.shared, board, reading.now)
    of_live = {corridor: live.figures.get(corridor) for corridor in board.corridors}
    ordered = rank_corridors(of_live, CorridorSort(sort.removeprefix("-")), descending=sort.startswith("-"))
    everything = [_live_row(board, one, of_live[one.corridor], reading.language) for one in ordered]
    rows = _ranked_again([row for row in everything if wanted.fits(row, reading.shared.geography)])
    page, position = _page(rows, board, reading.paging)
    said = {
        **about(live.sources, board, corridors=[str(row["id"]) for row in page]),
        "basis": words.Basis.LIVE,
        "basis_reason": "asked_for",
        "period": None,
        "amount_tier": AmountTier.USD_200,
        "freshness": live.freshness,
        "evaluated_at": live.evaluated_at,
        "fresh_until": live.fresh_until if reading.as_of is None else None,
        "as_of": reading.as_of,
    }
    answer = Rows(rows=page, about=said, next_position=position, fresh_until=live.fresh_until, fields=fields)
    return answer_list(reading, CORRIDORS, answer)


def _live_row(board: Board, ranked: RankedCorridor, known: CorridorFigures | None, language: str) -> dict[str, Json]:
    reason = "no_price_to_rank" if ranked.corridor in board.live else "no_live_quotes"
    return {
        "rank": ranked.rank,
        **corridor_name(ranked.corridor, language),
        "period": None,
        "newest_period": _newest_period(board, ranked.corridor),
        "source": None,
        **(_no_figures() if known is None else figures(known)),
        "figures_reason": reason if known is None else None,
        "cautions": [] if known is None else cautions(known),
    }


def _newest_period(board: Board, corridor: str) -> str | None:
    return next(iter(reversed(board.periods.get(corridor, ()))), None)


def _no_figures() -> dict[str, Json]:
    return dict.fromkeys(_FIGURES) | {"sdg_status": words.SdgStatus.UNKNOWN}


def _rows(board: Board, rounds: Mapping[str, RoundFigures], period: str, sort: str, language: str) -> list[Row]:
    of_tier = {
        corridor: rounds[corridor].figures[AmountTier.USD_200] if corridor in rounds else None
        for corridor in board.corridors
    }
    ordered = rank_corridors(of_tier, CorridorSort(sort.removeprefix("-")), descending=sort.startswith("-"))
    return [list_row(board, ranked, rounds.get(ranked.corridor), period, language) for ranked in ordered]


def list_row(
    board: Board, ranked: RankedCorridor, found: RoundFigures | None, period: str, language: str
) -> dict[str, Json]:
    """Return a corridor as the list and the command line's ``--json`` show it."""
    known = None if found is None else found.figures[AmountTier.USD_200]
    return {
        "rank": ranked.rank,
        **corridor_name(ranked.corridor, language),
        "period": period,
        "newest_period": _newest_period(board, ranked.corridor),
        "source": None if found is None else found.source,
        **(_no_figures() if known is None else figures(known)),
        "figures_reason": NOT_SURVEYED if known is None else None,
        "cautions": [] if known is None else cautions(known),
    }


_FIGURES = (
    *("services", "providers", "excluded_services", "average_percent", "average_recomputed_percent", "median_percent"),
    *("cheapest_percent", "cheapest_ranked_percent", "smart_estimate_percent", "smart_services_used", "comparable"),
)


def cautions(known: CorridorFigures) -> list[Json]:
    """Return what to know before trusting a corridor's figures."""
    return [*([] if known.comparable else ["not_comparable"]), *known.cautions]


def _ranked_again(rows: Sequence[Row]) -> list[Row]:
    """Let ranks count the rows that are left by the filters: 1, 1, 3."""
    place, previous = 0, None
    found: list[Row] = []
    counted = 0
    for row in rows:
        rank = row["rank"]
        if rank is not None:
            counted += 1
            place = place if rank == previous else counted
            previous = rank
        found.append({**row, "rank": None if rank is None else place})
    return found


def _page(rows: Sequence[Row], board: Board, paging: Paging) -> tuple[Sequence[Row], tuple[str, str] | None]:
    """Cut a page out of an order that holds for one dataset version: a later one says so instead of skipping rows."""
    start = 0
    if (after := paging.after) is not None:
        if len(after) != 2 or not all(part.isdigit() for part in after):  # noqa: PLR2004 -- version and place
            raise InvalidPageTokenError
        if int(after[0]) != board.dataset_version:
            raise OutdatedPageTokenError
        start = int(after[1])
    end = start + paging.size
    return rows[start:end], (str(board.dataset_version), str(end)) if end < len(rows) else None


def _about(reading: Reading, rounds: Mapping[str, RoundFigures], period: str, page: Sequence[Row]) -> dict[str, Json]:
    board, now = reading.board, reading.now
    used = {found.source for found in rounds.values()}
    newest = max(board.newest_periods[source] for source in used)
    freshness = survey_freshness(period, newest, now)
    ended = stops_being_current(period)
    committed = board.committed_at or board.loaded_at
    codes = ["prices_are_historical"] if freshness is words.Freshness.OLD_ROUND else []
    return {
        **about(used, board, codes, corridors=[str(row["id"]) for row in page]),
        "basis": words.Basis.SURVEY,
        "basis_reason": "no_live_quotes",
        "period": period,
        "amount_tier": AmountTier.USD_200,
        "freshness": freshness,
        "evaluated_at": max(committed, ended) if ended <= now else committed,
        "fresh_until": _next_tick(reading, period),
        "as_of": reading.as_of,
    }


def _next_tick(reading: Reading, period: str) -> datetime | None:
    ended = stops_being_current(period)
    return ended if ended > reading.now and reading.as_of is None else None
