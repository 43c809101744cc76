"""Fetch: the one user of httpx and httpcore. A source is asked, within its time and limits, and never to its harm.

One call may take several attempts, each of several hops. A host that keeps failing is left alone by its breaker.
"""

import re
import ssl
import time
from collections.abc import Callable, MutableMapping
from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timedelta
from email.message import Message
from random import SystemRandom

import httpcore
import httpx

from app.domain.breakers import Breaker
from app.domain.fetch_errors import (
    AddressRefused,
    AnswerTooLarge,
    FetchError,
    GarbledAnswer,
    LeftAlone,
    RedirectRefused,
    UnexpectedStatus,
    Unreachable,
)
from app.fetch import guard, waiting
from app.fetch.guard import Target
from app.fetch.request import Policy, Received, Request, sendable
from app.fetch.unpacking import body_of
from app.fetch.wire import Call, asked

__all__ = ["Fetcher", "Policy", "Received", "Request", "host_of"]

_OK, _NOT_MODIFIED = 200, 304
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TOKEN = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}")
_MEDIA_TYPE = re.compile(rf"{_TOKEN.pattern}/{_TOKEN.pattern}")
_RANDOM = SystemRandom()


def host_of(url: str) -> str:
    """Return the key of an address's breaker: its host, with the port where it is not the scheme's own.

    Raises AddressRefused where the address cannot be a source's.
    """
    return guard.read(url).authority


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Asks sources by one policy; any number of threads may share it.

    ``breakers`` by host (``host_of``), shared with whoever else asks. ``clock`` gives the instant (UTC) for breakers
    and dates, ``monotonic`` seconds for deadlines. ``sleep`` waits, and answers true where no further attempt is
    wanted; ``random`` gives numbers from 0 to 1. ``tls`` says whom to trust, None: the public authorities.
    """

    policy: Policy
    breakers: MutableMapping[str, Breaker]
    _: KW_ONLY
    clock: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], bool | None] = time.sleep
    random: Callable[[], float] = _RANDOM.random
    tls: ssl.SSLContext | None = None

    def get(self, request: Request) -> Received:
        """Return what a source answers: status 200 with its body, or 304.

        Raises the heirs of FetchError, with the number of attempts; none takes longer than the request's deadline.
        """
        call = Call(request.deadline_seconds, self.monotonic, started=self.monotonic())
        try:
            target = guard.declared(request.url, request.hosts)
            self._ask_breaker(target, request.deadline_seconds)
            try:
                received = self._attempted(request, target, call)
            except FetchError as error:
                self._tell_breaker(target, error)
                raise
        except FetchError as error:
            error.attempts = call.attempts
            error.received_bytes = call.received_bytes
            raise
        self._tell_breaker(target, None)
        return received

    def _ask_breaker(self, target: Target, seconds: float) -> None:
        """Raise LeftAlone where the host is; else let the call go out, as the probe where the breaker is half open."""
        breaker, now = self.breakers.get(target.authority, Breaker()), self.clock()
        if not breaker.allows(now):
            times = "once" if breaker.failures == 1 else f"{breaker.failures} times in a row"
            problem = f"failed {times} and is left alone for a while"
            raise LeftAlone(host=target.host, problem=problem, retry_at=breaker.open_until)
        if breaker.is_half_open(now):
            self.breakers[target.authority] = breaker.while_probing(now, timedelta(seconds=seconds))

    def _tell_breaker(self, target: Target, error: FetchError | None) -> None:
        """Record how a call ended. What the host answered, if only to refuse us, shows that it is well."""
        if isinstance(error, AddressRefused):
            return  # nobody was asked
        before = self.breakers.get(target.authority, Breaker())
        if error is not None and (error.is_passing or isinstance(error, (Unreachable, GarbledAnswer))):
            after = before.after_failure(self.clock(), error.retry_at)
        else:
            after = before.after_success()
        if after != before:
            self.breakers[target.authority] = after

    def _attempted(self, request: Request, target: Target, call: Call) -> Received:
        """Try until it goes well, cannot, or there is no time for another attempt."""
        while True:
            call.attempts += 1
            try:
                return self._followed(request, target, call)
            except FetchError as error:
                if not error.is_passing or call.attempts >= self.policy.attempts:
                    raise
                seconds = waiting.pause(call.attempts, self.random())
                if error.retry_at is not None:
                    seconds += max(0.0, (error.retry_at - self.clock()).total_seconds())
                if seconds >= call.left() or self.sleep(seconds):
                    raise

    def _followed(self, request: Request, target: Target, call: Call) -> Received:
        """Follow redirects by hand: each is judged like the first address."""
        hop = target
        for _ in range(self.policy.redirects + 1):
            came = self._hop(request, hop, call)
            if isinstance(came, Received):
                return came
            hop = guard.redirected(hop, came, request.hosts, ports={target.port})
        raise RedirectRefused(host=target.host, problem=f"sent us on more than {self.policy.redirects} times")

    def _hop(self, request: Request, target: Target, call: Call) -> Received | str:
        """Ask one address once; return what came, or where it sends us on to."""
        headers = request.headers(self.policy)
        with asked(target, headers, call=call, policy=self.policy, tls=self.tls) as response:
            answered = httpx.Headers(response.headers)
            if response.status == _OK:
                return self._received(request, target, call, answered, self._body(request, target, call, response))
            if response.status == _NOT_MODIFIED:
                if not request.is_conditional:
                    raise GarbledAnswer(host=target.host, problem="said that nothing changed, which nobody asked")
                return self._received(request, target, call, answered, None)
            places = answered.get_list("location")
            if response.status in _REDIRECTS and len(places) == 1:
                return places[0]
            again = waiting.retry_at(answered.get("retry-after"), self.clock())
            raise UnexpectedStatus(host=target.host, status=response.status, retry_at=again)

    def _body(self, request: Request, target: Target, call: Call, response: httpcore.Response) -> bytes:
        headers = httpx.Headers(response.headers)
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > request.max_bytes:
            raise AnswerTooLarge(host=target.host, problem=f"has an answer of more than {request.max_bytes} bytes")
        return body_of(
            call.watched(response.iter_stream(), target.host),
            encoding=headers.get("content-encoding", ""),
            host=target.host,
            max_bytes=request.max_bytes,
            max_unpacked_bytes=request.max_unpacked_bytes,
        )

    @staticmethod
    def _received(request: Request, target: Target, call: Call, headers: httpx.Headers, body: bytes | None) -> Received:
        """Put together what came; validators that a 304 does not repeat stay as they were."""
        media_type, charset = _content_type(headers.get("content-type", ""))
        etag, last_modified = (
            text if sendable(text) else None for text in (headers.get("etag"), headers.get("last-modified"))
        )
        return Received(
            status=_NOT_MODIFIED if body is None else _OK,
            body=body or b"",
            media_type=media_type,
            charset=charset,
            etag=request.etag if body is None and etag is None else etag,
            last_modified=request.last_modified if body is None and last_modified is None else last_modified,
            url=target.url,
            attempts=call.attempts,
            seconds=call.elapsed(),
            received_bytes=call.received_bytes,
        )


def _content_type(header: str) -> tuple[str | None, str | None]:
    """Return the media type and the charset of a header Content-Type, in lower case, None for what it does not say."""
    kind = Message()
    kind["content-type"] = header
    media_type, charset = kind.get_content_type(), kind.get_content_charset() or ""
    says_type = header.partition(";")[0].strip().lower() == media_type  # else it is what mail would take it for
    return media_type if says_type and _MEDIA_TYPE.fullmatch(media_type) else None, (
        charset if _TOKEN.fullmatch(charset) else None
    )
