"""The contract: committed, complete, compatible, and with examples that are real."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from app.api import contract
from app.api.compatibility import breaking_changes, main
from app.api.v1.routers import ROUTERS
from scripts.build_examples import collect

COMMITTED = Path(__file__).parents[2] / "openapi" / "v1.json"


@pytest.fixture(scope="module")
def document(demo_app: FastAPI) -> dict[str, Any]:
    return contract.document(demo_app)


def test_the_committed_contract_is_what_the_code_serves(document: dict[str, Any]) -> None:
    assert COMMITTED.read_text("utf-8") == contract.rendered(document), "write it anew: make openapi"


def test_nothing_breaks_a_client_of_the_committed_contract(document: dict[str, Any]) -> None:
    assert breaking_changes(json.loads(COMMITTED.read_text("utf-8")), document) == []


def test_a_breaking_change_is_refused_where_the_contract_is_written(
    document: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = json.loads(contract.rendered(document))
    offer = planted["components"]["schemas"]["OfferShape"]
    offer["properties"]["cost"] = offer["properties"].pop("total_cost")
    (tmp_path / "new.json").write_text(json.dumps(planted))
    committed = json.loads(COMMITTED.read_text("utf-8"))
    committed["info"]["version"] = "1.0.0"
    (tmp_path / "old.json").write_text(json.dumps(committed))
    assert main([str(tmp_path / "old.json"), str(tmp_path / "new.json")]) == 1
    assert "total_cost is gone" in capsys.readouterr().err
    shutil.copyfile(COMMITTED, tmp_path / "same.json")
    assert main([str(COMMITTED), str(tmp_path / "same.json")]) == 0


def test_every_address_that_answers_is_documented_with_every_parameter(
    document: dict[str, Any], demo_app: FastAPI
) -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert {route.path for route in routes} <= set(document["paths"])
    everywhere = {route.path for route in demo_app.routes if isinstance(route, APIRoute)}
    assert everywhere <= set(document["paths"])
    for path, operation in contract.operations(document):
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), f"{path}: {parameter['name']} has no description"
        assert operation["summary"]
        assert {"404", "406", "413", "422", "500", "503"} <= set(operation["responses"])
        assert any(status.startswith("2") for status in operation["responses"])


def test_no_read_takes_a_body_by_accident(document: dict[str, Any]) -> None:
    reads = [
        (path, methods[kind]) for path, methods in document["paths"].items() for kind in ("get",) if kind in methods
    ]
    assert len(reads) > 20
    assert [path for path, operation in reads if "requestBody" in operation] == []


def test_calls_with_a_body_say_what_is_wrong_with_it(document: dict[str, Any]) -> None:
    for path, operation in contract.operations(document):
        if "requestBody" in operation:
            assert operation["requestBody"]["required"], path
            assert {"400", "401", "403", "413", "415", "422"} <= set(operation["responses"]), path


def test_every_call_says_which_keys_it_takes(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    for path, operation in contract.operations(document):
        assert ("security" in operation) == path.startswith("/v1/"), path
        for way in operation.get("security", []):
            assert set(way) <= set(schemes)


def test_lists_in_parameters_are_comma_separated(document: dict[str, Any]) -> None:
    arrays = [
        parameter
        for _, operation in contract.operations(document)
        for parameter in operation.get("parameters", [])
        if parameter["schema"].get("type") == "array"
    ]
    assert arrays
    assert all((item["style"], item["explode"]) == ("form", False) for item in arrays)


def test_every_field_of_an_answer_is_required_and_answers_have_no_closed_enums(document: dict[str, Any]) -> None:
    for name in sorted(answered(document) - {"Projection", "Catalog"}):
        schema = document["components"]["schemas"][name]
        assert set(schema.get("properties", {})) == set(schema.get("required", [])), name
        for field, inner in schema.get("properties", {}).items():
            assert '"enum"' not in json.dumps(inner), f"{name}.{field} is a closed enum"
            assert "default" not in inner, f"{name}.{field} has a default"


def answered(document: dict[str, Any]) -> set[str]:
    """The names of the schemas that answers are made of: those of bodies that are sent have rules of their own."""
    waiting = [operation["responses"] for _, operation in contract.operations(document)]
    found: set[str] = set()
    while waiting:
        named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(waiting.pop())))
        waiting += [document["components"]["schemas"][name] for name in named - found]
        found |= named
    return found


def test_examples_are_real_answers_over_demonstration_data(document: dict[str, Any], live: TestClient) -> None:
    committed = json.loads(contract.EXAMPLES.read_text("utf-8"))
    assert committed == collect(live), "make them again: make openapi"
    for _, operation in contract.operations(document):
        example = committed.get(operation["operationId"])
        if example is None:
            continue
        good = min(status for status in operation["responses"] if status.startswith("2"))
        content = operation["responses"][good]["content"]["application/json"]
        assert content["example"] == example
        schema = content["schema"]["anyOf"][0] if "anyOf" in content["schema"] else content["schema"]
        jsonschema_rs.validator_for({**schema, "components": document["components"]}).validate(example)


def test_the_served_contract_is_the_committed_one(demo: TestClient) -> None:
    assert demo.get("/openapi.json").text == COMMITTED.read_text("utf-8")
