"""Write examples/python/threepercent_client.py from openapi/v1.json: a method for each call, a shape for each answer.

Run by ``make openapi``; a test makes it again and compares. It is an example of what a partner may generate with the
generator of their choice, and short enough to be read.
"""

import json
import keyword
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CONTRACT = ROOT / "openapi" / "v1.json"
TARGET = ROOT / "examples" / "python" / "threepercent_client.py"
HEAD = '''\
"""A client of the ThreePercent API, version 1: a method for each call, a shape for each answer.

Generated from openapi/v1.json by scripts/build_client.py: do not edit. How it speaks HTTP is written by hand, in
threepercent_transport.py. Copy both files; they need Python 3.11 and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import {typing}

from threepercent_transport import {transport}

'''
CLASS = '''
class Client(Transport):
    """Every call of the API by its name in the contract."""
'''
TYPING = ("Any", "NotRequired", "TypedDict")
TRANSPORT = ("Number", "Transport", "Written", "new_key", "path_of")
IDEMPOTENCY_KEY = "Idempotency-Key"
_PLAIN = {"string": "str", "integer": "int", "boolean": "bool", "null": "None", "object": "dict[str, Any]"}
_WIDTH = 118
_SHAPE = re.compile(r"#/components/schemas/(\w+)")

Schema = Mapping[str, Any]


def build(document: Mapping[str, Any]) -> str:
    """Return the client's text for an OpenAPI document."""
    schemas: Mapping[str, Schema] = document["components"]["schemas"]
    calls = [
        _Call(schemas, path, method.upper(), operation)
        for path, methods in document["paths"].items()
        if path.startswith("/v1/")
        for method, operation in methods.items()
    ]
    sent = _reached(schemas, (shape for call in calls for shape in _SHAPE.findall(json.dumps(call.body))))
    answered = _reached(schemas, (shape for call in calls for shape in _SHAPE.findall(json.dumps(call.answers))))
    shapes = [
        _shape(schemas, name, is_sent=name in sent)
        for name in schemas
        if name in sent | answered and "properties" in schemas[name]
    ]
    text = "\n\n".join(shapes) + CLASS + "\n" + "\n".join(call.text() for call in calls)
    return _formatted(HEAD.format(typing=_used(TYPING, text), transport=_used(TRANSPORT, text)) + text)


def _used(names: Iterable[str], text: str) -> str:
    return ", ".join(name for name in names if re.search(rf"\b{name}\b", text))


def _reached(schemas: Mapping[str, Schema], names: Iterable[str]) -> set[str]:
    """Return these shapes and all that they are made of."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _SHAPE.findall(json.dumps(schemas[name]))
    return found


def _shape(schemas: Mapping[str, Schema], name: str, *, is_sent: bool) -> str:
    """Write an object as a ``TypedDict``; where a field is a word of Python's own, as a call."""
    schema = schemas[name]
    required = set(schema.get("required", ()))
    kinds = {field: _kind(schemas, inner, is_sent=is_sent) for field, inner in schema["properties"].items()}
    fields = {field: kind if field in required else f"NotRequired[{kind}]" for field, kind in kinds.items()}
    about = _docstring(schema.get("description") or f"A part of the contract: {name}.", "")
    if any(not field.isidentifier() or keyword.iskeyword(field) for field in fields):
        items = ", ".join(f"{json.dumps(field)}: {json.dumps(kind)}" for field, kind in fields.items())
        return f"{name} = TypedDict({json.dumps(name)}, {{{items}}})\n{about}\n"
    lines = "\n".join(f"    {field}: {kind}" for field, kind in fields.items())
    return f"class {name}(TypedDict):\n    {about}\n\n{lines}\n"


def _kind(schemas: Mapping[str, Schema], schema: Schema, *, is_sent: bool) -> str:  # noqa: PLR0911 - a table of kinds
    """Return a schema as a type."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return name if "properties" in schemas[name] else _kind(schemas, schemas[name], is_sent=is_sent)
    for words in ("anyOf", "oneOf"):
        if words in schema:
            return _either(_kind(schemas, part, is_sent=is_sent) for part in schema[words])
    kind = schema.get("type")
    if isinstance(kind, list):
        return _either(_kind(schemas, {**schema, "type": each}, is_sent=is_sent) for each in kind)
    if kind == "number":
        return "Written" if is_sent else "Number"
    if kind == "array":
        return f"list[{_kind(schemas, schema.get('items', {}), is_sent=is_sent)}]"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"dict[str, {_kind(schemas, schema['additionalProperties'], is_sent=is_sent)}]"
    return _PLAIN.get(str(kind), "Any")


def _either(kinds: Iterable[str]) -> str:
    """Join types, ``None`` last."""
    parts = dict.fromkeys(part for kind in kinds for part in kind.split(" | "))
    if "Written" in parts:
        parts.pop("str", None)
    return " | ".join(sorted(parts, key=lambda part: part == "None"))


class _Call:
    """One operation of the contract as a method."""

    def __init__(self, schemas: Mapping[str, Schema], path: str, method: str, operation: Schema) -> None:
        self.schemas = schemas
        self.path = path
        self.method = method
        self.operation = operation
        self.body: Mapping[str, Schema] = operation.get("requestBody", {}).get("content", {})
        self.answers = [
            answer.get("content", {}) for status, answer in operation["responses"].items() if status.startswith("2")
        ]

    def text(self) -> str:
        """Write the method."""
        operation = self.operation
        arguments = ["self", *(f"{self._name(each)}: str" for each in self._of("path"))]
        if "application/json" in self.body:
            arguments.append(f"body: {_kind(self.schemas, self.body['application/json']['schema'], is_sent=True)}")
        elif self.body:
            arguments.append("body: bytes")
        named = [f"{self._name(each)}: {self._given(each)}" for each in (*self._of("query"), *self._of("header"))]
        if self.body and "application/json" not in self.body:
            named.insert(0, f"content_type: str = {json.dumps(next(iter(self.body)))}")
        signature = ", ".join([*arguments, *(["*", *named] if named else [])])
        summary = str(operation.get("summary") or operation["operationId"]).rstrip(".")
        about = _docstring(f"{summary}: ``{self.method} {self.path}``.", "    ")
        return (
            f"    def {method_name(operation['operationId'])}({signature}) -> {self._answer()}:\n        {about}\n"
            + "".join(f"        {line}\n" for line in self._lines())
        )

    def _lines(self) -> Iterator[str]:
        path = f'path_of("{self.path}"{"".join(f", {name}={name}" for name in map(self._name, self._of("path")))})'
        yield f"path = {path}" if self._of("path") else f'path = "{self.path}"'
        query = ", ".join(f'"{each["name"]}": {self._name(each)}' for each in self._of("query"))
        yield f"query: dict[str, Any] = {{{query}}}"
        headers = [f'"{each["name"]}": {self._name(each)}' for each in self._of("header")]
        if self._is_idempotent():
            headers = [each.replace(": idempotency_key", ": idempotency_key or new_key()") for each in headers]
        if self.body and "application/json" not in self.body:
            headers.append('"Content-Type": content_type')
        sent = "body" if self.body else "None"
        yield f'answer: {self._answer()} = self.send("{self.method}", path, query, {sent}, {{{", ".join(headers)}}})'
        yield "return answer"

    def _is_idempotent(self) -> bool:
        return any(each["name"] == IDEMPOTENCY_KEY for each in self._of("header"))

    def _of(self, place: str) -> list[Schema]:
        return [each for each in self.operation.get("parameters", ()) if each["in"] == place]

    def _name(self, parameter: Schema) -> str:
        return method_name(str(parameter["name"]).lower().replace("-", "_"))

    def _given(self, parameter: Schema) -> str:
        """Return a parameter's type and default; an ``Idempotency-Key`` is made where none is given."""
        schema = parameter["schema"]
        kind = _kind(self.schemas, schema, is_sent=True).removeprefix("list[str]") or "Sequence[str]"
        kind = "str" if parameter["in"] == "header" else _numeric(schema, kind)
        is_needed = parameter.get("required") and parameter["name"] != IDEMPOTENCY_KEY
        return kind if is_needed else f"{kind.removesuffix(' | None')} | None = None"

    def _answer(self) -> str:
        """Return what the call answers; bytes where that is a file."""
        kinds = []
        for content in self.answers:
            found = content.get("application/json")
            if found is None:
                kinds += ["bytes"] if content else []
            else:
                schema = found.get("schema", {})
                parts = [part for part in schema.get("anyOf", ()) if "Projection" not in json.dumps(part)]
                kinds.append(_kind(self.schemas, parts[0] if parts else schema, is_sent=False))
        return _either(kinds) if kinds else "None"


def method_name(operation_id: str) -> str:
    """Return what a call is called in Python, where ``import`` means something else."""
    return f"{operation_id}_" if keyword.iskeyword(operation_id) else operation_id


def _numeric(schema: Schema, kind: str) -> str:
    """Let amounts be given as numbers: their pattern takes digits and refuses words."""
    pattern = schema.get("pattern") or schema.get("items", {}).get("pattern") or "[a-z]"
    if not re.search(pattern, "0.5") or re.search(pattern, "a"):
        return kind
    return "Sequence[Written]" if schema.get("type") == "array" else "Written"


def _docstring(text: str, margin: str) -> str:
    """Return the first sentence as a docstring; of one that does not fit on a line, as many clauses as do."""
    first = re.sub(r"\s+", " ", text).strip().partition(". ")[0].rstrip(".")
    width = _WIDTH - len(margin) - 10
    while len(first) > width:
        first = re.split(r"[,;:](?=[^,;:]*$)", first[: width + 1])[0] if re.search("[,;:]", first) else first[:width]
    return f'"""{first}."""'


def _formatted(text: str) -> str:
    """Return Python as the project formats it."""
    ruff = Path(sys.executable).with_name("ruff")
    done = subprocess.run(  # noqa: S603 - our own formatter, on our own text
        [ruff, "format", "--stdin-filename", TARGET, "-"], input=text, capture_output=True, text=True, check=True
    )
    return done.stdout


def main() -> None:
    """Write the client for the contract that is committed, or for the one in the file that is named."""
    contract = Path(sys.argv[1]) if len(sys.argv) > 1 else CONTRACT
    TARGET.write_text(build(json.loads(contract.read_text("utf-8"))), "utf-8")
    print(f"{TARGET.name} written from {contract.name}")


if __name__ == "__main__":
    main()
