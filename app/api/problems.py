"""What an error looks like over HTTP: RFC 9457 for every status from 400 on, from one table, and never an echo.

A domain error knows what went wrong; this table alone knows its status. Text that came in is not sent back: where a
domain error quotes it, the quotation is replaced (RELIABILITY 1).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.archive import ArchiveError
from app.db import DatabaseError
from app.domain import body_errors, errors, key_errors, push_errors, release_errors, review_errors
from app.observability import log, log_away

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = "5"
IN_PROGRESS_SECONDS = "1"
_UNEXPECTED = 500
_QUOTATION = re.compile('"[^"]*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorItem:
    """One thing that was wrong: where (a JSON pointer into the request), a code for machines, words for people."""

    pointer: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    """A kind of problem as ``/problems/{type}`` explains it."""

    code: str
    status: int
    title: str
    what_to_do: str


class BadRequestError(errors.ThreePercentError):
    """Something in the request is not as this call expects it."""

    code = "invalid-request"

    def __init__(self, items: Sequence[ErrorItem]) -> None:
        """``items`` name every fault that was found, at least one."""
        super().__init__(" ".join(dict.fromkeys(item.detail for item in items)))
        self.items = tuple(items)


class InvalidPageTokenError(BadRequestError):
    """A page token belongs to the request that gave it, with the same parameters."""

    code = "invalid-page-token"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        detail = "This page_token was not given for these parameters. Start again without page_token."
        super().__init__([ErrorItem(pointer="/query/page_token", code="page_token", detail=detail)])


class OutdatedPageTokenError(errors.ThreePercentError):
    """New data changed the order of the list since its first page."""

    code = "outdated-page-token"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        super().__init__("New data changed the order of this list since its first page; start without page_token.")


class NotAcceptableError(errors.ThreePercentError):
    """None of the media types that the Accept header allows exists here."""

    code = "not-acceptable"

    def __init__(self, offered: Sequence[str]) -> None:
        """``offered`` are the media types that exist."""
        super().__init__(f"This exists as {', '.join(offered)}. Ask for one of them in Accept, or leave it out.")


class BoardNotReadyError(errors.ThreePercentError):
    """The prices have not been loaded yet."""

    code = "not-ready"

    def __init__(self) -> None:
        """There is nothing to tell but what to do."""
        super().__init__("The prices have not been loaded yet. Ask again in a moment.")


class TooManyRequestsError(errors.ThreePercentError):
    """More was asked than is allowed in this time."""

    code = "too-many-requests"

    def __init__(self, detail: str, retry_after_seconds: int | None = None) -> None:
        """``retry_after_seconds``: when there is room again, null where waiting does not help."""
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


_STATUSES: tuple[tuple[type[errors.ThreePercentError], int, str], ...] = (
    (errors.UnknownCountry, 404, "Look the country up in GET /v1/countries."),
    (errors.UnknownCurrency, 404, "Look the currency up in GET /v1/currencies."),
    (errors.CorridorToItself, 404, "Name two different countries, such as GBR-PHL."),
    (errors.UnknownCorridor, 404, "Write the sending and the receiving country's codes, such as GBR-PHL."),
    (errors.CorridorNotCovered, 404, "GET /v1/corridors lists the corridors that have prices."),
    (errors.UnknownPeriod, 422, "Write a quarter as 2013-Q3."),
    (errors.PeriodNotSurveyed, 404, "Choose one of the periods that the answer names."),
    (errors.NoDataYet, 404, "Choose what the answer says there is, or ask again when prices have been imported."),
    (errors.UnknownProvider, 404, "Look the provider up in GET /v1/providers."),
    (errors.UnknownQuote, 404, "Take the id from quote_ids of a comparison, or from GET /v1/quotes."),
    (errors.UnknownInstitution, 404, "Choose one of the institutions that the answer or GET /v1/currencies names."),
    (errors.UnknownSource, 404, "Look the source up in GET /v1/sources."),
    (errors.InvalidNumber, 422, "Write digits, with a point before decimals: at most 15 digits and no exponent."),
    (errors.InvalidAmount, 422, "Give a positive amount that can be paid in the currency."),
    (errors.InvalidParameter, 422, "Give the parameter one of the values that the answer names."),
    (errors.ContradictoryParameters, 422, "Leave out one of the parameters that the answer names."),
    (InvalidPageTokenError, 422, "Start again at the first page, without page_token."),
    (BadRequestError, 422, "Mend what errors[] points at; /docs describes every parameter."),
    (OutdatedPageTokenError, 409, "Start again at the first page, without page_token."),
    (NotAcceptableError, 406, "Ask for application/json, or for a media type that the answer names."),
    (errors.NoLiveQuotes, 404, "Choose what the answer says there is, or ask again when prices have been imported."),
    (TooManyRequestsError, 429, "Ask again after the seconds in Retry-After; RateLimit-Policy tells what is allowed."),
    (
        push_errors.TooManyQuotes,
        429,
        "Send the rest after the seconds in Retry-After, or ask the operator for another plan.",
    ),
    (body_errors.BodyTooLarge, 413, "Send less, in several calls."),
    (body_errors.BodyCutShort, 400, "Send the whole body again."),
    (body_errors.BodyUnreadable, 400, "Send JSON in UTF-8, with each field once; /docs shows every body."),
    (body_errors.BodyOfOtherKind, 415, "Send what the answer names."),
    (body_errors.KeyInRequest, 422, "Send keys as Authorization or X-API-Key, and nowhere else."),
    (release_errors.UnknownRelease, 404, "GET /v1/releases lists the releases, and each of them its files."),
    (release_errors.ReleaseDamaged, 503, "Use another release, or ask again when the operator has restored it."),
    (BoardNotReadyError, 503, "Ask again after the seconds that Retry-After names."),
    (push_errors.IdempotencyKeyMissing, 400, "Send the header Idempotency-Key with a text of your own."),
    (push_errors.IdempotencyKeyMalformed, 400, "Send one Idempotency-Key of 1 to 255 printable ASCII characters."),
    (push_errors.IdempotencyInProgress, 409, "Send the same again after the seconds that Retry-After names."),
    (push_errors.IdempotencyKeyReused, 422, "Send what belongs to this key, or take a new one."),
    (push_errors.ImportUnfinished, 409, "Wait until the import is done, or leave a failed one alone."),
    (push_errors.ConditionMissing, 428, "Read the quote, and send its ETag as If-Match."),
    (push_errors.ConditionFailed, 412, "Read the quote again, and send its ETag as If-Match."),
    (push_errors.QuoteReplaced, 409, "Correct the quote that the answer names, or push a new one."),
    (push_errors.CorrectionRefused, 422, "Mend what errors[] points at, or withdraw the quote and push a new one."),
    (push_errors.QuotesRejected, 422, "Mend what the answer says of each quote, and send it under a new key."),
    (push_errors.UnknownImport, 404, "Take the id from the answer to your import, or from GET /v1/imports."),
    (review_errors.UnknownQuarantined, 404, "Take the id from GET /v1/quarantine."),
    (review_errors.AlreadyDecided, 409, "Look at the quote with GET /v1/quotes/{quote_id} where it was accepted."),
    (review_errors.OwnQuote, 403, "Let a reviewer of another partner decide."),
    (key_errors.UnknownKey, 404, "Take the id from keys in GET /v1/account."),
    (key_errors.KeyNotActive, 409, "Rotate the key that took its place, or create a new one."),
    (key_errors.TooManyKeys, 409, "Revoke a key that is not used any more."),
    (key_errors.KeyMissing, 401, "Send a key as Authorization: Bearer tp_live_… or as X-API-Key."),
    (key_errors.KeyMalformed, 401, "Send one whole key, once: as Authorization: Bearer tp_live_… or as X-API-Key."),
    (key_errors.KeyUnknown, 401, "Create a key for this installation, or ask its operator for one."),
    (key_errors.KeyExpired, 401, "Use the key that took its place, or create a new one."),
    (key_errors.KeyRevoked, 401, "Create a new key, or ask the operator."),
    (key_errors.WrongScope, 403, "Use a key with the scope that the answer names."),
    (key_errors.WrongNetwork, 403, "Call from an address that the key allows, or ask for a key that allows this one."),
)

_FRAMEWORK: Mapping[int, tuple[str, str, str]] = {
    404: ("not-found", "There is nothing at this address.", "GET /docs lists every call."),
    405: (
        "method-not-allowed",
        "This address does not know this method.",
        "Use one of the methods that the Allow header names.",
    ),
    413: ("request-too-large", "The request is larger than this call takes.", "Send less; reads need no body."),
    415: ("unsupported-media-type", "This call does not take this media type.", "Send a media type that /docs names."),
    500: (
        "internal-error",
        "Something went wrong on our side.",
        "Try again; if it happens again, tell the operator the request_id.",
    ),
    503: ("unavailable", "This cannot be answered at the moment.", "Ask again after the seconds in Retry-After."),
}

_STATUS_OF = {kind: status for kind, status, _ in _STATUSES}


@cache
def problem_types() -> dict[str, ProblemType]:
    """Return every kind of problem that this API answers with, by code."""
    types = {
        code: ProblemType(code=code, status=status, title=title, what_to_do=what_to_do)
        for status, (code, title, what_to_do) in _FRAMEWORK.items()
    }
    for kind, status, what_to_do in _STATUSES:
        types.setdefault(
            kind.code, ProblemType(code=kind.code, status=status, title=kind.title(), what_to_do=what_to_do)
        )
    return dict(sorted(types.items()))


def status_of(error: errors.ThreePercentError) -> int:
    """Return the status of a domain error: its own class's in the table, or the nearest base's; 500 where none is."""
    return next((_STATUS_OF[kind] for kind in type(error).__mro__ if kind in _STATUS_OF), 500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem document; ``instance`` will name the request, not its text."""

    status: int
    code: str
    title: str
    detail: str
    items: Sequence[ErrorItem] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def document(self, request_id: str) -> dict[str, Any]:
        """Return the document; one that says more than others begins with it."""
        return {
            "type": f"/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": f"urn:threepercent:request:{request_id}",
            "request_id": request_id,
            "errors": list(self.items),
        }

    def response(self, request_id: str) -> Response:
        """Return the document as ``application/problem+json``."""
        content = self.document(request_id)
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(msgspec.json.encode(content), status_code=self.status, media_type=MEDIA_TYPE, headers=headers)


def framework_problem(status: int, headers: Mapping[str, str] | None = None) -> Problem:
    """Return the problem of a bare status, the framework's or an unexpected error's."""
    known = status if status in _FRAMEWORK else 500 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else 404
    code, title, what_to_do = _FRAMEWORK[known]
    return Problem(status=status, code=code, title=title, detail=what_to_do, headers=headers or {})


def install(app: FastAPI) -> None:
    """Make every error of the app a problem document. Unexpected ones are caught by ``observability``."""
    app.add_exception_handler(errors.ThreePercentError, _domain_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(DatabaseError, _database_away)
    app.add_exception_handler(OperationalError, _database_away)
    app.add_exception_handler(ArchiveError, _archive_away)


def request_id_of(request: Request) -> str:
    """Return the id under which this request is logged."""
    return str(request.scope.get("request_id", "unknown"))


def _domain_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, errors.ThreePercentError) or status_of(error) == _UNEXPECTED:
        raise error
    return problem_of(error).response(request_id_of(request))


def problem_of(error: errors.ThreePercentError) -> Problem:
    """Return the problem that a domain error is, for whoever answers outside the framework."""
    status = status_of(error)
    detail = without_echo(error)
    return Problem(
        status=status,
        code=error.code,
        title=problem_types()[error.code].title if error.code in problem_types() else error.title(),
        detail=detail,
        items=error.items if isinstance(error, BadRequestError) else _items(error, detail),
        headers=_headers(error, status),
    )


def _headers(error: errors.ThreePercentError, status: int) -> dict[str, str]:
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": RETRY_AFTER_SECONDS}
    if isinstance(error, push_errors.IdempotencyInProgress):
        return {"Retry-After": IN_PROGRESS_SECONDS}
    if isinstance(error, TooManyRequestsError | push_errors.TooManyQuotes) and error.retry_after_seconds is not None:
        return {"Retry-After": str(error.retry_after_seconds)}
    if status == HTTPStatus.UNAUTHORIZED:
        wrong = "" if isinstance(error, key_errors.KeyMissing) else ', error="invalid_token"'
        return {"WWW-Authenticate": f'Bearer realm="threepercent"{wrong}'}
    return {}


@contextmanager
def caused_by(parameter: str) -> Iterator[None]:
    """Let a domain error point at the query parameter whose value caused it."""
    try:
        yield
    except errors.ThreePercentError as error:
        error.__dict__.setdefault("parameter", parameter)
        raise


# Errors that one query parameter alone can cause.
_PARAMETER_OF: Mapping[type[errors.ThreePercentError], str] = {
    errors.PeriodNotSurveyed: "period",
    errors.NoLiveQuotes: "basis",
    OutdatedPageTokenError: "page_token",
}


def _items(error: errors.ThreePercentError, detail: str) -> tuple[ErrorItem, ...]:
    if isinstance(error, errors.ContradictoryParameters):
        return tuple(
            ErrorItem(pointer=f"/query/{name}", code="contradiction", detail=detail) for name in error.parameters
        )
    if isinstance(error, push_errors.CorrectionRefused):
        return tuple(
            ErrorItem(pointer=f"/body/quote{each.pointer}", code=each.rule, detail=each.detail)
            for each in error.findings
        )
    parameter = getattr(error, "parameter", _PARAMETER_OF.get(type(error)))
    return (ErrorItem(pointer=f"/query/{parameter}", code=error.code, detail=detail),) if parameter else ()


def without_echo(error: errors.ThreePercentError) -> str:
    """Return an error's explanation with every quotation of what was sent replaced; ``quoted`` nests no quotes."""
    detail = _QUOTATION.sub("this value", error.detail)
    return f"This value{detail.removeprefix('this value')}" if detail.startswith("this value") else detail


def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return framework_problem(error.status_code, error.headers).response(request_id_of(request))


def _database_away(request: Request, error: Exception) -> Response:
    request_id = request_id_of(request)
    log_away(error, request_id=request_id)
    return framework_problem(503, {"Retry-After": RETRY_AFTER_SECONDS}).response(request_id)


def _archive_away(request: Request, error: Exception) -> Response:
    request_id = request_id_of(request)
    log.error("archive_away", request_id=request_id, said=str(error))
    return framework_problem(503, {"Retry-After": RETRY_AFTER_SECONDS}).response(request_id)


def _validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    items = [_validation_item(found) for found in error.errors()]
    return _domain_error(request, BadRequestError(items))


def _validation_item(found: Mapping[str, Any]) -> ErrorItem:
    place, *rest = found["loc"] or ("query",)
    name = "/".join(str(part) for part in rest)
    pointer = f"/{place}/{name}" if name else f"/{place}"
    if found["type"] == "domain":
        code, said = str(found["ctx"]["code"]), str(found["ctx"]["detail"])
    else:
        code = str(found["type"]).replace("_", "-")
        said = "this parameter is required" if code == "missing" else "this is not as the documentation says"
    return ErrorItem(pointer=pointer, code=code, detail=f"{name}: {said.rstrip('.')}.".removeprefix(": "))
