"""Bodies are unpacked as they come, and never beyond their limits: a bomb is found out before it is in memory."""

import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO

from app.domain.fetch_errors import AnswerTooLarge, CutOff, GarbledAnswer

_GZIP = 16 + zlib.MAX_WBITS  # tells zlib to expect gzip's header and to check its trailer
_STEP = 2**20  # unpacked at once
_PLAIN, _PACKED = frozenset({"", "identity"}), frozenset({"gzip", "x-gzip"})


def body_of(pieces: Iterable[bytes], *, encoding: str, host: str, max_bytes: int, max_unpacked_bytes: int) -> bytes:
    """Return a body, unpacked where ``encoding`` (of the header Content-Encoding) says that it is packed, once.

    Raises AnswerTooLarge as soon as it is, GarbledAnswer for packing that we did not ask for or that is broken, CutOff
    where packed bytes end too early.
    """
    packing = encoding.strip().lower()
    if packing not in _PLAIN | _PACKED:
        raise GarbledAnswer(host=host, problem="packed its answer in a way that we did not ask for")
    received = _counted(pieces, host, max_bytes)
    body = BytesIO()  # gives its bytes without copying them
    for step in _unpacked(received, host) if packing in _PACKED else received:
        if body.tell() + len(step) > max_unpacked_bytes:
            raise AnswerTooLarge(host=host, problem=f"sent more than {max_unpacked_bytes} bytes, unpacked")
        body.write(step)
    return body.getvalue()


def _counted(pieces: Iterable[bytes], host: str, max_bytes: int) -> Iterator[bytes]:
    received = 0
    for piece in pieces:
        received += len(piece)
        if received > max_bytes:
            raise AnswerTooLarge(host=host, problem=f"sent more than {max_bytes} bytes")
        yield piece


def _unpacked(pieces: Iterable[bytes], host: str) -> Iterator[bytes]:
    """Unpack gzip in steps; one member may follow another, nothing else may."""
    member = zlib.decompressobj(_GZIP)
    is_inside = False
    for piece in pieces:
        rest = piece
        while rest:
            is_inside = True
            try:
                step = member.decompress(rest, _STEP)
                while step and not member.eof:  # zlib may hold back output when it has taken all the input
                    yield step
                    step = member.decompress(member.unconsumed_tail, _STEP)
            except zlib.error:
                raise GarbledAnswer(host=host, problem="sent an answer that is not packed as it says") from None
            yield step
            rest = member.unused_data
            if member.eof:
                member = zlib.decompressobj(_GZIP)
                is_inside = False
    if is_inside:
        raise CutOff(host=host, problem="ended its packed answer before it was complete")
