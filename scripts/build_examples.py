"""Write app/api/examples.json: real answers over demonstration data, which the OpenAPI document shows.

Run by ``make openapi``; a test makes them again and compares. Nothing in them is typed by hand.
"""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.db import open_engine, upgrade
from app.demo.files import write_workbook
from app.demo.plan import Plan
from app.demo.rates import write_rates
from app.demo.tariffs import write_tariffs
from app.ingest import Order, run
from app.ingest.answer_files import answer_file
from app.ingest.answers import take
from app.main import create_app
from app.settings import Settings

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ROWS = 1500
TARGET = Path(__file__).parents[1] / "app" / "api" / "examples.json"


def collect(client: TestClient) -> dict[str, Any]:
    """Ask each call once, as narrowly as shows its shape; return the answers by operation."""
    corridor = "GBR-PHL"
    compared = client.get(f"/v1/corridors/{corridor}/comparison").json()
    provider, quote = compared["offers"][0]["provider"]["id"], compared["offers"][0]["quote_ids"][0]
    asked = {
        "corridors": f"/v1/corridors?page_size=1&q={corridor}",
        "corridor": f"/v1/corridors/{corridor}",
        "comparison": f"/v1/corridors/{corridor}/comparison?limit=1",
        "cost_curve_of": f"/v1/corridors/{corridor}/cost-curve?provider={provider}",
        "quotes": f"/v1/quotes?corridor={corridor}&page_size=1",
        "quote": f"/v1/quotes/{quote}",
        "providers": f"/v1/providers?page_size=1&q={provider}",
        "provider": f"/v1/providers/{provider}",
        "countries": "/v1/countries?page_size=1&q=PHL",
        "currencies": "/v1/currencies?page_size=1&q=PHP",
        "rates": f"/v1/rates?base=GBP&quote=PHP&date={NOW.date()}",
        "vocabulary": "/v1/vocabulary?vocabulary=amount_is",
        "list_sources": "/v1/sources?page_size=1",
        "one_source": "/v1/sources/demo_tariffs",
        "problem": "/problems/no-data-yet",
        "ready": "/health/ready",
    }
    return {operation: client.get(path).raise_for_status().json() for operation, path in asked.items()}


def import_live(engine: Engine, data_dir: Path) -> None:
    """Invent a day's reference rates and live tariffs, and import both."""
    write_rates(data_dir / "rates.csv", 60, NOW.date())
    write_tariffs(data_dir / "tariffs.json", 600, 3, NOW.date())
    for name in ("rates.csv", "tariffs.json"):
        file = answer_file(data_dir / name, NOW)
        if file is None:
            raise AssertionError(f"{name} is not recognised")
        take(engine, file.source, file.ask, file.body, data_dir=data_dir, now=NOW, public_sources=())


def main() -> None:
    """Import a demonstration survey with live prices into a folder of its own, ask, and write the answers."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        write_workbook(Plan(ROWS), data_dir / "demo.xlsx", lambda _: None)
        settings = Settings(data_dir=data_dir, limits_enabled=False)
        engine = open_engine(settings.database_url)
        upgrade(engine)
        run(engine, Order(file=data_dir / "demo.xlsx", data_dir=data_dir, now=NOW))
        import_live(engine, data_dir)
        engine.dispose()
        with TestClient(create_app(settings, clock=lambda: NOW)) as client:
            examples = collect(client)
    TARGET.write_text(json.dumps(examples, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"{len(examples)} examples written to {TARGET.name}")


if __name__ == "__main__":
    main()
