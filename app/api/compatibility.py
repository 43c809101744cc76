"""What of a new OpenAPI document would break a client of the old one: nothing may, once a version is released."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]

_NARROWER_WHEN_LOWER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_NARROWER_WHEN_HIGHER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
# Two patterns cannot be compared by a program; a person says here which of them takes all that the other took.
_WIDER_PATTERNS: Mapping[Any, str] = {"^[0-9]{4}-Q[1-4]$": "^[0-9]{4}-[Qq][1-4]$"}


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Return, in words, each change that breaks a client: of a call, an input or a field of an answer.

    New calls, optional inputs, fields and values of open enums break nobody.
    """
    return sorted(set(_calls(old, new)))


def _calls(old: Schema, new: Schema) -> Iterator[str]:
    for path, methods in old["paths"].items():
        for method, operation in methods.items():
            there = new["paths"].get(path, {}).get(method)
            where = f"{method.upper()} {path}"
            if there is None:
                yield f"{where}: the call is gone"
                continue
            yield from _inputs(where, operation, there)
            yield from _answers(where, (old, operation), (new, there))


def _inputs(where: str, old: Schema, new: Schema) -> Iterator[str]:
    before = {(item["in"], item["name"]): item for item in old.get("parameters", [])}
    after = {(item["in"], item["name"]): item for item in new.get("parameters", [])}
    for key, item in before.items():
        name = f"{where}: the parameter {key[1]}"
        if key not in after:
            yield f"{name} is gone"
            continue
        if after[key].get("required") and not item.get("required"):
            yield f"{name} is now required"
        yield from _narrower(name, item["schema"], after[key]["schema"])
    for key, item in after.items():
        if key not in before and item.get("required"):
            yield f"{where}: the parameter {key[1]} is new and required"
    if (new.get("requestBody") or {}).get("required") and not (old.get("requestBody") or {}).get("required"):
        yield f"{where}: a body is now required"


def _narrower(name: str, old: Schema, new: Schema) -> Iterator[str]:
    """Yield how an input takes less than before."""
    if _types(old) - _types(new):
        yield f"{name} takes fewer types"
    if "enum" in new and (("enum" not in old) or set(old["enum"]) - set(new["enum"])):
        yield f"{name} takes fewer values"
    took = old.get("pattern")
    if "pattern" in new and new["pattern"] not in {took, _WIDER_PATTERNS.get(took, took)}:
        yield f"{name} has another pattern"
    for key in (*_NARROWER_WHEN_LOWER, *_NARROWER_WHEN_HIGHER):
        if key not in new:
            continue
        lower = key in _NARROWER_WHEN_LOWER
        if key not in old or (new[key] < old[key] if lower else new[key] > old[key]):
            yield f"{name} has a narrower {key}"
    if "items" in old and "items" in new:
        yield from _narrower(f"{name}'s items", old["items"], new["items"])
    for before, after in zip(old.get("anyOf", []), new.get("anyOf", []), strict=False):
        yield from _narrower(name, before, after)


def _answers(where: str, old: tuple[Schema, Schema], new: tuple[Schema, Schema]) -> Iterator[str]:
    for status, response in old[1]["responses"].items():
        there = new[1]["responses"].get(status)
        if there is None:
            if status.startswith("2"):
                yield f"{where}: the answer {status} is gone"
            continue
        for media_type, content in response.get("content", {}).items():
            other = there.get("content", {}).get(media_type)
            if other is None:
                yield f"{where}: the answer {status} is no longer {media_type}"
            elif "schema" in content:
                name = f"{where}: {status}"
                yield from _fields(name, (old[0], content["schema"]), (new[0], other.get("schema", {})), frozenset())


def _fields(name: str, old: tuple[Schema, Schema], new: tuple[Schema, Schema], seen: frozenset[str]) -> Iterator[str]:
    """Yield how an answer says less, or says it otherwise, than before."""
    if (reference := old[1].get("$ref")) is not None:
        if reference in seen:
            return
        seen |= {reference}
    before, after = _resolved(*old), _resolved(*new)
    if _types(before) != _types(after):
        yield f"{name} has another type"
        return
    still_required = set(after.get("required", ()))
    for field, schema in before.get("properties", {}).items():
        there = after.get("properties", {}).get(field)
        if there is None:
            yield f"{name}.{field} is gone"
            continue
        if field in before.get("required", ()) and field not in still_required:
            yield f"{name}.{field} may be missing now"
        yield from _fields(f"{name}.{field}", (old[0], schema), (new[0], there), seen)
    if "items" in before and "items" in after:
        yield from _fields(f"{name}[]", (old[0], before["items"]), (new[0], after["items"]), seen)
    for one, other in zip(before.get("anyOf", []), after.get("anyOf", []), strict=False):
        yield from _fields(name, (old[0], one), (new[0], other), seen)


def _resolved(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _types(schema: Schema) -> set[str]:
    """Return the types that a schema allows, a reference counting as an object; ``any`` where it does not say."""
    if "anyOf" in schema:
        return set().union(*(_types(part) for part in schema["anyOf"]))
    if "$ref" in schema:
        return {schema["$ref"]}
    given = schema.get("type", "any")
    return set(given) if isinstance(given, list) else {given}


def main(arguments: list[str]) -> int:
    """Compare two documents by file name, the old one first; say what breaks clients, 1 where anything does.

    Before the first release (a version that begins with 0) breaking changes are told and allowed.
    """
    old, new = (json.loads(Path(name).read_text("utf-8")) for name in arguments)
    found = breaking_changes(old, new)
    for change in found:
        sys.stderr.write(f"breaks clients: {change}\n")
    is_released = not str(old["info"]["version"]).startswith("0.")
    return 1 if found and is_released else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
