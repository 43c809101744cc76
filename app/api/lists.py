"""How every list answers: one set of rows as JSON, CSV with its metadata, or NDJSON, page by page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from app.api.deps import ListReading
from app.api.formats import JSON, Answer, Json, encode, respond
from app.api.pages import next_link, token_of
from app.api.projection import project
from app.api.tables import (
    CSV,
    CSV_METADATA,
    METADATA_SUFFIX,
    NDJSON,
    Column,
    as_csv,
    as_ndjson,
    columns_of,
    csv_metadata,
)

Row = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list of the API: the name of its rows in the answer, its title, and the columns of its rows."""

    name: str
    title: str
    columns: tuple[Column, ...]


def listing(name: str, title: str, row: type[BaseModel]) -> Listing:
    """Declare a list whose rows have this model."""
    return Listing(name=name, title=title, columns=columns_of(row))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of one page, what the answer says beside them, and where the next page begins (null: nowhere)."""

    rows: Sequence[Row]
    about: Mapping[str, Json]
    next_position: Sequence[str] | None
    fresh_until: datetime | None = None
    fields: Sequence[str] | None = None


def add_list(router: APIRouter, path: str, **documented: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # noqa: ANN401 -- FastAPI's own arguments
    """Route an endpoint at its address and at ``address.csv``, ``.ndjson`` and ``.csv-metadata.json``."""

    def add(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        name = endpoint.__name__
        router.get(path, name=name, **documented)(endpoint)
        file = {key: value for key, value in documented.items() if key != "responses"}
        file["summary"] = f"{documented['summary']}, as a file"
        router.get(f"{path}.{{suffix}}", name=f"{name}_file", **file)(endpoint)
        return endpoint

    return add


def answer_list(reading: ListReading, listed: Listing, page: Rows) -> Response:
    """Answer with a page in the format that was asked for."""
    paging, media_type, path = reading.paging, reading.media_type, reading.request.url.path
    token = token_of(page.next_position, paging.path, paging.parameters) if page.next_position else None
    links = [next_link(paging.path, paging.parameters, token)] if token else []
    if media_type == JSON:
        whole = {**page.about, listed.name: list(page.rows), "next_page_token": token}
        body = encode(project(whole, page.fields))
    elif media_type == NDJSON:
        body = as_ndjson(_projected(listed, page))
    elif media_type == CSV:
        body = as_csv(page.rows, _chosen(listed, page.fields), raw=reading.raw)
        kept = urlencode([pair for pair in paging.parameters if pair[0] != "page_token"])
        metadata = f"{_without_suffix(path)}.{METADATA_SUFFIX}{kept and f'?{kept}'}"
        links.append(f'<{metadata}>; rel="describedby"; type="{CSV_METADATA}"')
    else:
        body = encode(_metadata(reading, listed, page))
    answer = Answer(
        body=body,
        media_type=f"{media_type}; charset=utf-8; header=present" if media_type == CSV else media_type,
        cache_control=reading.cache_control(page.fresh_until),
        language=reading.language,
        links=tuple(links),
    )
    return respond(reading.request, answer)


def _without_suffix(path: str) -> str:
    head, _, tail = path.rpartition("/")
    return f"{head}/{tail.partition('.')[0]}"


def _projected(listed: Listing, page: Rows) -> Sequence[Row]:
    if not page.fields:
        return page.rows
    names = [name.removeprefix(f"{listed.name}.") for name in page.fields if name.startswith(f"{listed.name}.")]
    return [project(row, names) for row in page.rows] if names else page.rows


def _chosen(listed: Listing, fields: Sequence[str] | None) -> Sequence[Column]:
    if not fields or listed.name in fields:
        return listed.columns
    wanted = tuple(f"{name.removeprefix(f'{listed.name}.')}." for name in fields)
    return [column for column in listed.columns if f"{column.name}.".startswith(wanted)]


def _metadata(reading: ListReading, listed: Listing, page: Rows) -> Mapping[str, Json]:
    url = reading.request.url
    query = f"?{url.query}" if url.query else ""
    return csv_metadata(
        url=f"{_without_suffix(url.path).rpartition('/')[2]}.csv{query}",
        title=listed.title,
        columns=_chosen(listed, page.fields),
        raw=reading.raw,
        about=page.about,
    )
