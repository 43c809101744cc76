"""/docs: the OpenAPI document as one page for people, without scripts and without asking anybody else for anything."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from app.api.contract import Document

_TEMPLATES = Environment(
    loader=PackageLoader("app.api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_STYLE = _TEMPLATES.get_template("style.css").render()
_CODE = re.compile("`{1,2}([^`]+)`{1,2}")
MEDIA_TYPE = "text/html; charset=utf-8"
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
)


def _with_code(text: str) -> Markup:
    """Return a description as markup: what stands between backticks is code."""
    parts = _CODE.split(text)
    pieces = (Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts))
    return Markup("").join(pieces)


_TEMPLATES.filters["with_code"] = _with_code


def page(schema: Document) -> bytes:
    """Return the documentation page of an OpenAPI document."""
    return (
        _TEMPLATES.get_template("docs.html.jinja")
        .render(
            title=schema["info"]["title"],
            style=_safe_style(),
            description=schema["info"]["description"].strip().split("\n\n"),
            openapi=schema["openapi"],
            calls=list(_calls(schema)),
            shapes=list(_shapes(schema)),
        )
        .encode()
    )


def _safe_style() -> Markup:
    return Markup(_STYLE)  # noqa: S704 -- our own file, whose hash is in the policy


def _calls(schema: Document) -> Iterator[Mapping[str, Any]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            good = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
            content = good.get("content", {}).get("application/json", {})
            example = content.get("example")
            yield {
                "id": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "summary": operation.get("summary", ""),
                "description": operation.get("description", ""),
                "scope": _scope(operation),
                "body": _body(operation.get("requestBody", {})),
                "parameters": [_parameter(item) for item in operation.get("parameters", [])],
                "shape": _kind(content["schema"]).partition(" or ")[0] if _refers(content.get("schema", {})) else "",
                "example": json.dumps(example, indent=1, ensure_ascii=False) if example is not None else "",
            }


def _scope(operation: Mapping[str, Any]) -> str:
    """Return the scope that a key needs for a call, empty where none is needed."""
    return next((role for way in operation.get("security", ()) for roles in way.values() for role in roles), "")


def _body(sent: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what a call is sent: its media types, its fields where it is JSON, and an example."""
    if not sent:
        return None
    schema = sent["content"].get("application/json", {}).get("schema", {})
    example = next(iter(schema.get("examples", ())), None)
    return {
        "kinds": list(sent["content"]),
        "description": sent.get("description", ""),
        "fields": [
            {
                "name": name,
                "required": name in schema.get("required", ()),
                "kind": _kind(inner),
                "description": inner.get("description", ""),
            }
            for name, inner in schema.get("properties", {}).items()
        ],
        "example": json.dumps(example, indent=1, ensure_ascii=False) if example is not None else "",
    }


def _parameter(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "name": item["name"],
        "place": item["in"],
        "required": item.get("required", False),
        "kind": _kind(item["schema"]),
        "description": item.get("description", ""),
    }


def _shapes(schema: Document) -> Iterator[Mapping[str, Any]]:
    for name, shape in schema["components"]["schemas"].items():
        yield {
            "name": name,
            "description": shape.get("description", ""),
            "fields": [
                {"name": field, "kind": _kind(inner), "description": inner.get("description", "")}
                for field, inner in shape.get("properties", {}).items()
            ],
        }


def _refers(schema: Mapping[str, Any]) -> bool:
    """Say whether an answer has a shape of its own, which the page shows."""
    return "$ref" in (schema["anyOf"][0] if "anyOf" in schema else schema)


_MANY = 12


def _kind(schema: Mapping[str, Any]) -> str:
    """Say in a few words what a schema allows."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(part) for part in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    words = schema.get("enum") or schema.get("x-known-values")
    if words:
        shown = ", ".join(str(word) for word in words[:_MANY])
        return f"{shown} and {len(words) - _MANY} more" if len(words) > _MANY else shown
    return str(schema.get("format") or schema.get("type") or "any")
