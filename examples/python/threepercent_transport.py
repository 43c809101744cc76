"""How the example client speaks HTTP: keys, exact numbers, errors, and when to try again. The standard library only."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen
from uuid import uuid4

Number = Decimal | int
"""A number of an answer, exactly as it was written."""

Written = Decimal | int | str
"""A number of a request: never a float, which would not be what you typed."""

JSON = "application/json"
IN_PROGRESS = "idempotency-in-progress"
WORTH_ANOTHER_TRY = {429, 502, 503, 504}
LONGEST_WAIT_SECONDS = 60.0


class ProblemError(Exception):
    """An answer from 400 on: ``detail`` says what was wrong and what is expected, ``errors`` where."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        """``document``: as RFC 9457 has it; empty where somebody between us and the server answered."""
        self.status = status
        self.code = str(document.get("type", "")).rpartition("/")[2]
        self.detail = str(document.get("detail", "no explanation was given"))
        self.errors: list[dict[str, str]] = list(document.get("errors", ()))
        self.request_id = document.get("request_id")
        self.document = document
        super().__init__(f"{status} {self.code}: {self.detail}")


class Transport:
    """Sends requests with a key and reads the answers; ``etag`` is the tag of the newest answer."""

    def __init__(  # noqa: PLR0913 - each is optional, and named
        self,
        address: str,
        key: str | None = None,
        *,
        clock: str | None = None,
        attempts: int = 5,
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``clock``: the time that a test key pretends it is (RFC 3339). ``attempts``: at most so many tries."""
        if not address.startswith(("http://", "https://")):
            message = "expected an address that begins with http:// or https://"
            raise ValueError(message)
        self.address = address.rstrip("/")
        self.attempts = attempts
        self.timeout = timeout
        self.sleep = sleep
        self.etag: str | None = None
        self._headers = {"Accept": "application/json, */*;q=0.5"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        if clock is not None:
            self._headers["X-ThreePercent-Clock"] = clock

    def pages(self, call: Callable[..., Any], **parameters: Any) -> Iterator[Any]:  # noqa: ANN401 - any call's
        """Yield every page of a list: ``for page in client.pages(client.quotes, corridor=["GBR-PHL"])``."""
        while True:
            page = call(**parameters)
            yield page
            parameters["page_token"] = page["next_page_token"]
            if parameters["page_token"] is None:
                return

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Any = None,  # noqa: ANN401 - whatever can be written as JSON
        headers: Mapping[str, str | None] | None = None,
    ) -> Any:  # noqa: ANN401 - the generated methods say what it is
        """Send a request, again where that is safe and of use, and return the answer; raise ``ProblemError``.

        Reads are safe to send again, and so are writes with an ``Idempotency-Key``: the server does them once.
        """
        given = {name: value for name, value in (headers or {}).items() if value is not None}
        is_safe = method == "GET" or "Idempotency-Key" in given
        request = self._request(method, path, query or {}, body, given)
        for attempt in range(1, self.attempts + 1):
            seconds = min(LONGEST_WAIT_SECONDS, 0.5 * 2**attempt)
            try:
                return self._answer(request)
            except ProblemError as problem:
                if attempt == self.attempts or not is_safe or not _is_passing(problem):
                    raise
                seconds = min(LONGEST_WAIT_SECONDS, float(problem.document.get("retry_after") or seconds))
            except (URLError, HTTPException, OSError):
                if attempt == self.attempts or not is_safe:
                    raise
            self.sleep(seconds)
        message = "the last attempt returns or raises"
        raise AssertionError(message)

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Any,  # noqa: ANN401 - as of send
        headers: Mapping[str, str],
    ) -> Request:
        asked = [(name, written(value)) for name, value in query.items() if value is not None]
        url = self.address + path + (f"?{urlencode(asked)}" if asked else "")
        data = body if body is None or isinstance(body, bytes) else json.dumps(_exact(body)).encode()
        sent = {**self._headers, **({"Content-Type": JSON} if data is not None else {}), **headers}
        return Request(url, data=data, headers=sent, method=method)  # noqa: S310 - the scheme was checked

    def _answer(self, request: Request) -> Any:  # noqa: ANN401 - as of send
        try:
            with urlopen(request, timeout=self.timeout) as answer:  # noqa: S310 - the scheme was checked
                text: bytes = answer.read()
                self.etag = answer.headers.get("ETag")
                is_json = "json" in answer.headers.get_content_type() and "ndjson" not in answer.headers["content-type"]
        except HTTPError as error:
            with error:
                raise ProblemError(error.code, _problem(error)) from None
        return json.loads(text, parse_float=Decimal) if is_json and text else text


def new_key() -> str:
    """Return a new ``Idempotency-Key``: keep it until you have the answer, and send it again with the same body."""
    return str(uuid4())


def path_of(template: str, **parts: str) -> str:
    """Return a path with its parameters in it."""
    return template.format(**{name: quote(part, safe="") for name, part in parts.items()})


def written(value: object) -> str:
    """Return a query parameter as text: lists are separated by commas."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ",".join(map(str, value))
    return str(value)


def _exact(value: object) -> object:
    """Return a body with its decimals as text, which the API reads digit by digit."""
    if isinstance(value, Mapping):
        return {name: _exact(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(inner) for inner in value]
    if isinstance(value, float):
        message = "a float is not the number that you typed: write a Decimal, an int or text"
        raise TypeError(message)
    return f"{value:f}" if isinstance(value, Decimal) else value


def _is_passing(problem: ProblemError) -> bool:
    return problem.status in WORTH_ANOTHER_TRY or problem.code == IN_PROGRESS


def _problem(error: HTTPError) -> dict[str, Any]:
    try:
        document = json.loads(error.read())
    except ValueError:
        document = {}
    found: dict[str, Any] = document if isinstance(document, dict) else {}
    seconds = error.headers.get("Retry-After", "")
    return {**found, "retry_after": float(seconds) if seconds.isdigit() else None}
