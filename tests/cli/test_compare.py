"""``threepercent compare``, ``corridors`` and ``sources``: what they take, what they refuse, what they print."""

import json
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        ("GRB-PHL", 2, "Did you mean GBR-PHL"),
        ("GBR-GBR", 2, "goes from a country to itself"),
        ("GBR-FRA", 1, "Covered and near"),
        ("GBR-PHL --amount 0", 2, "more than 0"),
        ("GBR-PHL --amount=-5", 2, "more than 0"),
        ("GBR-PHL --amount 1e5", 2, "exponents are not read"),
        ("GBR-PHL --amount 120,50", 2, "comma"),
        ("GBR-PHL --amount 12345678901234567890", 2, "15 significant digits"),
        ("GBR-PHL --amount 120.505", 2, "at most 2 decimals"),
        ("GBR-PHL --amount NaN", 2, "finite"),
        ("GBR-PHL --currency XXY", 2, "not a currency"),
        ("GBR-PHL --currency TRY", 2, "expected a currency that this round was surveyed in (GBP)"),
        ("GBR-PHL --period 2012-Q2", 1, "There is data for"),
        ("GBR-PHL --period soon", 2, "write a quarter"),
        ("GBR-PHL --payment-instrument shells", 2, "expected any of cash, bank_account"),
        ("GBR-PHL --payment-instrument unknown", 2, "expected any of cash, bank_account"),
        ("GBR-PHL --provider demo-elm", 2, "Did you mean demo-elm-bank"),
        ("GBR-PHL --basis live", 1, "no live quotes here yet"),
        ("GBR-PHL --sort price", 2, "transfer_speed"),
        ("GBR-PHL --limit 0", 2, "limit"),
        ("GBR-PHL --language xx", 2, "expected one of"),
        ("GBR-PHL --colour red", 2, "No such option"),
    ],
)
def test_what_cannot_be_answered_says_what_to_do(threepercent: Run, arguments: str, status: int, told: str) -> None:
    result = threepercent("compare", *arguments.split())
    assert result.exit_code == status, result.output
    assert told in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert not result.stdout


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("compare GBR-PHL --amount 120", "/v1/corridors/GBR-PHL/comparison?amount=120"),
        (
            (
                "compare gb-ph --amount-is total_paid --sort transfer_speed --limit 3 --excluded --language de "
                "--receiving-method cash,bank_account --max-age-days 36500 --paying-without-account --exact-only"
            ),
            (
                "/v1/corridors/GBR-PHL/comparison?amount_is=total_paid&sort=transfer_speed&limit=3&expand=excluded"
                "&language=de&receiving_method=cash,bank_account&max_age_days=36500&paying_without_account=true"
                "&exact_only=true"
            ),
        ),
        ("corridors --sort=-smart --limit 7", "/v1/corridors?sort=-smart&page_size=7&period=2026-Q3"),
        ("sources", "/v1/sources"),
    ],
)
def test_json_is_what_the_api_answers(threepercent: Run, demonstration: Path, command: str, path: str) -> None:
    result = threepercent(*command.split(), "--json")
    assert result.exit_code == 0, result.output
    with TestClient(create_app(Settings(data_dir=demonstration))) as client:
        answered = client.get(path)
    assert answered.status_code == 200, answered.text
    printed, expected = json.loads(result.stdout), answered.json()
    for one in (printed, expected):
        one.pop("next_page_token", None)
    assert printed == expected


def test_a_pipe_gets_no_colour(threepercent: Run) -> None:
    assert "\x1b" not in threepercent("compare", "GBR-PHL").stdout


WIDTHS = (60, 80, 100, 120, 200)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_width_breaks_a_word_of_a_comparison(threepercent: Run, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    asked = ("compare", "GBR-PHL", "--amount", "120", "--receiving-method", "cash", "--excluded")
    monkeypatch.setenv("COLUMNS", "400")
    whole = threepercent(*asked).stdout
    providers = set(re.findall(r"Demo(?: [A-Z][a-z]+)+", whole))
    assert len(providers) == 10
    monkeypatch.setenv("COLUMNS", str(width))
    result = threepercent(*asked)
    assert max(len(line) for line in result.stdout.splitlines()) <= width
    assert [provider for provider in providers if provider not in result.stdout] == []
    assert _words(result.stdout) <= _words(whole)
    assert ("No room here for: Paid by, Received as, Speed" in " ".join(result.stdout.split())) is (width <= 80)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_width_breaks_a_word_of_the_corridors(
    threepercent: Run, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    whole = threepercent("corridors").stdout
    corridors = set(re.findall(r"[A-Z]{3}-[A-Z]{3}", whole))
    assert len(corridors) > 50
    monkeypatch.setenv("COLUMNS", str(width))
    result = threepercent("corridors")
    assert max(len(line) for line in result.stdout.splitlines()) <= width
    assert set(re.findall(r"\b[A-Z]{3}-[A-Z]{3}\b", result.stdout)) == corridors
    assert _words(result.stdout) <= _words(whole)


def _words(printed: str) -> set[str]:
    """Return the words of an answer, less its rules and the line that names columns without room."""
    return set(re.sub(r"─+|No room here for:[^.]*\.", "", printed).split())


@pytest.mark.parametrize("width", [70, 90, 200])
def test_a_table_fits_its_width(threepercent: Run, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    result = threepercent("compare", "GBR-PHL", "--amount", "120")
    assert result.exit_code == 0
    assert max(len(line) for line in result.stdout.splitlines()) <= width
    assert "16.28 %" in result.stdout, "a figure is never broken"


def test_an_empty_answer_says_what_each_filter_removed(threepercent: Run) -> None:
    result = threepercent(
        *("compare", "GBR-PHL", "--provider-type", "post_office", "--max-transfer-speed", "under_1_hour")
    )
    assert result.exit_code == 0
    assert "No offer can be ranked." in result.stdout
    assert "Without --provider-type" in result.stdout


def test_at_equal_received_the_sender_pays_column_is_there(threepercent: Run) -> None:
    result = threepercent("compare", "GBR-PHL", "--amount-is", "received", "--amount", "5000")
    assert result.exit_code == 0
    assert "5,000.00 PHP reaches the receiver" in result.stdout
    assert "the exchange rate was not recorded" in result.stdout


def test_a_past_quarter_is_listed_too(threepercent: Run) -> None:
    result = threepercent("corridors", "--period", "2016-q1", "--sort", "corridor")
    assert result.exit_code == 0, result.output
    assert "in 2016-Q1" in result.stdout


@pytest.mark.parametrize(("option", "told"), [("--sort=price", "expected one of"), ("--period=2012-Q2", "no survey")])
def test_corridors_refuses_what_it_does_not_know(threepercent: Run, option: str, told: str) -> None:
    result = threepercent("corridors", option)
    assert result.exit_code in {1, 2}
    assert told in result.stderr


def test_sources_name_their_licence(threepercent: Run) -> None:
    result = threepercent("sources")
    assert result.exit_code == 0
    assert "CC-BY-4.0" in result.stdout
    assert "The World Bank, Remittance Prices Worldwide" in " ".join(result.stdout.split())
