"""GET /v1/providers and /v1/providers/{provider}: who sends money, and where."""

from collections import defaultdict
from collections.abc import Collection
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from app.api.answers import answer_with
from app.api.deps import ListReadingDep, ReadingDep, Words
from app.api.formats import Json
from app.api.inputs import StrictRoute
from app.api.lists import Rows, add_list, answer_list, listing
from app.api.pages import page_by_key
from app.api.projection import FieldsOf
from app.api.provenance import about
from app.api.shapes import CorridorId, ListAnswer, OpenWord, Provenance, Shape
from app.api.v1.questions import providers_matching
from app.board import Board
from app.domain import vocabulary as words
from app.domain.errors import UnknownProvider
from app.domain.providers import suggest_providers

router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["reference"])


class ProviderRow(Shape):
    """A provider, with what it offers in the newest rounds and in current live quotes."""

    id: str
    name: str
    types: list[Annotated[str, OpenWord(words.ProviderType)]]
    website: str | None = Field(description="Its plain website, never a paid link; null where no source gave it.")
    corridors: int = Field(description="Corridors whose newest round or live quotes have it; 0: only past ones.")
    services: int
    sources: list[str]


class Providers(ListAnswer):
    """Every provider that a round or a live quote ever had."""

    providers: list[ProviderRow]


class SpellingShape(Shape):
    """How a source spells a provider's name."""

    source: str
    name: str


class OneProvider(Provenance):
    """One provider."""

    provider: ProviderRow
    spellings: list[SpellingShape]
    corridors: list[CorridorId] = Field(description="Corridors whose newest round or live quotes have it.")


PROVIDERS = listing("providers", "Providers", ProviderRow)


class Offered(NamedTuple):
    """A service that a provider offers in a corridor, by the source's own key of it."""

    corridor: str
    source: str
    source_key: str
    provider_type: words.ProviderType


@add_list(router, "/providers", summary="Providers", responses={200: {"model": Providers}})
def providers(
    reading: ListReadingDep,
    q: Words = None,
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(Providers)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """List providers by id; `q` finds them by name, id or any published spelling."""
    board = reading.board
    offered = _offered(board)
    found = {
        provider: _provider(provider, board.providers[provider], offered.get(provider, ()))
        for provider in providers_matching(board, q or "")
    }
    page = page_by_key(found, after=reading.paging.after, size=reading.paging.size)
    said = about({spelling.source for spelling in board.spellings}, board)
    rows = Rows(rows=page.rows, about=said, next_position=page.next_position, fields=fields)
    return answer_list(reading, PROVIDERS, rows)


@router.get("/providers/{provider}", summary="One provider", responses={200: {"model": OneProvider}})
def provider(
    reading: ReadingDep,
    provider: Annotated[str, Path(description="A provider's id, from GET /v1/providers.")],
    fields: Annotated[
        Annotated[list[str] | None, FieldsOf(OneProvider)], Query(description="Only these fields, by dotted names.")
    ] = None,
) -> Response:
    """Return a provider with its published spellings and its corridors."""
    board = reading.board
    name = board.providers.get(provider)
    if name is None:
        raise UnknownProvider(text=provider, suggestions=suggest_providers(provider, board.providers))
    offered = _offered(board).get(provider, set())
    spellings = [spelling for spelling in board.spellings if spelling.provider == provider]
    whole: dict[str, Json] = {
        "provider": _provider(provider, name, offered),
        "spellings": [{"source": spelling.source, "name": spelling.published} for spelling in spellings],
        "corridors": sorted({service.corridor for service in offered}),
        **about({spelling.source for spelling in spellings}, board),
    }
    return answer_with(reading, whole, fields=fields)


def _offered(board: Board) -> dict[str, set[Offered]]:
    """Group the services of the newest rounds and of current live quotes by provider."""
    offered: defaultdict[str, set[Offered]] = defaultdict(set)
    for corridor, newest in board.rounds.items():
        for candidate in newest.candidates:
            kind = candidate.description.provider_type
            offered[candidate.description.provider].add(Offered(corridor, *candidate.key, kind))
    for corridor, quotes in board.live_quotes.items():
        for quote in quotes:
            kind = quote.description.provider_type
            offered[quote.description.provider].add(Offered(corridor, quote.source, quote.source_key, kind))
    return offered


def _provider(provider: str, name: str, services: Collection[Offered]) -> dict[str, Json]:
    return {
        "id": provider,
        "name": name,
        "types": sorted({service.provider_type for service in services}),
        "website": None,
        "corridors": len({service.corridor for service in services}),
        "services": len(services),
        "sources": sorted({service.source for service in services}),
    }
