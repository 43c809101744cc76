"""Bodies that have broken others, made of a good one: 60 and more for every call that takes JSON.

Each holds ``CANARY`` where it holds any text, so that a test sees when anything of it comes back.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
CANARY = "canary7f3a"

DEPTH = 100_000
DIGITS = 5_000


@dataclass(frozen=True, slots=True)
class Hostile:
    """A body, what it is called, and how it is sent; ``status``: the only answer that will do, null for any refusal.

    ``may_be_taken``: nothing is wrong with it but its looks.
    """

    name: str
    content: bytes
    content_type: str | None = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    may_be_taken: bool = False


VALUES: Mapping[str, bytes] = {
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "minus Infinity": b"-Infinity",
    "1e999": b"1e999",
    "1e-999": b"1e-999",
    "1e999999999": b"1e999999999",
    "1e999 as text": b'"1e999"',
    "5,000 digits": b"9" * DIGITS,
    "5,000 digits as text": b'"' + b"9" * DIGITS + b'"',
    "5,000 decimals": b"0." + b"1" * DIGITS,
    "a leading zero": b"01",
    "a plus": b"+1",
    "hexadecimal": b"0x10",
    "digits of another script": b'"\xef\xbc\x91\xef\xbc\x92"',
    "underscores in a number": b'"1_000"',
    "spaces around a number": b'" 5 "',
    "half a surrogate pair": b'"' + CANARY.encode() + b'\\ud800"',
    "the other half": b'"\\udc00' + CANARY.encode() + b'"',
    "halves in the wrong order": b'"\\udc00\\ud800"',
    "NUL": b'"' + CANARY.encode() + b'\\u0000"',
    "a bare control character": b'"' + CANARY.encode() + b'\x01"',
    "a bare NUL": b'"' + CANARY.encode() + b'\x00"',
    "a bare line feed": b'"a\n' + CANARY.encode() + b'"',
    "bidi override": f'"{CANARY}\u202egnp.exe"'.encode(),
    "bidi isolate": f'"\u2066{CANARY}"'.encode(),
    "zero-width space": f'"{CANARY}\u200b"'.encode(),
    "look-alike letters": '"Exаmple"'.encode(),  # noqa: RUF001 - the Cyrillic letter is the point
    "bad UTF-8": b'"' + CANARY.encode() + b'\xff\xfe"',
    "overlong UTF-8": b'"\xc0\xaf"',
    "cut UTF-8": b'"\xe2\x82"',
    "an encoded surrogate": b'"\xed\xa0\x80"',
    "a noncharacter": '"\ufffe"'.encode(),
    "a long text": b'"' + CANARY.encode() * 4_000 + b'"',
    "markup": f'"<script>{CANARY}</script>"'.encode(),
    "SQL": f'"\'; DROP TABLE quotes; -- {CANARY}"'.encode(),
    "a formula": f"\"=cmd|'/c {CANARY}'!A1\"".encode(),
    "a template": f'"{{{{7*7}}}}${{jndi:ldap://{CANARY}}}%s%n"'.encode(),
    "a path": f'"../../../etc/{CANARY}"'.encode(),
    "an unknown escape": b'"\\x41"',
    "single quotes": b"'" + CANARY.encode() + b"'",
    "deep lists": b"[" * DEPTH + b"]" * DEPTH,
    "deep objects": b'{"a":' * DEPTH + b"1" + b"}" * DEPTH,
    "deep and unclosed": b"[" * DEPTH,
    "undefined": b"undefined",
    "a list": f'["{CANARY}"]'.encode(),
    "an object": f'{{"{CANARY}": 1}}'.encode(),
    "a number": b"12345678901234567890",
    "true": b"true",
    "empty text": b'""',
}
"""What may stand where something else is expected."""

NO_JSON = frozenset(
    {
        *("NaN", "Infinity", "minus Infinity", "a leading zero", "a plus", "hexadecimal", "a bare control character"),
        *("a bare NUL", "a bare line feed", "bad UTF-8", "overlong UTF-8", "cut UTF-8", "an encoded surrogate"),
        *("an unknown escape", "single quotes", "deep and unclosed", "undefined"),
    }
)


def hostile_bodies(good: Mapping[str, Any], most: int) -> Iterator[Hostile]:
    """Give hostile variants of a good JSON body; ``most`` is how many bytes the call takes."""
    text = json.dumps(good).encode()
    yield from _wholes(text, most)
    for name, value in VALUES.items():
        yield Hostile(f"{name} in a field that is not known", text.replace(b"{", b'{"hostile": ' + value + b", ", 1))
        for where, holed in _holes(good):
            content = holed.replace(b'"HOLE"', value)
            yield Hostile(f"{name} as {where}", content, may_be_taken=name not in NO_JSON)


def _holes(good: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Give the body with a hole in the place of each of its values, down to those of its first item."""
    for name, value in good.items():
        yield name, json.dumps({**good, name: "HOLE"}).encode()
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for inner in value[0]:
                first = {**value[0], inner: "HOLE"}
                yield f"{name}/0/{inner}", json.dumps({**good, name: [first, *value[1:]]}).encode()


def _wholes(text: bytes, most: int) -> Iterator[Hostile]:
    """Give bodies that are wrong as a whole."""
    first = text[1 : text.index(b":")]
    yield Hostile("nothing", b"", status=400)
    yield Hostile("white space", b" \r\n\t ", status=400)
    yield Hostile("a byte order mark", b"\xef\xbb\xbf" + text, status=400)
    yield Hostile("UTF-16", text.decode().encode("utf-16"), status=400)
    yield Hostile("UTF-32", text.decode().encode("utf-32"), status=400)
    yield Hostile("half of it", text[: len(text) // 2], status=400)
    yield Hostile("without its end", text[:-1], status=400)
    yield Hostile("it twice", text + text, status=400)
    yield Hostile("something after it", text + CANARY.encode(), status=400)
    yield Hostile("a comment", b"/* " + CANARY.encode() + b" */" + text, status=400)
    yield Hostile("a trailing comma", text[:-1] + b",}", status=400)
    yield Hostile("a page", b"<!doctype html><p>" + CANARY.encode(), status=400)
    yield Hostile(
        "XML", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', status=400
    )
    yield Hostile("binary", bytes(range(256)), status=400)
    yield Hostile("a field twice", b"{" + first + b": null, " + text[1:], status=400)
    yield Hostile(
        "a field twice, once escaped", b'{"\\u%04x' % first[1] + first[2:] + b": null, " + text[1:], status=400
    )
    for name, value in VALUES.items():
        yield Hostile(f"{name} alone", value)
    yield Hostile("one byte too many", text + b" " * (most + 1 - len(text)), status=413)
    yield Hostile("far too much", b" " * (2 * most), status=413)
    yield Hostile("packed", gzip.compress(text), headers={"Content-Encoding": "gzip"}, status=415)
    yield Hostile("a bomb", gzip.compress(b" " * 2**24), headers={"Content-Encoding": "gzip"}, status=415)
    yield Hostile("packed unheard of", text, headers={"Content-Encoding": CANARY}, status=415)
    kinds = (None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "a")
    for kind in (
        *kinds,
        "application/xml",
        "application/json; charset=utf-16",
        "application/jsonp",
        "text/json",
        CANARY,
    ):
        yield Hostile(f"sent as {kind}", text, content_type=kind, status=415)
