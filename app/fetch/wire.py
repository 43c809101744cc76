"""The wire: one connection for one question, every step of it within what is left of the whole call's time.

httpcore speaks HTTP/1.1; the sockets under it are ours. Names are resolved here, once; every number that comes is
checked, and the socket goes to that very number, so that nothing can change between the check and the use. TLS is
still verified against the name.
"""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from queue import Empty, SimpleQueue

import httpcore

from app.domain.fetch_errors import AddressRefused, CutOff, GarbledAnswer, TooSlow, Unreachable, UntrustedHost
from app.fetch.guard import Address, Target, is_permitted
from app.fetch.request import Policy

_PIECE = 16 * 1024  # read at once: small, so that the deadline is looked at often
_MOST_ADDRESSES = 4  # of one name that are tried


@dataclass(slots=True)
class Call:
    """One call as it goes on: what is left of its time, and what it has cost so far."""

    seconds: float
    monotonic: Callable[[], float]
    started: float
    attempts: int = 0
    received_bytes: int = 0

    def left(self) -> float:
        """Return the seconds that are left, 0 or less where there are none."""
        return self.seconds - self.elapsed()

    def elapsed(self) -> float:
        """Return the seconds since the call began."""
        return self.monotonic() - self.started

    def within(self, longest: float, host: str) -> float:
        """Return how many seconds a step may take; raises TooSlow where the call has none left."""
        left = self.left()
        if left <= 0:
            raise TooSlow(host=host, problem=f"did not answer within {self.seconds:g} seconds")
        return min(longest, left)

    def watched(self, pieces: Iterable[bytes], host: str) -> Iterator[bytes]:
        """Give pieces as they come, and raise TooSlow where the time ends between two that had come already."""
        for piece in pieces:
            self.within(self.seconds, host)
            yield piece

    def too_slow(self, host: str, longest: float, what: str) -> TooSlow:
        """Return the error of a step that took too long: its own time or the call's, whichever ended."""
        if self.left() <= 0:
            return TooSlow(host=host, problem=f"did not answer within {self.seconds:g} seconds")
        return TooSlow(host=host, problem=f"{what} within {longest:g} seconds")


@cache
def trusted() -> ssl.SSLContext:
    """Return what TLS trusts: the system's certificates and those that are shipped."""
    return httpcore.default_ssl_context()


@contextmanager
def asked(
    target: Target, headers: list[tuple[bytes, bytes]], *, call: Call, policy: Policy, tls: ssl.SSLContext | None
) -> Iterator[httpcore.Response]:
    """Ask a target and give its answer, of which the body is still to be read; the connection ends with the block.

    Raises the heirs of FetchError, also for what goes wrong while the body is read.
    """
    wire = _Wire(target, call, policy)
    origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
    url = httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=target.path)
    context = (tls or trusted()) if target.scheme == "https" else None
    try:
        with (
            httpcore.HTTPConnection(origin, ssl_context=context, network_backend=wire) as connection,
            connection.stream("GET", url, headers=headers) as response,
        ):
            yield response
    except httpcore.ProtocolError:  # whose text would quote what was sent
        if wire.has_ended:
            raise CutOff(host=target.host, problem="ended the connection before the answer was complete") from None
        raise GarbledAnswer(host=target.host, problem="did not answer by the rules of HTTP") from None


class _Wire(httpcore.NetworkBackend):
    """Opens the socket; ``has_ended``: the other side has closed it."""

    def __init__(self, target: Target, call: Call, policy: Policy) -> None:
        self.target = target
        self.host = target.host
        self.call = call
        self.policy = policy
        self.has_ended = False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the call's own time counts
        local_address: str | None = None,  # noqa: ARG002 - the signature is httpcore's
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002 - the signature is httpcore's
    ) -> httpcore.NetworkStream:
        addresses = _numbers(host, port, self.call, self.policy.connect_seconds)
        for address in addresses:
            if not is_permitted(address, self.policy.networks, is_plain=self.target.scheme == "http"):
                raise AddressRefused(host=host, problem=f"stands for {address}, which sources are not fetched from")
        return _Stream(self._connected(addresses[:_MOST_ADDRESSES], port), self)

    def _connected(self, addresses: list[Address], port: int) -> socket.socket:
        for position, address in enumerate(addresses, start=1):
            family = socket.AF_INET if isinstance(address, ipaddress.IPv4Address) else socket.AF_INET6
            connection = socket.socket(family, socket.SOCK_STREAM)
            try:
                connection.settimeout(self.call.within(self.policy.connect_seconds, self.host))
                connection.connect((str(address), port))
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                connection.close()
                if position < len(addresses) and self.call.left() > 0:
                    continue
                if isinstance(error, TimeoutError):
                    raise self.call.too_slow(
                        self.host, self.policy.connect_seconds, "did not take up the connection"
                    ) from None
                raise Unreachable(host=self.host, problem=f"cannot be reached: {_reason(error)}") from None
            except BaseException:
                connection.close()
                raise
            return connection
        raise Unreachable(host=self.host, problem="stands for no address")


class _Stream(httpcore.NetworkStream):
    """A socket whose every step ends in time."""

    def __init__(self, connection: socket.socket, wire: _Wire) -> None:
        self._socket = connection
        self._wire = wire

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the call's own time counts
        wire = self._wire
        self._socket.settimeout(wire.call.within(wire.policy.read_seconds, wire.host))
        try:
            piece = self._socket.recv(min(max_bytes, _PIECE))
        except TimeoutError:
            raise wire.call.too_slow(wire.host, wire.policy.read_seconds, "sent nothing") from None
        except OSError as error:
            raise CutOff(host=wire.host, problem=f"broke the connection off: {_reason(error)}") from None
        wire.call.received_bytes += len(piece)
        wire.has_ended = not piece
        return piece

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the call's own time counts
        wire = self._wire
        while buffer:
            self._socket.settimeout(wire.call.within(wire.policy.read_seconds, wire.host))
            try:
                buffer = buffer[self._socket.send(buffer) :]
            except TimeoutError:
                raise wire.call.too_slow(wire.host, wire.policy.read_seconds, "took no question") from None
            except OSError as error:  # what httpcore then reads may still be an answer, and says why otherwise
                raise httpcore.WriteError(_reason(error)) from None

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the call's own time counts
    ) -> httpcore.NetworkStream:
        wire = self._wire
        longest = wire.policy.connect_seconds
        try:
            self._socket.settimeout(wire.call.within(longest, wire.host))
            # A close without TLS's own farewell is an error, or a cut-off body of no declared length would pass.
            wrapped = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname, suppress_ragged_eofs=False)
        except TimeoutError:
            self.close()
            raise wire.call.too_slow(wire.host, longest, "did not begin TLS") from None
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise UntrustedHost(
                host=wire.host, problem=f"cannot be trusted: {error.verify_message.rstrip('.')}"
            ) from None
        except OSError as error:
            self.close()
            raise Unreachable(host=wire.host, problem=f"cannot be spoken to by TLS: {_reason(error)}") from None
        except BaseException:
            self.close()
            raise
        return _Stream(wrapped, wire)

    def close(self) -> None:
        self._socket.close()


def _numbers(host: str, port: int, call: Call, longest: float) -> list[Address]:
    """Return the addresses of a host, at least one; the resolver works in a thread, since nothing else can stop it."""
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        pass
    answers: SimpleQueue[list[str] | Exception] = SimpleQueue()

    def resolve() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([str(entry[4][0]) for entry in found])
        except Exception as error:  # noqa: BLE001 - raised on below, by the thread that waits
            answers.put(error)

    threading.Thread(target=resolve, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=call.within(longest, host))
    except Empty:
        raise call.too_slow(host, longest, "was not found by its name") from None
    if isinstance(answer, OSError):
        raise Unreachable(host=host, problem="was not found by its name") from None
    if isinstance(answer, Exception):
        raise answer
    if not answer:
        raise Unreachable(host=host, problem="stands for no address")
    return [ipaddress.ip_address(text) for text in dict.fromkeys(answer)]


def _reason(error: OSError) -> str:
    """Return an operating system's or TLS's reason in its own words, which quote nothing that was sent."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS failed").replace("_", " ").lower()
    return (error.strerror or type(error).__name__).lower()
