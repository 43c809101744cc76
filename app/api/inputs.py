"""How parameters are read: strictly, exactly as documented, and never repeating what was sent (RELIABILITY 2, 12).

Each kind below is an annotation: it parses the text of a query parameter and describes it in the OpenAPI document, so
that the two cannot differ.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from starlette.responses import Response

from app.api.problems import BadRequestError, ErrorItem, without_echo
from app.domain.errors import ThreePercentError
from app.domain.money import parse_decimal

Value = TypeVar("Value")

AMOUNT = r"^\+?(?:[0-9]{1,15}|[0-9]{1,11}\.[0-9]{1,4})$"
CORRIDOR = r"^[A-Za-z]{2,3}-[A-Za-z]{2,3}$"
CURRENCY = r"^[A-Za-z]{3}$"
COUNTRY = r"^[A-Za-z]{2,3}$"
PERIOD = r"^[0-9]{4}-[Qq][1-4]$"
INSTANT = r"^(?:19[7-9][0-9]|2[0-9]{3})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z$"
INSTITUTION = r"^[a-z0-9][a-z0-9_-]{0,39}$"
SOURCE = r"^[a-z0-9][a-z0-9_-]{0,99}$"
SLUG = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"
VISIBLE = r"^[^\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+$"
LONGEST_TEXT = 100


class Parsed:
    """A parameter that is read from its text by ``parse`` and documented by ``schema``."""

    def __init__(self, parse: Callable[[str], Any], schema: Mapping[str, Any]) -> None:
        """``parse`` raises ValueError with an explanation, or a domain error."""
        self.parse = parse
        self.schema = dict(schema)

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate with ``parse`` alone."""
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, _core: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Document the text, not the type that it becomes."""
        return self.schema

    def _read(self, given: object) -> object:
        text = given[0] if isinstance(given, list) else given
        if not isinstance(text, str):  # a default
            return text
        try:
            return self.parse(text)
        except ThreePercentError as error:
            raise PydanticCustomError(
                "domain", "{detail}", {"detail": without_echo(error), "code": error.code}
            ) from None
        except ValueError as error:
            raise PydanticCustomError("domain", "{detail}", {"detail": str(error), "code": "invalid-value"}) from None


def _pattern(pattern: str, expected: str, *, longest: int = LONGEST_TEXT) -> Callable[[str], str]:
    compiled = re.compile(pattern, re.ASCII)

    def parse(text: str) -> str:
        if len(text) > longest or not compiled.match(text) or text.endswith("\n"):
            raise ValueError(f"expected {expected}")
        return text

    return parse


class Text(Parsed):
    """Text of a pattern; ``expected`` says in words what is wanted."""

    def __init__(
        self, pattern: str, expected: str, example: str, *, upper: bool = False, longest: int = LONGEST_TEXT
    ) -> None:
        """``upper``: any case is accepted and made upper case."""
        read = _pattern(pattern, expected, longest=longest)
        schema = {"type": "string", "pattern": pattern, "maxLength": longest, "examples": [example]}
        super().__init__((lambda text: read(text).upper()) if upper else read, schema)


class Search(Parsed):
    """Words to look for: visible characters only."""

    def __init__(self) -> None:
        """The same for every list."""
        read = _pattern(VISIBLE, f"1 to {LONGEST_TEXT} visible characters")
        schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": VISIBLE, "examples": ["phil"]}
        super().__init__(read, schema)


class Instant(Parsed):
    """An instant in UTC, RFC 3339: ``2026-11-23T12:00:00Z``, with up to six digits of a second's fraction."""

    def __init__(self) -> None:
        """The same wherever an instant is given."""
        schema = {"type": "string", "format": "date-time", "pattern": INSTANT, "examples": ["2026-11-23T12:00:00Z"]}
        super().__init__(self._parse_instant, schema)

    @staticmethod
    def _parse_instant(text: str) -> datetime:
        expected = "expected an instant in UTC, such as 2026-11-23T12:00:00Z"
        if not re.fullmatch(INSTANT, text, re.ASCII):
            raise ValueError(expected)
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(expected) from None


class Number(Parsed):
    """An amount: digits with an optional point, at most 15, no sign or exponent."""

    def __init__(self) -> None:
        """The same wherever an amount is given."""
        schema = {"type": "string", "pattern": AMOUNT, "examples": ["120"]}
        super().__init__(read_amount, schema)


def read_amount(text: str) -> Decimal:
    """Read one amount; whether the currency can pay it is judged later. Raises ``InvalidNumber`` or ValueError."""
    number = parse_decimal(text)
    if text.lstrip("+").startswith(".") or text.endswith("."):
        raise ValueError("expected a digit before and after the point, such as 0.5 or 120")
    if not re.match(AMOUNT, text, re.ASCII) or text.endswith("\n"):
        raise ValueError("expected a positive amount: at most 15 digits, of which at most 4 after the point")
    return number


class Numbers(Parsed):
    """Amounts separated by commas."""

    def __init__(self, most: int) -> None:
        """``most``: how many at once."""
        self.most = most
        items = {"type": "string", "pattern": AMOUNT}
        schema = {"type": "array", "items": items, "minItems": 1, "maxItems": most, "examples": [["120", "300"]]}
        super().__init__(self._split, schema)

    def _split(self, text: str) -> list[Decimal]:
        parts = text.split(",", self.most)
        if len(parts) > self.most:
            raise ValueError(f"expected at most {self.most} amounts")
        return [read_amount(part) for part in parts]


class Whole(Parsed):
    """A whole number within bounds."""

    def __init__(self, least: int, most: int) -> None:
        """Both bounds are allowed."""
        self.least, self.most = least, most
        super().__init__(self._parse_whole, {"type": "integer", "minimum": least, "maximum": most})

    def _parse_whole(self, text: str) -> int:
        if not re.fullmatch(r"(?:0|[1-9][0-9]{0,8})", text, re.ASCII) or not self.least <= int(text) <= self.most:
            raise ValueError(f"expected a whole number from {self.least} to {self.most}")
        return int(text)


class YesNo(Parsed):
    """``true`` or ``false``."""

    def __init__(self) -> None:
        """The same wherever a choice is asked."""
        super().__init__(self._parse_bool, {"type": "boolean"})

    def _parse_bool(self, text: str) -> bool:
        if text not in {"true", "false"}:
            raise ValueError("expected true or false")
        return text == "true"


class OneOf(Parsed):
    """One of the words that we know."""

    def __init__(self, words: Iterable[str], make: Callable[[str], Any] = str) -> None:
        """``make`` turns the word into its enum."""
        self.words = tuple(str(word) for word in words)
        self.make = make
        super().__init__(self._choose, {"type": "string", "enum": list(self.words)})

    def _choose(self, text: str) -> object:
        if text not in self.words:
            raise ValueError(f"expected one of {', '.join(self.words)}")
        return self.make(text)


class AnyOf(Parsed):
    """Some of the words that we know, separated by commas; any of them matches."""

    def __init__(self, words: Iterable[str], make: Callable[[str], Any] = str) -> None:
        """``make`` turns each word into its enum."""
        self.words = tuple(str(word) for word in words)
        self.known = frozenset(self.words)
        self.make = make
        items = {"type": "string", "enum": list(self.words)}
        super().__init__(self._choose, {"type": "array", "items": items, "minItems": 1})

    def _choose(self, text: str) -> list[object]:
        chosen = text.split(",")
        if not self.known.issuperset(chosen):
            raise ValueError(f"expected values, separated by commas, of {', '.join(self.words)}")
        return [self.make(word) for word in chosen]


class Texts(Parsed):
    """Texts of a pattern, separated by commas; any of them matches."""

    def __init__(self, pattern: str, expected: str, example: str, *, most: int = 50) -> None:
        """``expected`` says in words what each is."""
        read = _pattern(pattern, expected)

        def split(text: str) -> list[str]:
            parts = text.split(",", most)
            if len(parts) > most:
                raise ValueError(f"expected at most {most} values")
            return [read(part) for part in parts]

        items = {"type": "string", "pattern": pattern, "maxLength": LONGEST_TEXT}
        super().__init__(
            split, {"type": "array", "items": items, "minItems": 1, "maxItems": most, "examples": [[example]]}
        )


def known(kind: type[StrEnum]) -> tuple[str, ...]:
    """Return the words of a vocabulary that can be asked for: ``unknown`` never matches, so it cannot."""
    return tuple(word.value for word in kind if word.value != "unknown")


@dataclass(frozen=True, slots=True)
class _Names:
    known: frozenset[str]

    def check(self, parameters: Iterable[tuple[str, str]]) -> None:
        """Raise where a parameter is unknown or repeated; its name and value came from outside and are not shown."""
        seen: set[str] = set()
        items = []
        for place, (name, _) in enumerate(parameters, start=1):
            if name not in self.known:
                detail = (
                    f"unknown parameter: number {place} of the query is not known here. "
                    f"This call knows {', '.join(sorted(self.known)) or 'no parameters'}."
                )
                items.append(ErrorItem(pointer="/query", code="unknown-parameter", detail=detail))
            elif name in seen:
                detail = f"{name}: given more than once. Give it once; lists are separated by commas."
                items.append(ErrorItem(pointer=f"/query/{name}", code="repeated-parameter", detail=detail))
            seen.add(name)
        if items:
            raise BadRequestError(items[:10])


class StrictRoute(APIRoute):
    """A route that refuses unknown and repeated query parameters."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Check the names before anything is parsed."""
        handle = super().get_route_handler()
        names = _Names(frozenset(_query_names(self.dependant)))

        async def checked(request: Request) -> Response:
            names.check(request.query_params.multi_items())
            response: Response = await handle(request)
            return response

        return checked


def _query_names(dependant: Dependant) -> Iterable[str]:
    for parameter in dependant.query_params:
        yield parameter.alias
    for inner in dependant.dependencies:
        yield from _query_names(inner)
