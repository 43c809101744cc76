"""The OpenAPI document: generated from the routes, completed here, committed as ``openapi/v1.json``."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from app.api.callers import IDENTIFIED_PATHS
from app.api.deps import Needs
from app.api.problems import MEDIA_TYPE, framework_problem, problem_types
from app.api.shapes import ProblemShape
from app.api.tables import CSV, CSV_METADATA, NDJSON, SUFFIXES
from app.domain.partners import Scope

Document = dict[str, Any]

EXAMPLES = Path(__file__).with_name("examples.json")
POSSIBLE_WITH_A_BODY = (400, 409, 415)
ALWAYS_POSSIBLE = (404, 406, 413, 422, 429, 500, 503)
DESCRIPTION = """\
What it really costs to send money home: fee plus exchange-rate margin, ranked, with provenance.

Every read answers `HEAD` and `OPTIONS` too, carries a strong `ETag` and answers `If-None-Match` with 304; lists exist
as JSON, CSV and NDJSON, by suffix or by `Accept`. Decimals are plain JSON numbers of at most 15 significant digits.
Every error is `application/problem+json` (RFC 9457); `/problems` explains each kind. Enums in answers are open: accept
values that you do not know. Unknown and repeated parameters are refused; lists are separated by commas.
`Accept-Language`, or `language`, changes names, labels and texts only. `RateLimit-Policy` says how much may be asked,
`RateLimit` on answers to a key and on 429 how much is left; a 304 and our own failures cost nothing.
"""
PROJECTION: Document = {
    "title": "Projection",
    "description": "The answer with `fields`: those that were asked for, and always where the figures are from.",
    "type": "object",
    "properties": {
        "attribution": {"type": "array", "items": {"$ref": "#/components/schemas/Attribution"}},
        "dataset_version": {"type": "integer"},
        "methodology_version": {"type": "string"},
        "notices": {"type": "array", "items": {"$ref": "#/components/schemas/Notice"}},
    },
    "required": ["attribution", "dataset_version", "methodology_version", "notices"],
}
SECURITY_SCHEMES: Document = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key: `tp_live_…`, `tp_test_…` for your own sandbox, `tp_pub_…` for apps, which only read.",
    },
    "api_key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key, where `Authorization` is needed for something else. Send one of them.",
    },
}
"""How a key is sent. The roles beside them in ``security`` are the scope that the key needs."""

FRAMEWORK_PROBLEM: Document = {"$ref": "#/components/schemas/HTTPValidationError"}
"""What the framework would answer to parameters that are not right; ours takes its place."""

HEADERS = {
    "ETag": "Strong entity tag of this representation.",
    "X-Request-Id": "The id under which this request is logged; yours, where you sent a plain one.",
    "X-ThreePercent-Version": "Versions of the app, the data and the methodology, separated by semicolons.",
}


def document(app: FastAPI) -> Document:
    """Return the whole OpenAPI document of an app; a new one each time, the same bytes for the same code."""
    schema = _plain_schema(app)
    schema["components"]["schemas"]["Problem"] = ProblemShape.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    schema["components"]["schemas"].update(schema["components"]["schemas"]["Problem"].pop("$defs", {}))
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(name, None)
    examples = json.loads(EXAMPLES.read_text("utf-8")) if EXAMPLES.exists() else {}
    schema["components"]["schemas"]["Projection"] = PROJECTION
    schema["components"]["securitySchemes"] = SECURITY_SCHEMES
    _hoist(schema)
    scopes = required_scopes(app)
    changing = {id(each) for methods in schema["paths"].values() for kind, each in methods.items() if kind != "get"}
    for path, operation in operations(schema):
        complete = _complete_write if id(operation) in changing else _complete
        complete(path, operation, examples.get(operation["operationId"]))
        if path.startswith(IDENTIFIED_PATHS):
            _secure(operation, scopes.get(operation["operationId"]))
    _prune(schema)
    return schema


def required_scopes(app: FastAPI) -> dict[str, Scope]:
    """Return the scope that each operation needs, by its id; those that everybody may call are left out."""
    found = {
        route.name: scope
        for route in (context.original_route for context in iter_route_contexts(app.routes))
        if isinstance(route, APIRoute) and (scope := required_scope(route)) is not None
    }
    return dict(sorted(found.items()))


def required_scope(route: APIRoute) -> Scope | None:
    """Return the scope that a key needs to call a route, null for a read that is everybody's."""
    return next((needed.scope for needed in _calls(route.dependant) if isinstance(needed, Needs)), None)


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)


def _secure(operation: Document, scope: Scope | None) -> None:
    """Say which key a call takes: one with a scope, or any or none; and how a bad one is answered."""
    roles = [] if scope is None else [scope.value]
    operation["security"] = [*([{}] if scope is None else []), *({name: roles} for name in SECURITY_SCHEMES)]
    for status in (401, 403):
        operation["responses"].setdefault(str(status), _problem_response(status))
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _prune(schema: Document) -> None:
    """Leave out the schemas that nothing refers to, and order the rest by name."""
    known = schema["components"]["schemas"]
    while True:
        text = json.dumps(schema)
        unused = [name for name in known if f'"#/components/schemas/{name}"' not in text]
        if not unused:
            break
        for name in unused:
            del known[name]
    schema["components"]["schemas"] = dict(sorted(known.items()))


def served(app: FastAPI) -> Document:
    """Return the document that an app serves, made once."""
    if not hasattr(app.state, "contract"):
        app.state.contract = document(app)
    found: Document = app.state.contract
    return found


def _plain_schema(app: FastAPI) -> Document:
    app.openapi_schema = None
    schema = deepcopy(FastAPI.openapi(app))
    app.openapi_schema = None
    schema["info"]["description"] = DESCRIPTION
    schema.setdefault("components", {}).setdefault("schemas", {})
    return schema


def operations(schema: Mapping[str, Any]) -> Iterator[tuple[str, Document]]:
    """Yield every operation of a document with its path."""
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            yield path, operation


def _complete(path: str, operation: Document, example: Any) -> None:  # noqa: ANN401 -- any JSON
    if "{suffix}" in path:
        operation["parameters"] = [
            {
                "name": "suffix",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "enum": list(SUFFIXES)},
                "description": "The format; `csv-metadata.json` describes the CSV file (CSVW).",
            },
            *operation.get("parameters", []),
        ]
    for parameter in operation.get("parameters", []):
        if parameter["schema"].get("type") == "array":
            parameter.update(style="form", explode=False)
        parameter["schema"].pop("title", None)
    responses = operation["responses"]
    ok = responses["200"]
    ok["headers"] = _headers(HEADERS)
    if path.startswith(("/health", "/metrics")) or path.endswith("/refused"):  # the last is a stream
        del ok["headers"]["ETag"]
    else:
        responses["304"] = {"description": "You have this representation already."}
    if "{suffix}" in path:
        ok["content"] = {kind: {"schema": {"type": "string"}} for kind in (CSV, NDJSON)}
        ok["content"][CSV_METADATA] = {"schema": {"type": "object"}}
    elif example is not None and "application/json" in ok.get("content", {}):
        ok["content"]["application/json"]["example"] = example
    if any(parameter["name"] == "fields" for parameter in operation.get("parameters", [])) and "{suffix}" not in path:
        content = ok["content"]["application/json"]
        content["schema"] = {"anyOf": [content["schema"], {"$ref": "#/components/schemas/Projection"}]}
    changes_order = operation["operationId"].startswith("corridors")
    for status in (*ALWAYS_POSSIBLE, *((409,) if changes_order else ())):
        responses[str(status)] = _problem_response(status)
    operation["responses"] = dict(sorted(responses.items()))


def _complete_write(_path: str, operation: Document, example: Any) -> None:  # noqa: ANN401 -- any JSON
    """Complete a call that changes something: its answers are never kept; it may declare problems of its own."""
    responses = operation["responses"]
    for status, answer in responses.items():
        if status.startswith("2"):
            answer["headers"] = _headers({name: text for name, text in HEADERS.items() if name != "ETag"})
            if example is not None and "application/json" in answer.get("content", {}):
                answer["content"]["application/json"]["example"] = example
    declared = {int(status) for status in responses if status.startswith("4")}
    sent = POSSIBLE_WITH_A_BODY if "requestBody" in operation else ()
    for status in sorted({*ALWAYS_POSSIBLE, *declared, *sent}):
        own = responses.get(str(status), {}).get("content", {}).get("application/json", {}).get("schema")
        responses[str(status)] = _problem_response(status)
        if own is not None and own != FRAMEWORK_PROBLEM:  # a problem that says more than others
            content = responses[str(status)]["content"][MEDIA_TYPE]
            content["schema"] = {"anyOf": [own, content["schema"]]}
    operation["responses"] = dict(sorted(responses.items()))


def _hoist(schema: Document) -> None:
    """Move the parts of bodies to where the parts of answers are."""
    for _, operation in operations(schema):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema["components"]["schemas"].update(content["schema"].pop("$defs", {}))


def _headers(named: Mapping[str, str]) -> Document:
    return {name: {"description": text, "required": True, "schema": {"type": "string"}} for name, text in named.items()}


def _problem_response(status: int) -> Document:
    titles = sorted({kind.title for kind in problem_types().values() if kind.status == status})
    return {
        "description": " / ".join(titles) or framework_problem(status).title,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def rendered(schema: Document) -> str:
    """Write a document as it is committed: the same text for the same document."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
