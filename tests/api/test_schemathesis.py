"""Schemathesis: every operation, all phases, all checks, without a key and with each kind; ``make fuzz`` runs 10,000.

A small seeded run here. The keys are those of a provider that pushes, live and test, and of an operator that reviews.
"""

import itertools
import os
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import strategies
from schemathesis.checks import CHECKS
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from starlette.testclient import TestClient

from app.api import contract, operations
from app.api.v1.routers import ROUTERS
from app.db import open_engine
from app.domain.partners import KeyKind, PartnerKind, Scope
from app.main import create_app
from app.settings import Settings
from tests.api.conftest import NOW, copy_database
from tests.api.keyed import Keyed, key_of, partner_of

Case = schemathesis.Case[Any]

SAMPLES = Path(__file__).parents[2] / "docs" / "partners" / "requests"
SEED = 3
FUZZ = os.environ.get("THREEPERCENT_FUZZ") == "1"
EXAMPLES = 280 if FUZZ else 12
EXAMPLES_WITH_KEYS = 140 if FUZZ else 6
LEAST_CASES = 10_000 if FUZZ else 250
LEAST_CASES_WITH_KEYS = 5_000 if FUZZ else 150

# What OpenAPI cannot say of a parameter, since it depends on the data or on another parameter.
ONLY_THE_DATA_KNOW = {"contradiction", "invalid-amount", "invalid-number", "invalid-parameter", "page_token"}

# What a body's schema cannot say: how its items fit together, and what the partner may do.
ONLY_THE_RULES_KNOW = {"unreadable-item", "invalid-item", "provider-not-yours", "wrong-scope"}


def negative_or_known(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    """What fits the contract is refused only for what the contract cannot say; whole answers have every field."""
    del ctx
    if is_positive(case) and response.status_code == 422:
        codes = {item["code"] for item in response.json()["errors"]}
        known = ONLY_THE_DATA_KNOW | (ONLY_THE_RULES_KNOW if case.method != "GET" else set())
        assert codes <= known, f"refused for {codes - known}"
    if response.status_code == 200 and "fields" not in (case.query or {}) and case.path.startswith("/v1"):
        validator = whole_answer(case)
        if validator is not None and response.headers["content-type"][0].startswith("application/json"):
            assert [error.message for error in validator.iter_errors(response.json())] == []


def judged_one_by_one(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    """A batch is taken whatever single quotes are like: what does not fit the contract is rejected there."""
    del ctx
    if case.operation.definition.raw["operationId"] == "push_quotes" and response.status_code in {200, 201}:
        assert case.meta is not None
        body = case.meta.components.get(ParameterLocation.BODY)
        if body is not None and body.mode is schemathesis.GenerationMode.NEGATIVE:
            assert response.json()["counts"]["rejected"] > 0, "accepted although it does not fit the contract"


def is_positive(case: Case) -> bool:
    return case.meta is not None and case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE


@dataclass
class Asking:
    """Who asks in the run that goes on: the scopes of its key, null without one."""

    scopes: frozenset[Scope] | None = None


ASKING = Asking()


def refused_as_the_contract_says(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    """A call is refused for its key where the contract says so, and nowhere else."""
    del ctx
    security = case.operation.definition.raw.get("security", [{}])
    needed = {scope for way in security for roles in way.values() for scope in roles}
    is_allowed = {} in security or (ASKING.scopes is not None and needed <= ASKING.scopes)
    if not is_allowed and case.method != "OPTIONS":
        assert response.status_code >= 400, "allowed although the contract says otherwise"
    if is_positive(case) and case.operation.definition.raw["operationId"] != "create_key":  # none with more scopes
        refusal = 401 if ASKING.scopes is None else 403
        assert (response.status_code in {401, 403}) == (not is_allowed), f"expected {refusal} where it is not allowed"


def whole_answer(case: Case) -> jsonschema_rs.Validator | None:
    """What a whole answer must be; the contract's own schema also allows one cut down by ``fields``."""
    document: Mapping[str, Any] = case.operation.schema.raw_schema
    answers = document["paths"][case.path][case.method.lower()]["responses"]
    content = answers.get("200", {}).get("content", {}).get("application/json")
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
        "key_id": ["key_nobodys"],
        "import_id": ["imp_ob2wyzdjnztgm5lmnrqxgzdfmi"],
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
        return replaced(path_parameters, ("corridor", "provider", "quote_id", "code", "source", "key_id", "import_id"))

    def map_query(_: object, query: dict[str, Any] | None) -> dict[str, Any] | None:
        return replaced(query, ("period", "benchmark"))

    def map_headers(context: schemathesis.HookContext, headers: dict[str, Any] | None) -> dict[str, Any] | None:
        """Name most writes, each by a key of its own, as the contract can only ask in words."""
        if context.operation is not None and context.operation.method.upper() != "GET":
            return {"Idempotency-Key": f"case-{next(numbers)}", **(headers or {})}
        return headers

    numbers = itertools.count(1)
    schema.hook(map_path_parameters)
    schema.hook(map_query)
    schema.hook(map_headers)


# A file is any bytes but none; what becomes of those that are no quotes is told later, by the import.
FILES = strategies.binary(min_size=1, max_size=2000) | strategies.text(min_size=1, max_size=2000).map(
    lambda text: text.encode("utf-8", "replace")
)
for media_type in ("text/csv", "application/x-ndjson"):
    schemathesis.openapi.media_type(media_type, FILES)

schemathesis.check(negative_or_known)
schemathesis.check(refused_as_the_contract_says)
schemathesis.check(judged_one_by_one)


def run(app: FastAPI, known: dict[str, list[str]], keyed: Keyed | None = None) -> tuple[int, Counter[str], list[str]]:
    ASKING.scopes = None if keyed is None else keyed.made.record.scopes
    config = schemathesis.Config.from_dict(
        {
            "seed": SEED,
            "workers": 1,
            **({} if keyed is None else {"headers": keyed.headers}),
            "phases": {"coverage": {"enabled": FUZZ}},
            "generation": {
                "max-examples": EXAMPLES if keyed is None else EXAMPLES_WITH_KEYS,
                "database": "none",
                "with-security-parameters": False,
            },
            "checks": {
                "enabled": True,
                "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "409", "422", "428"]},
            },
            "operations": [
                {
                    "include-operation-id": "push_quotes",
                    "checks": {"negative_data_rejection": {"expected-statuses": ["2xx", "4xx"]}},  # judged_one_by_one
                },
            ],
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
                answer = recorder.interactions[case_id].response
                said = "" if answer is None else f"{answer.status_code} {answer.text[:300]}"
                asked = f"{case.method} {case.formatted_path} {case.query}"
                found.append(f"{node.name}: {asked}: {failure.title} {failure.message} {said}")
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


PUSHING = (Scope.QUOTES_WRITE, Scope.ACCOUNT, Scope.PRIVATE_READ)
KEYS = {
    "live": (PartnerKind.PROVIDER, KeyKind.LIVE, PUSHING),
    "test": (PartnerKind.PROVIDER, KeyKind.TEST, (Scope.QUOTES_WRITE, Scope.ACCOUNT)),
    "reviewing": (PartnerKind.OPERATOR, KeyKind.LIVE, (Scope.QUOTES_REVIEW, Scope.ACCOUNT)),
}


@pytest.fixture(params=KEYS)
def keyed_client(
    request: pytest.FixtureRequest, live_settings: Settings, tmp_path: Path
) -> Iterator[tuple[TestClient, Keyed, dict[str, list[str]]]]:
    """An app of the test's own over a day's prices, without limits; a key; and what there is to be asked about."""
    kind, key_kind, scopes = KEYS[request.param]
    settings = Settings(data_dir=tmp_path, limits_enabled=False)
    copy_database(live_settings, settings)
    engine = open_engine(settings.database_url)
    pushing = partner_of(engine)
    partner = pushing if kind is PartnerKind.PROVIDER else partner_of(engine, "Operator", kind)
    keyed = key_of(engine, settings, partner, *scopes, kind=key_kind)
    pusher = keyed if partner is pushing else key_of(engine, settings, pushing, Scope.QUOTES_WRITE)
    spare = [key_of(engine, settings, partner, Scope.ACCOUNT, kind=key_kind).made.record.id for _ in range(3)]
    engine.dispose()
    with TestClient(create_app(settings, clock=lambda: NOW)) as client:
        pushed = [push_sample(client, name, pusher) for name in ("accepted-percent", "quarantined-margin")]
        client.headers.update(keyed.headers)
        known = known_values(client)
        del client.headers["Authorization"]
        known["import_id"] = [each["import_id"] for each in pushed]
        known["quote_id"] += [quote["quote_id"] for each in pushed for quote in each["quotes"]]
        known["key_id"] = spare
        yield client, keyed, known


def push_sample(client: TestClient, name: str, keyed: Keyed) -> dict[str, Any]:
    """Push a request of the documentation as if its day were the tests'."""
    day = NOW.date()
    body = (SAMPLES / f"{name}.json").read_text("utf-8")
    body = body.replace("2026-11-24", str(day)).replace("2026-11-25", str(day + timedelta(days=1)))
    headers = {**keyed.headers, "Idempotency-Key": name, "Content-Type": "application/json"}
    answer = client.post("/v1/quotes", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.slow
def test_schemathesis_finds_nothing_with_a_key(
    keyed_client: tuple[TestClient, Keyed, dict[str, list[str]]],
) -> None:
    client, keyed, known = keyed_client
    assert isinstance(client.app, FastAPI)
    cases, checked, failures = run(client.app, known, keyed)
    scopes = ", ".join(sorted(keyed.made.record.scopes))
    print(f"schemathesis with {scopes}: {cases} cases, seed {SEED}, {len(failures)} failures; {dict(checked)}")  # noqa: T201
    assert not failures, "\n".join(failures)
    assert cases >= LEAST_CASES_WITH_KEYS
    assert {"not_a_server_error", "ignored_auth", "refused_as_the_contract_says"} <= checked.keys()


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
