"""GET /v1/rates over the real history of the European Central Bank, imported as an operator imports it."""

import csv
import io
import json
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.api.v1.countries import Currencies
from app.api.v1.rates import Rates
from app.db import open_engine, transact
from app.ingest.answers import take
from app.ingest.rates import store_rates
from app.main import create_app
from app.settings import Settings
from app.sources.source import Ask, FixingRecord, InstitutionRecord, RateReading, sources

NOW = datetime(2026, 1, 2, 10, 0, tzinfo=UTC)
Row = dict[str, Any]


def other_institutions(url: str) -> None:
    """What a second source brings: one that quotes the dollar, and one whose currency the ECB does not quote."""
    engine = open_engine(url)
    institutions = [
        InstitutionRecord("boc", "frankfurter", "Bank of Canada", "CA", "CAD", "indicative", None, "daily"),
        InstitutionRecord("cbk", "frankfurter", "Central Bank of Kenya", "KE", "KES", "indicative", None, "daily"),
    ]
    records = [
        FixingRecord("boc", "2025-12-30", "CAD", "USD", "0.7307"),
        FixingRecord("boc", "2025-12-30", "CAD", "GBP", "0.54123"),
        FixingRecord("cbk", "2025-12-29", "USD", "KES", "129.02"),
        FixingRecord("cbk", "2025-12-29", "UGX", "KES", "0.0357"),
    ]
    reading = RateReading(records, institutions, [])
    source = sources()["frankfurter"]
    transact(
        engine,
        lambda connection: store_rates(connection, reading, source=source, import_id=1, now=NOW, public_sources=()),
    )
    engine.dispose()


@pytest.fixture(scope="module")
def client(sqlite_template: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("rates")
    shutil.copyfile(sqlite_template, folder / "threepercent.db")
    settings = Settings(data_dir=folder)
    engine = open_engine(settings.database_url)
    body = (shared_data / "fx" / "eurofxref-hist.csv").read_bytes()
    ask = Ask("history", "https://ecb.test/hist")
    take(engine, sources()["ecb"], ask, body, data_dir=folder, now=NOW, public_sources=())
    engine.dispose()
    other_institutions(settings.database_url)
    with TestClient(create_app(settings, clock=lambda: NOW)) as opened:
        yield opened


@pytest.fixture(scope="module")
def published(shared_data: Path) -> dict[date, dict[str, Fraction]]:
    """The ECB's file as it is, read here by other means: day → currency → one euro in it."""
    with (shared_data / "fx" / "eurofxref-hist.csv").open(newline="") as file:
        return {
            date.fromisoformat(row["Date"]): {
                code: Fraction(text) for code, text in row.items() if code not in {"Date", ""} and text != "N/A"
            }
            for row in csv.DictReader(file)
        }


def asked(client: TestClient, query: str) -> list[Row]:
    answer = client.get(f"/v1/rates?{query}")
    assert answer.status_code == 200, answer.text
    Rates.model_validate_json(answer.content)
    found: list[Row] = answer.json(parse_float=Decimal)["rates"]
    return found


def one(client: TestClient, base: str, quote: str, day: str, more: str = "") -> Row:
    (row,) = asked(client, f"base={base}&quote={quote}&date={day}{more}")
    return row


def test_pounds_in_pesos_are_the_published_figures_and_name_them(client: TestClient) -> None:
    row = one(client, "GBP", "PHP", "2025-12-31")
    assert str(row["rate"]) == "79.37886775"  # 69.266 / 0.8726 to 10 significant digits
    assert (row["rate_type"], row["day"], row["carried_forward"]) == ("daily_fixing", "2025-12-31", False)
    legs = [(leg["base"], leg["quote"], str(leg["value"]), leg["institution"]) for leg in row["legs"]]
    assert legs == [("EUR", "GBP", "0.8726", "ecb"), ("EUR", "PHP", "69.266", "ecb")]
    assert row["other_institutions"] == []


@pytest.mark.parametrize(
    ("day", "of", "age", "why"),
    [
        ("2025-12-31", "2025-12-31", 0, None),
        ("2025-12-28", "2025-12-24", 4, "weekend_and_closing_day"),
        ("2025-12-21", "2025-12-19", 2, "weekend"),
        ("2025-12-26", "2025-12-24", 2, "closing_day"),
        ("2025-04-21", "2025-04-17", 4, "weekend_and_closing_day"),
        ("2026-01-01", "2025-12-31", 1, "closing_day"),
        ("2026-01-02", "2025-12-31", 2, "not_published"),
    ],
)
def test_a_day_without_a_fixing_has_the_last_one_with_its_age_and_why(
    client: TestClient, day: str, of: str, age: int, why: str | None
) -> None:
    row = one(client, "EUR", "USD", day)
    assert (row["date"], row["day"], row["age_days"]) == (day, of, age)
    assert (row["carried_forward"], row["carried_forward_reason"]) == (age > 0, why)


def test_without_a_date_it_is_today_until_midnight(client: TestClient) -> None:
    answer = client.get("/v1/rates?base=EUR&quote=USD", headers={"Accept": "application/json"})
    assert answer.json()["rates"][0]["date"] == "2026-01-02"
    assert "max-age=60" in answer.headers["cache-control"]


def test_a_rouble_of_long_ago_is_not_available_and_says_since_when(client: TestClient) -> None:
    assert one(client, "EUR", "RUB", "2022-03-08")["rate"] == Decimal("117.201")
    for day in ("2022-03-09", "2024-06-28", "2026-01-02"):
        row = one(client, "EUR", "RUB", day)
        assert (row["rate"], row["rate_reason"], row["newest_day"]) == (None, "rate_too_old", "2022-03-01")
        assert (row["legs"], row["rate_type"], row["day"]) == ([], None, None)


def test_a_currency_that_nobody_quotes_is_not_available(client: TestClient) -> None:
    row = one(client, "EUR", "NGN", "2025-12-31")
    assert (row["rate"], row["rate_reason"], row["newest_day"]) == (None, "no_reference_rate", None)


def test_a_peg_is_declared_and_says_by_whom(client: TestClient) -> None:
    row = one(client, "XOF", "EUR", "2025-12-31")
    assert (row["rate_type"], row["day"], row["carried_forward"]) == ("declared_peg", None, False)
    assert "98/683/EC" in row["legs"][0]["reference"]
    assert one(client, "XPF", "EUR", "2025-12-31")["rate"] == Decimal("0.00838")
    assert one(client, "EUR", "XPF", "2025-12-31")["rate"] == Decimal("119.3317422")


def test_currencies_that_the_ecb_lacks_come_through_the_dollar(client: TestClient) -> None:
    row = one(client, "EUR", "UGX", "2025-12-31")
    legs = [(leg["base"], leg["quote"], leg["institution"], leg["day"]) for leg in row["legs"]]
    assert legs == [
        ("EUR", "USD", "ecb", "2025-12-31"),
        ("USD", "KES", "cbk", "2025-12-29"),
        ("UGX", "KES", "cbk", "2025-12-29"),
    ]
    assert (row["day"], row["age_days"]) == ("2025-12-29", 2)
    assert Fraction(row["rate"]) == pytest.approx(1.175 * 129.02 / 0.0357)


def test_another_institutions_figure_stands_beside_it_with_the_difference(client: TestClient) -> None:
    row = one(client, "USD", "GBP", "2025-12-31")
    (other,) = row["other_institutions"]
    ours, theirs = Fraction("0.8726") / Fraction("1.175"), Fraction("0.54123") / Fraction("0.7307")
    assert (other["institution"], other["name"], other["day"]) == ("boc", "Bank of Canada", "2025-12-30")
    assert abs(Fraction(other["rate"]) - theirs) < Fraction(1, 10**9)
    assert abs(Fraction(other["difference_percent"]) - 100 * (theirs - ours) / ours) < Fraction(1, 10**6)


def test_a_benchmark_chooses_the_institution(client: TestClient) -> None:
    row = one(client, "USD", "GBP", "2025-12-31", "&benchmark=boc")
    assert row["institutions"] == ["boc"]
    assert [other["institution"] for other in row["other_institutions"]] == ["ecb"]
    answer = client.get("/v1/rates?benchmark=bank_of_nowhere")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-institution")
    assert "ecb" in answer.json()["detail"]
    assert "nowhere" not in answer.text


def test_every_institution_is_credited(client: TestClient) -> None:
    answer = client.get("/v1/rates?base=EUR&quote=KES,USD&date=2025-12-31").json()
    assert [source["source"] for source in answer["attribution"]] == ["ecb", "frankfurter"]
    pegged = client.get("/v1/rates?base=EUR&quote=XOF&date=2025-12-31").json()
    assert pegged["attribution"] == []


# ---------------------------------------------------------------- the algebra, through HTTP


def test_a_thousand_random_rates_are_the_published_fractions_and_close_within_2e_9(
    client: TestClient, published: dict[date, dict[str, Fraction]]
) -> None:
    chance = random.Random(20_260_102)
    for _ in range(40):
        day = chance.choice(sorted(published))
        fixed = {"EUR": Fraction(1), **published[day]}
        chosen = chance.sample(sorted(fixed), 5)
        found = {
            (base, row["quote"]): Fraction(row["rate"])
            for base in chosen
            for row in asked(client, f"base={base}&quote={','.join(chosen)}&date={day}")
        }
        assert len(found) == 25
        for (base, quote), rate in found.items():
            exact = fixed[quote] / fixed[base]
            assert abs(rate / exact - 1) <= Fraction(5, 10**10)
            assert abs(rate * found[quote, base] - 1) <= Fraction(2, 10**9)
            third = chance.choice(chosen)
            assert abs(found[base, third] * found[third, quote] / rate - 1) <= Fraction(2, 10**9)


# ---------------------------------------------------------------- spans


def test_a_span_has_the_days_of_publication_and_its_gaps(
    client: TestClient, published: dict[date, dict[str, Fraction]]
) -> None:
    rows = asked(client, "base=EUR&quote=USD&from=2025-12-15&to=2025-12-30&page_size=500")
    days = [day for day in sorted(published) if date(2025, 12, 15) <= day <= date(2025, 12, 30)]
    assert [row["date"] for row in rows] == [day.isoformat() for day in days]
    assert all(row["date"] == row["day"] and not row["carried_forward"] for row in rows)


def test_the_last_day_of_a_span_says_what_there_is_then(client: TestClient) -> None:
    rows = asked(client, "base=EUR&quote=RUB&from=2022-02-25&to=2022-03-20")
    assert [row["date"] for row in rows] == ["2022-02-25", "2022-02-28", "2022-03-01", "2022-03-20"]
    assert rows[-1]["rate_reason"] == "rate_too_old"
    weekend = asked(client, "base=EUR&quote=USD&from=2025-12-22&to=2025-12-28")
    assert [(row["date"], row["day"]) for row in weekend[-2:]] == [
        ("2025-12-24", "2025-12-24"),
        ("2025-12-28", "2025-12-24"),
    ]


def test_a_span_in_which_nothing_was_published_says_so(client: TestClient) -> None:
    span = "/v1/rates?base=EUR&quote=USD&from={}&to={}"
    silent = client.get(span.format("2025-12-25", "2025-12-28")).json()
    assert [(row["date"], row["day"]) for row in silent["rates"]] == [("2025-12-28", "2025-12-24")]
    assert [notice["code"] for notice in silent["notices"]] == ["nothing_published"]
    for since, until in (("2025-12-24", "2025-12-28"), ("2025-12-29", "2025-12-29")):
        assert client.get(span.format(since, until)).json()["notices"] == []
    pegged = client.get("/v1/rates?base=EUR&quote=XOF&from=2025-12-25&to=2025-12-28").json()
    assert (len(pegged["rates"]), pegged["notices"]) == (4, [])
    on_a_day = client.get("/v1/rates?base=EUR&quote=USD&date=2025-12-28").json()
    assert on_a_day["notices"] == []


def test_a_long_span_is_paged_without_a_day_lost_or_twice(
    client: TestClient, published: dict[date, dict[str, Fraction]]
) -> None:
    found: list[tuple[str, str, Decimal]] = []
    path: str | None = "/v1/rates?base=EUR&quote=USD,PHP&from=2011-01-03&to=2025-12-31&page_size=500"
    pages = 0
    while path is not None:
        answer = client.get(path)
        assert answer.status_code == 200
        body = answer.json(parse_float=Decimal)
        found += [(row["date"], row["quote"], Decimal(row["rate"])) for row in body["rates"]]
        pages += 1
        path = answer.links["next"]["url"] if body["next_page_token"] else None
    expected = [
        (day.isoformat(), code) for day in sorted(published) for code in ("PHP", "USD") if code in published[day]
    ]
    assert [row[:2] for row in found] == expected
    assert len(found) == 2 * 3839
    assert pages == 16
    assert all(Fraction(value) == published[date.fromisoformat(day)][code] for day, code, value in found)


def test_a_peg_holds_on_every_day_of_a_span(client: TestClient) -> None:
    rows = asked(client, "base=EUR&quote=XAF&from=2025-12-24&to=2025-12-28")
    assert [row["rate"] for row in rows] == [Decimal("655.957")] * 5


def test_a_span_as_csv_and_ndjson_has_the_same_rows(client: TestClient) -> None:
    query = "base=USD&quote=GBP,KES&from=2025-12-24&to=2025-12-31"
    rows = asked(client, query)
    lines = client.get(f"/v1/rates.ndjson?{query}").text.splitlines()
    assert [json.loads(line, parse_float=Decimal) for line in lines] == rows
    cells = list(csv.DictReader(io.StringIO(client.get(f"/v1/rates.csv?{query}").text)))
    assert [(cell["date"], cell["quote"], cell["rate"]) for cell in cells] == [
        (row["date"], row["quote"], str(row["rate"])) for row in rows
    ]
    assert json.loads(cells[0]["legs"], parse_float=Decimal) == rows[0]["legs"]


# ---------------------------------------------------------------- all currencies


def test_without_a_quote_every_currency_with_a_rate_is_listed(client: TestClient) -> None:
    rows = asked(client, "date=2025-12-31&page_size=500")
    codes = [row["quote"] for row in rows]
    assert codes == sorted(codes)
    assert {"EUR", "USD", "PHP", "XOF", "SAR", "NPR", "KES", "UGX", "BGN"} <= set(codes)
    assert "RUB" not in codes
    assert all(row["base"] == "EUR" and row["rate"] is not None for row in rows)


def test_the_board_and_the_database_say_the_same(client: TestClient) -> None:
    recent = {row["quote"]: row for row in asked(client, "base=GBP&date=2025-12-31&page_size=500")}
    for code in ("USD", "XOF", "KES", "SAR"):
        (_, last) = asked(client, f"base=GBP&quote={code}&from=2025-11-03&to=2025-12-31&page_size=500")[-2:]
        assert last == {**recent[code], "other_institutions": []}
        assert one(client, "GBP", code, "2025-12-31") == recent[code]


# ---------------------------------------------------------------- who quotes what since when


def currency(client: TestClient, code: str) -> Row:
    answer = client.get(f"/v1/currencies?q={code}&page_size=500")
    Currencies.model_validate_json(answer.content)
    (row,) = (row for row in answer.json(parse_float=Decimal)["currencies"] if row["code"] == code)
    found: Row = row
    return found


def test_a_currency_says_who_quotes_it_since_when(client: TestClient) -> None:
    pesos = currency(client, "PHP")
    assert pesos["rates_by"] == [
        {
            "institution": "ecb",
            "name": "European Central Bank",
            "first_day": "2011-01-03",
            "last_day": "2025-12-31",
            "days": 3839,
        }
    ]
    assert (pesos["rates_since"], pesos["rates_until"], pesos["home_country"]) == ("2011-01-03", "2025-12-31", "PHL")
    assert [by["institution"] for by in currency(client, "GBP")["rates_by"]] == ["boc", "ecb"]
    roubles = currency(client, "RUB")
    assert (roubles["rates_until"], roubles["pegs"]) == ("2022-03-01", [])


def test_a_currency_that_nobody_quotes_has_no_days(client: TestClient) -> None:
    naira = currency(client, "NGN")
    assert (naira["rates_since"], naira["rates_until"], naira["rates_by"]) == (None, None, [])


def test_a_currency_says_to_what_it_is_pegged(client: TestClient) -> None:
    (peg,) = currency(client, "XOF")["pegs"]
    assert (peg["base"], peg["quote"], peg["value"]) == ("EUR", "XOF", Decimal("655.957"))
    assert (peg["since"], peg["until"]) == ("1999-01-01", None)
    (exact,) = currency(client, "XPF")["pegs"]
    assert (exact["base"], exact["quote"], exact["value"]) == ("XPF", "EUR", Decimal("0.00838"))
    assert currency(client, "BGN")["pegs"][0]["until"] == "2025-12-31"
    assert currency(client, "XOF")["home_country"] is None


def test_currencies_as_csv_have_the_days_in_columns(client: TestClient) -> None:
    cells = {
        row["code"]: row for row in csv.DictReader(io.StringIO(client.get("/v1/currencies.csv?page_size=500").text))
    }
    assert (cells["USD"]["rates_since"], cells["USD"]["rates_until"]) == ("2011-01-03", "2025-12-31")
    assert cells["NGN"]["rates_since"] == ""
    assert json.loads(cells["USD"]["rates_by"])[0]["institution"] == "boc"


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("date=2026-01-03", "/query/date", "invalid-parameter"),
        ("quote=USD&from=2025-12-01&to=2026-01-03", "/query/to", "invalid-parameter"),
        ("date=2025-02-29", "/query/date", "invalid-parameter"),
        ("date=0001-01-01", "/query/date", "invalid-parameter"),
        ("date=2025-1-1", "/query/date", "invalid-parameter"),
        ("date=today", "/query/date", "invalid-parameter"),
        ("date=2025-12-31%0A", "/query/date", "invalid-parameter"),
        ("date=2025-12-31&from=2025-12-01", "/query/date", "contradiction"),
        ("to=2025-12-31", "/query/to", "contradiction"),
        ("from=2025-12-01", "/query/from", "contradiction"),
        ("quote=USD&from=2025-12-31&to=2025-12-01", "/query/from", "contradiction"),
    ],
)
def test_a_day_that_cannot_be_answered_is_refused(client: TestClient, query: str, pointer: str, code: str) -> None:
    answer = client.get(f"/v1/rates?{query}")
    assert answer.status_code == 422, answer.text
    assert (answer.json()["errors"][0]["pointer"], answer.json()["errors"][0]["code"]) == (pointer, code)


@pytest.mark.parametrize("query", ["base=XYZ", "quote=USD,XYZ"])
def test_a_currency_that_does_not_exist_is_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/v1/rates?{query}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/unknown-currency")


def test_today_in_utc_is_the_last_day(client: TestClient) -> None:
    assert client.get("/v1/rates?date=2026-01-02").status_code == 200
    assert client.get("/v1/rates?date=2026-01-02&base=GBP").json()["rates"][0]["date"] == "2026-01-02"
