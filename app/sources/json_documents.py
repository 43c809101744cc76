"""JSON from outside, read strictly: numbers keep their text, and what two readers could read differently is refused.

Refused are bytes that are not UTF-8, keys that occur twice, NaN and infinities, numbers that no price has, NUL, halves
of surrogate pairs and nesting deeper than any answer of ours. The shape is then judged by compiled structs; a place
inside a document is a JSON pointer (RFC 6901).
"""

import json
import re
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from app.domain.errors import InvalidNumber, quoted
from app.domain.file_errors import FileTooLarge, UnreadableFile, WrongLayout
from app.domain.money import parse_decimal

LONGEST_NUMBER = 40
MOST_EXPONENT_DIGITS = 2
MOST_DEPTH = 32
MOST_VALUES = 1_000_000
"""In a document of which nobody knows better. A value takes about a microsecond and 60 bytes to be built."""

UNKNOWN_WORD = "expected one of the known words"

_PATH = re.compile(r"(.*) - at `(\$[^`]*)`", re.DOTALL)  # the last one: a text of theirs may look like a path
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[([0-9]+|\.\.\.)\]")
_EXPONENT = re.compile(r"[eE][+-]?0*([0-9]*)$")
_GIVEN_LENGTH = 100
_BOM = b"\xef\xbb\xbf"

Shape = TypeVar("Shape")


class Number:
    """A JSON number as its text: exact, and not yet believed. A plain class, since structs would fill any other."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Exact:
    """A number of our own formats, given as a JSON number or as text: at most 15 digits, without an exponent."""

    __slots__ = ("value",)

    def __init__(self, value: Decimal) -> None:
        self.value = value


class ShapeError(Exception):
    """A document that is not shaped as it must be: where (a JSON pointer), what was expected, what stands there."""

    def __init__(self, pointer: str, problem: str, given: str) -> None:
        """``given`` is outside text: show it through ``quoted``."""
        super().__init__(f"{pointer or '/'}: {problem}")
        self.pointer = pointer
        self.problem = problem
        self.given = given


def check_number(body: bytes, most_values: int) -> None:
    """Raise FileTooLarge where JSON may hold more values than ``most_values``, before anything of it is built.

    Each value but the first stands after a comma or an opening bracket; those within texts are counted too.
    """
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) > most_values:
        raise FileTooLarge(f"holds more than {most_values:,} values.")


def read_document(body: bytes, most_values: int = MOST_VALUES) -> Any:  # noqa: ANN401 - ``shaped`` judges its shape
    """Return a JSON document with every number as a ``Number``. Raises UnreadableFile, which says what is wrong."""
    body = body.removeprefix(_BOM)
    check_number(body, most_values)
    if body.lstrip()[:1] == b"<":
        raise UnreadableFile("this is a page or XML where JSON was expected.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"this is not UTF-8 text at byte {error.start}; JSON was expected.") from None
    try:
        document = json.loads(
            text,
            parse_float=_number,
            parse_int=_number,
            parse_constant=_not_a_number,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"this is not JSON at line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise UnreadableFile(f"this is nested deeper than {MOST_DEPTH} levels.") from None
    _check_depth_and_texts(document)
    return document


def shaped(document: Any, kind: type[Shape], at: str = "") -> Shape:  # noqa: ANN401 - JSON
    """Return a document as ``kind``, a struct; ``at`` is the pointer to it. Raises ShapeError at the first fault."""
    try:
        return msgspec.convert(document, kind, dec_hook=_number_of)
    except msgspec.ValidationError as error:
        match = _PATH.fullmatch(str(error))
        problem, path = (match[1], match[2]) if match else (str(error), "$")
        steps = [name or index for name, index in _STEP.findall(path)]
        pointer = at + "".join(f"/{step}" for step in steps)
        unknown = _UNKNOWN_FIELD.fullmatch(problem)
        if unknown:
            raise ShapeError(pointer, "holds a field that is not known", unknown[1][:_GIVEN_LENGTH]) from None
        raise ShapeError(pointer, _phrase(problem), given_text(_at(document, steps))) from None


def as_wrong_layout(error: ShapeError) -> WrongLayout:
    """Return the error for a whole answer that is shaped otherwise than it must be."""
    shown = f", found {quoted(error.given)}" if error.given else ""
    return WrongLayout(f"{error.pointer or '/'}: {error.problem}{shown}.")


def given_text(value: Any, most: int = _GIVEN_LENGTH) -> str:  # noqa: ANN401 - JSON
    """Return what stands in a document as short text: outside text, to be shown escaped."""
    if isinstance(value, Number):
        return value.text[:most]
    if isinstance(value, str):
        return value[:most]
    if isinstance(value, bool) or value is None:
        return "null" if value is None else str(value).lower()
    return f"an object of {len(value)} fields" if isinstance(value, dict) else f"a list of {len(value)}"


def _phrase(problem: str) -> str:
    """Return what a compiled struct says as a phrase of ours, without the text that was given."""
    if problem.startswith(("Invalid value", "Invalid enum value")):
        return UNKNOWN_WORD
    problem = problem.replace("`Number", "`number").replace("`Exact", "`number")
    return problem[:1].lower() + problem[1:]


def _number(text: str) -> Number:
    match = _EXPONENT.search(text)
    if len(text) > LONGEST_NUMBER or (match and len(match[1]) > MOST_EXPONENT_DIGITS):
        raise UnreadableFile(f"this holds {quoted(text)}, a number that no price has.")
    return Number(text)


def _not_a_number(text: str) -> Number:
    raise UnreadableFile(f"this holds {text}, which is not a number in JSON.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise UnreadableFile(f"this holds the field {quoted(twice)} twice in one object.")
    return found


def _check_depth_and_texts(document: Any) -> None:  # noqa: ANN401 - JSON
    level = [document]
    for _ in range(MOST_DEPTH):
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                deeper += value.keys()
                deeper += value.values()
            elif isinstance(value, list):
                deeper += value
            elif isinstance(value, str):
                _check_text(value)
        level = deeper
        if not level:
            return
    raise UnreadableFile(f"this is nested deeper than {MOST_DEPTH} levels.")


def _check_text(text: str) -> None:
    if text.isascii():
        if "\0" in text:
            raise UnreadableFile("this holds a text with the character U+0000.")
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UnreadableFile("this holds a text with half of a surrogate pair.") from None


def _number_of(kind: type, value: Any) -> Any:  # noqa: ANN401 - msgspec's hook
    """Judge a number where a struct has one; what this raises msgspec tells with the place."""
    if kind is Number and isinstance(value, Number):
        return value
    if kind is Exact and isinstance(value, Number | str):
        try:
            return Exact(parse_decimal(value.text if isinstance(value, Number) else value))
        except InvalidNumber as error:
            raise ValueError(f"Expected a number, and {error.reason}") from None
    raise ValueError("Expected a number")


def _at(document: Any, steps: list[str]) -> Any:  # noqa: ANN401 - JSON
    for step in steps:
        if isinstance(document, dict):
            document = document.get(step)
        elif isinstance(document, list) and step.isdigit():
            document = document[int(step)]
        else:
            return None
    return document
