"""A change of the contract that breaks a client is found, and one that does not is let through."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from app.api.compatibility import breaking_changes, main

Edit = Callable[[dict[str, Any]], object]

CONTRACT: dict[str, Any] = {
    "paths": {
        "/v1/things": {
            "get": {
                "parameters": [
                    {"name": "sort", "in": "query", "schema": {"type": "string", "enum": ["cost", "name"]}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 500}},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "cost": {"anyOf": [{"type": "number"}, {"type": "null"}]},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                },
                "required": ["name", "cost", "parts"],
            }
        }
    },
}


def thing(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"]["Thing"]
    return found


def call(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"]["/v1/things"]["get"]
    return found


def rename_a_field(document: dict[str, Any]) -> None:
    properties = thing(document)["properties"]
    properties["title"] = properties.pop("name")
    thing(document)["required"] = ["title", "cost", "parts"]


BREAKING: list[tuple[Edit, str]] = [
    (lambda d: d["paths"].pop("/v1/things"), "the call is gone"),
    (rename_a_field, "name is gone"),
    (lambda d: thing(d)["required"].remove("cost"), "cost may be missing"),
    (lambda d: thing(d)["properties"]["name"].update(type="integer"), "another type"),
    (lambda d: thing(d)["properties"]["cost"]["anyOf"].pop(), "another type"),
    (lambda d: call(d)["parameters"][0]["schema"]["enum"].remove("name"), "fewer values"),
    (lambda d: call(d)["parameters"][1]["schema"].update(maximum=100), "narrower maximum"),
    (lambda d: call(d)["parameters"][1]["schema"].update(minimum=2), "narrower minimum"),
    (lambda d: call(d)["parameters"][1]["schema"].update(type="string"), "fewer types"),
    (lambda d: call(d)["parameters"][0]["schema"].update(pattern="^c"), "another pattern"),
    (lambda d: call(d)["parameters"][0].update(required=True), "now required"),
    (lambda d: call(d)["parameters"].pop(), "limit is gone"),
    (
        lambda d: call(d)["parameters"].append({"name": "key", "in": "query", "required": True, "schema": {}}),
        "new and required",
    ),
    (lambda d: call(d)["responses"]["200"]["content"].pop("application/json"), "no longer application/json"),
    (lambda d: call(d)["responses"].pop("200"), "the answer 200 is gone"),
]

HARMLESS: list[Edit] = [
    lambda d: d["paths"].update({"/v1/more": {"get": {"responses": {}}}}),
    lambda d: thing(d)["properties"].update(more={"type": "string"}),
    lambda d: call(d)["parameters"].append({"name": "more", "in": "query", "schema": {"type": "string"}}),
    lambda d: call(d)["parameters"][0]["schema"]["enum"].append("speed"),
    lambda d: call(d)["parameters"][1]["schema"].update(maximum=1000),
    lambda d: thing(d)["properties"]["name"].update({"x-known-values": ["new"]}),
]


@pytest.mark.parametrize(("edit", "message"), BREAKING, ids=[message for _, message in BREAKING])
def test_a_planted_breaking_change_is_found(edit: Edit, message: str) -> None:
    changed = deepcopy(CONTRACT)
    edit(changed)
    found = breaking_changes(CONTRACT, changed)
    assert any(message in line for line in found), found


@pytest.mark.parametrize("edit", HARMLESS)
def test_what_breaks_nobody_is_let_through(edit: Edit) -> None:
    changed = deepcopy(CONTRACT)
    edit(changed)
    assert breaking_changes(CONTRACT, changed) == []


def test_a_pattern_that_a_person_found_wider_is_let_through_and_its_way_back_is_not() -> None:
    upper, any_case = deepcopy(CONTRACT), deepcopy(CONTRACT)
    call(upper)["parameters"][0]["schema"]["pattern"] = "^[0-9]{4}-Q[1-4]$"
    call(any_case)["parameters"][0]["schema"]["pattern"] = "^[0-9]{4}-[Qq][1-4]$"
    assert breaking_changes(upper, any_case) == []
    assert breaking_changes(any_case, upper) == ["GET /v1/things: the parameter sort has another pattern"]


@pytest.mark.parametrize(("version", "status"), [("0.1.0", 0), ("1.0.0", 1), ("10.0.0", 1)])
def test_what_breaks_is_told_before_the_first_release_and_refused_after_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], version: str, status: int
) -> None:
    files = [tmp_path / name for name in ("old.json", "new.json")]
    files[0].write_text(json.dumps({**CONTRACT, "info": {"version": version}}), "utf-8")
    files[1].write_text(json.dumps({**CONTRACT, "paths": {}}), "utf-8")
    assert main([str(file) for file in files]) == status
    assert "the call is gone" in capsys.readouterr().err
