"""Shapes that many answers share. Models here and in ``v1`` document answers; the bytes are written by ``formats``.

No field has a default, so each is always there (null where it does not apply); enums in answers are open: a client
must accept values that it does not know.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]
CountryCode = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["PHL"]})]
CurrencyCode = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["PHP"]})]
CorridorId = Annotated[
    str, WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}-[A-Z]{3}$", "examples": ["GBR-PHL"]})
]
Period = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-Q[1-4]$", "examples": ["2013-Q3"]})]
Moment = Annotated[datetime, WithJsonSchema({"type": "string", "format": "date-time"})]


class Shape(BaseModel):
    """The base of every answer: exactly the named fields, all of them."""

    model_config = ConfigDict(extra="forbid")


class OpenWord:
    """An annotation: one of our words today, and perhaps others tomorrow; known ones are told, none is required."""

    def __init__(self, kind: type[StrEnum] | tuple[str, ...]) -> None:
        """``kind`` holds the words known today."""
        self.words = kind if isinstance(kind, tuple) else tuple(word.value for word in kind)

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:  # noqa: ANN401 -- pydantic's
        """Describe an open enum."""
        schema: dict[str, Any] = handler(core)
        schema["examples"] = list(self.words[:1])
        schema["x-known-values"] = list(self.words)
        schema["description"] = "An open enum: accept values that are not among x-known-values."
        return schema


class CountryName(Shape):
    """A country by code and name."""

    code: CountryCode
    name: str = Field(description="In the language of the answer, English where there is no translation.")


class CorridorName(Shape):
    """A corridor: money goes from the sending to the receiving country."""

    id: CorridorId
    sending_country: CountryName
    receiving_country: CountryName


class Money(Shape):
    """An amount in major units of a currency, rounded to its minor units."""

    amount: Number
    currency: CurrencyCode


class Reuse(Shape):
    """What the source's terms let others do with its figures."""

    display: bool
    store: bool
    redistribute: bool


class Attribution(Shape):
    """Where figures are from; show ``text`` beside them."""

    source: str
    licence: str
    text: str
    link: str
    reuse: Reuse


class Notice(Shape):
    """Something a reader of this answer should know."""

    code: str
    text: str


class Provenance(Shape):
    """What every answer with figures says about where they are from."""

    attribution: list[Attribution]
    dataset_version: int = Field(description="The newest dataset version that touched what is answered; 0: no data.")
    methodology_version: str
    notices: list[Notice]


class ListAnswer(Provenance):
    """What every list says beside its rows."""

    next_page_token: str | None = Field(description="Pass it as page_token to get the next page; null on the last.")


class ErrorShape(Shape):
    """One thing that was wrong with the request."""

    pointer: str = Field(description="Where: a JSON pointer into the request, /query/amount.")
    code: str
    detail: str


class ProblemShape(Shape):
    """A problem document, RFC 9457."""

    type: str = Field(description="A reference to the explanation of this kind of problem, under /problems.")
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[ErrorShape]
