"""The sample requests do what their table says: each is sent to a sandbox, at the time that they are of."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from starlette.testclient import TestClient

from app.db import open_engine
from app.domain.partners import KeyKind, PartnerKind, Scope
from app.main import create_app
from app.settings import Settings
from tests.api.keyed import Keyed, key_of, partner_of

FOLDER = Path(__file__).parents[2] / "docs" / "partners" / "requests"
PAGE = (FOLDER / "README.md").read_text("utf-8")
NOW = datetime(2026, 11, 24, 8, 40, tzinfo=UTC)
LATER = datetime(2027, 2, 1, 8, 40, tzinfo=UTC)


class Row(NamedTuple):
    file: str
    outcomes: list[str]
    findings: set[str]


def table() -> Iterator[Row]:
    for line in PAGE.partition("## Putting right")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            yield Row(cells[0].strip("`"), cells[2].split(", "), set(re.findall(r"`([a-z-]+)`", cells[3])))


class Sandboxed(NamedTuple):
    client: TestClient
    settings: Settings
    provider: Keyed
    aggregator: Keyed


@pytest.fixture(scope="module", params=[NOW, LATER], ids=["that day", "another day"])
def sandboxed(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandboxed]:
    """A server of that day, and one of months later, whose clock the requests set back."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("requests"), limits_enabled=False)
    (settings.data_dir / "threepercent.db").write_bytes(sqlite_template.read_bytes())
    engine = open_engine(settings.database_url)
    keys = []
    for kind, name in ((PartnerKind.PROVIDER, "Example Transfer"), (PartnerKind.AGGREGATOR, "Example Aggregator")):
        partner = partner_of(engine, name, kind)
        keys.append(key_of(engine, settings, partner, Scope.QUOTES_WRITE, Scope.ACCOUNT, kind=KeyKind.TEST))
    engine.dispose()
    with TestClient(create_app(settings, clock=lambda: request.param)) as client:
        yield Sandboxed(client, settings, *keys)


def push(sandboxed: Sandboxed, file: str, key: str, *, dry_run: bool = False) -> dict[str, Any]:
    who = sandboxed.aggregator if file.startswith("aggregator") else sandboxed.provider
    answer = sandboxed.client.post(
        f"/v1/quotes?dry_run={str(dry_run).lower()}",
        content=(FOLDER / file).read_bytes(),
        headers={
            **who.headers,
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "X-ThreePercent-Clock": "2026-11-24T08:40:00Z",
        },
    )
    found: dict[str, Any] = answer.json()
    is_rejected = {each["outcome"] for each in found["quotes"]} == {"rejected"}
    assert answer.status_code == (200 if dry_run else 422 if is_rejected else 201), found
    return found


@pytest.mark.parametrize("row", list(table()), ids=lambda row: row.file)
def test_each_request_comes_to_what_the_table_says(sandboxed: Sandboxed, row: Row) -> None:
    rehearsed = push(sandboxed, row.file, "", dry_run=True)["quotes"]
    pushed = push(sandboxed, row.file, f"key-{row.file}")["quotes"]
    assert [each["outcome"] for each in pushed] == row.outcomes
    assert [each["outcome"] for each in rehearsed] == row.outcomes
    assert {finding["rule"] for each in pushed for finding in each["findings"]} == row.findings


def test_the_table_names_every_file_once() -> None:
    putting_right = re.findall(r"^\| `([a-z-]+\.json)`", PAGE.partition("## Putting right")[2], re.MULTILINE)
    assert sorted([*(row.file for row in table()), *putting_right]) == sorted(
        file.name for file in FOLDER.iterdir() if file.suffix == ".json"
    )


def test_every_kind_of_fee_and_every_outcome_is_shown() -> None:
    quotes = [quote for row in table() for quote in json.loads((FOLDER / row.file).read_text("utf-8"))["quotes"]]
    assert {quote["fee"]["kind"] for quote in quotes} == {"amount", "percent", "schedule"}
    assert {quote["fee_mode"] for quote in quotes} == {"on_top", "deducted"}
    assert {quote["customer"] for quote in quotes} == {"new", "returning"}
    assert {outcome for row in table() for outcome in row.outcomes} == {
        *("accepted", "duplicate", "quarantined", "rejected"),
    }


@pytest.fixture
def fresh(sandboxed: Sandboxed, request: pytest.FixtureRequest) -> Sandboxed:
    """The same for another partner, which has pushed nothing yet."""
    engine = open_engine(sandboxed.settings.database_url)
    partner = partner_of(engine, f"Partner {sum(map(ord, request.node.name))}")
    key = key_of(engine, sandboxed.settings, partner, Scope.QUOTES_WRITE, Scope.ACCOUNT, kind=KeyKind.TEST)
    engine.dispose()
    return sandboxed._replace(provider=key)


def post(sandboxed: Sandboxed, path: str, file: str, **headers: str) -> dict[str, Any]:
    answer = sandboxed.client.post(
        path,
        content=(FOLDER / file).read_bytes(),
        headers={**asking(sandboxed), "Content-Type": "application/json", **headers},
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def asking(sandboxed: Sandboxed) -> dict[str, str]:
    return {**sandboxed.provider.headers, "X-ThreePercent-Clock": "2026-11-24T08:40:00Z"}


def stands(sandboxed: Sandboxed, external_id: str) -> list[str]:
    found = sandboxed.client.get(f"/v1/account/quotes?external_id={external_id}", headers=asking(sandboxed)).json()
    return [each["quote_id"] for each in found["quotes"] if each["status"] == "shown"]


def test_a_quote_is_corrected_as_the_sample_says(fresh: Sandboxed) -> None:
    push(fresh, "accepted-percent.json", "to be corrected")
    (quote_id,) = stands(fresh, "percent")
    etag = fresh.client.get(f"/v1/quotes/{quote_id}", headers=asking(fresh)).headers["etag"]
    corrected = post(fresh, f"/v1/quotes/{quote_id}/correction", "correction.json", **{"If-Match": etag})
    assert corrected["corrected"] == quote_id
    assert stands(fresh, "percent") == [corrected["quote_id"]]
    path = "/v1/account/quotes?status=superseded"
    (own,) = fresh.client.get(path, headers=asking(fresh)).json()["quotes"]
    assert (own["quote_id"], own["superseded_by"]) == (quote_id, corrected["quote_id"])


def test_services_times_and_imports_are_withdrawn_as_the_samples_say(fresh: Sandboxed) -> None:
    for name in ("accepted-schedule.json", "accepted-marginal.json"):
        push(fresh, name, f"to be withdrawn {name}")
    ended = post(fresh, "/v1/quotes/withdrawals", "withdrawal-of-services.json")
    assert ended["withdrawn"] == 2
    assert stands(fresh, "schedule") == stands(fresh, "marginal") == []
    pushed = push(fresh, "accepted-taxes.json", "to be withdrawn as an import")
    path = f"/v1/imports/{pushed['import_id']}/withdrawal"
    assert post(fresh, path, "withdrawal-of-an-import.json")["withdrawn"] == pushed["counts"]["accepted"]
    push(fresh, "accepted-amount.json", "to be withdrawn by its time")
    rest = post(fresh, "/v1/quotes/withdrawals?dry_run=true", "withdrawal-of-a-time.json")
    assert rest["dry_run"] is True
    assert rest["withdrawn"] == 1
