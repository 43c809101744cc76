"""Schemathesis: every operation, all phases, all checks; a small seeded run here, 10,000 cases with ``make fuzz``."""

import os
import zlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.routing import APIRoute
from schemathesis.checks import CHECKS
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from starlette.testclient import TestClient

from app.api import contract, operations
from app.api.v1.routers import ROUTERS

Case = schemathesis.Case[Any]

SEED = 3
FUZZ = os.environ.get("THREEPERCENT_FUZZ") == "1"
EXAMPLES = 280 if FUZZ else 12
LEAST_CASES = 10_000 if FUZZ else 250

# What OpenAPI cannot say of a parameter, since it depends on the data or on another parameter.
ONLY_THE_DATA_KNOW = {"contradiction", "invalid-amount", "invalid-number", "invalid-parameter", "page_token"}


def negative_or_known(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    """What fits the contract is refused only for what the contract cannot say; whole answers have every field."""
    del ctx
    is_positive = case.meta is not None and case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE
    if is_positive and response.status_code == 422:
        codes = {item["code"] for item in response.json()["errors"]}
        assert codes <= ONLY_THE_DATA_KNOW, f"refused for {codes - ONLY_THE_DATA_KNOW}"
    if response.status_code == 200 and "fields" not in (case.query or {}) and case.path.startswith("/v1"):
        validator = whole_answer(case)
        if validator is not None and response.headers["content-type"][0].startswith("application/json"):
            assert [error.message for error in validator.iter_errors(response.json())] == []


def whole_answer(case: Case) -> jsonschema_rs.Validator | None:
    """What a whole answer must be; the contract's own schema also allows one cut down by ``fields``."""
    document: Mapping[str, Any] = case.operation.schema.raw_schema
    content = document["paths"][case.path]["get"]["responses"]["200"]["content"].get("application/json")
    if content is None:
        return None
    schema = content["schema"]
    schema = schema["anyOf"][0] if "anyOf" in schema else schema
    return jsonschema_rs.validator_for({**schema, "components": document["components"]})


def known_values(client: TestClient) -> dict[str, list[str]]:
    """What is there to be asked about, so that cases reach further than a 404."""
    quotes = client.get("/v1/quotes?page_size=50").json()["quotes"]
    return {
        "corridor": [row["id"] for row in client.get("/v1/corridors").json()["corridors"]],
        "provider": [row["id"] for row in client.get("/v1/providers").json()["providers"]],
        "quote_id": [row["id"] for row in quotes],
        "code": ["no-data-yet", "invalid-request"],
        "period": client.get("/v1/corridors/GBR-PHL").json()["periods"][-3:],
        "source": [row["key"] for row in client.get("/v1/sources").json()["sources"]],
        "benchmark": ["demo_fixing", "nobody"],
    }


def meet_the_data(schema: schemathesis.BaseSchema, known: dict[str, list[str]]) -> None:
    """Replace three of four generated ids and periods by ones that exist, always the same ones for the same case."""

    def replaced(values: dict[str, Any] | None, names: tuple[str, ...]) -> dict[str, Any] | None:
        for name in names:
            if values and isinstance(values.get(name), str):
                chance = zlib.crc32(values[name].encode("utf-8", "replace"))
                if chance % 4:
                    values[name] = known[name][chance % len(known[name])]
        return values

    def map_path_parameters(_: object, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
        return replaced(path_parameters, ("corridor", "provider", "quote_id", "code", "source"))

    def map_query(_: object, query: dict[str, Any] | None) -> dict[str, Any] | None:
        return replaced(query, ("period", "benchmark"))

    schema.hook(map_path_parameters)
    schema.hook(map_query)


def run(app: FastAPI, known: dict[str, list[str]]) -> tuple[int, Counter[str], list[str]]:
    schemathesis.check(negative_or_known)
    config = schemathesis.Config.from_dict(
        {
            "seed": SEED,
            "workers": 1,
            "phases": {"coverage": {"enabled": FUZZ}},
            "generation": {"max-examples": EXAMPLES, "database": "none"},
            "checks": {
                "enabled": True,
                "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]},
            },
        }
    )
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    meet_the_data(schema, known)
    cases, checked, failures = 0, Counter[str](), list[str]()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            cases += len(event.recorder.cases)
            failures += failures_of(event.recorder, checked)
        elif isinstance(event, (events.NonFatalError, events.FatalError)):
            failures.append(repr(getattr(event, "info", event)))
    return cases, checked, failures


def failures_of(recorder: ScenarioRecorder, checked: Counter[str]) -> list[str]:
    found = []
    for case_id, nodes in recorder.checks.items():
        for node in nodes:
            checked[node.name] += 1
            if node.status is Status.FAILURE and node.failure_info is not None:
                failure = node.failure_info.failure
                case = recorder.cases[case_id].value
                found.append(
                    f"{node.name}: {case.method} {case.formatted_path} {case.query}: {failure.title} {failure.message}"
                )
    return found


@pytest.mark.slow
def test_schemathesis_finds_nothing_with_all_checks_on_every_operation(live: TestClient) -> None:
    assert live.get("/health/ready").status_code == 200
    assert isinstance(live.app, FastAPI)
    cases, checked, failures = run(live.app, known_values(live))
    print(f"schemathesis: {cases} cases, seed {SEED}, {len(failures)} failures; {dict(checked)}")  # noqa: T201
    assert not failures, "\n".join(failures)
    assert cases >= LEAST_CASES
    assert {"not_a_server_error", "response_schema_conformance", "negative_data_rejection"} <= checked.keys()
    assert set(checked) <= set(CHECKS.get_all_names())


def test_every_operation_of_the_app_is_in_the_contract(demo_app: FastAPI) -> None:
    documented = {
        (path, method.upper()) for path, methods in contract.document(demo_app)["paths"].items() for method in methods
    }
    answered = {
        (route.path_format, method)
        for router in (*ROUTERS, operations.router)
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert documented == answered
    assert len(documented) > 20
