"""The checked-in reference data is what the script makes, and says what laws and standards say."""

import json
import re
import time
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.rates import NoRate, RateBook
from app.domain.searching import fold, matches
from app.reference import LANGUAGES, find_language, home_country, load, made_from, names, negotiate, pegs
from scripts.build_reference import REFERENCE, build

GEOGRAPHY = load()
SURVEY = date(2013, 7, 1)


def test_the_script_makes_exactly_the_files_that_are_checked_in(shared_data: Path) -> None:
    made = build(shared_data / "countries" / "wb_countries_region_income.csv")
    kept = {path.relative_to(REFERENCE).as_posix(): path.read_text("utf-8") for path in REFERENCE.rglob("*.json")}
    assert sorted(made) == sorted(kept)
    assert [name for name, text in made.items() if text != kept[name]] == []


def test_every_country_has_codes_a_name_and_money_that_is_known() -> None:
    assert len(GEOGRAPHY.countries) == 251  # ISO's 249, Kosovo and the Netherlands Antilles
    for country in GEOGRAPHY.countries.values():
        assert re.fullmatch("[A-Z]{3} [A-Z]{2}", f"{country.code} {country.alpha2}")
        assert country.name
        assert fold(country.name) not in {fold(alias) for alias in country.aliases}
        for tender in country.tenders:
            assert tender.currency in GEOGRAPHY.currencies
            assert tender.reference
            assert tender.since is None or tender.until is None or tender.since <= tender.until


def test_only_antarctica_and_what_is_gone_have_no_money_today() -> None:
    today = date(2026, 11, 23)
    without = {code for code in GEOGRAPHY.countries if GEOGRAPHY.local_currency(code, today) is None}
    assert without == {"ATA", "ANT"}


@pytest.mark.parametrize(
    ("text", "code"),
    [("KSV", "XKX"), ("xk", "XKX"), ("ANT", "ANT"), ("ZAR", "COD"), ("ROM", "ROU"), ("TMP", "TLS"), ("WBG", "PSE"),
     ("uk", "GBR"), ("el", "GRC"), ("ADO", "AND"), ("IMY", "IMN"), ("gb", "GBR")],
)  # fmt: skip
def test_codes_of_old_surveys_and_habits_mean_their_country(text: str, code: str) -> None:
    assert GEOGRAPHY.country(text).code == code


def test_the_netherlands_antilles_are_kept_as_what_they_were() -> None:
    antilles = GEOGRAPHY.country("ANT")
    assert antilles.is_historic
    assert antilles.region == "Latin America & Caribbean"
    assert GEOGRAPHY.local_currency("ANT", SURVEY) == "ANG"


def test_regions_and_incomes_are_the_world_banks() -> None:
    regions = {country.region for country in GEOGRAPHY.countries.values()} - {None}
    assert len(regions) == 7
    incomes = {country.income_group for country in GEOGRAPHY.countries.values()} - {None}
    assert incomes == {"High income", "Upper middle income", "Lower middle income", "Low income"}
    assert GEOGRAPHY.country("PHL").region == "East Asia & Pacific"
    assert GEOGRAPHY.country("JEY").region == "Europe & Central Asia"
    assert "2023" in made_from()["region_and_income_group"]


def test_every_country_and_currency_of_the_sample_survey_is_known(shared_data: Path) -> None:
    text = (shared_data / "rpw" / "rpw_2011_1Q_2013_3Q.csv").read_text("utf-8")
    for corridor in set(re.findall(r",([A-Z]{6})$", text, re.MULTILINE)):
        for code in (corridor[:3], corridor[3:]):
            country = GEOGRAPHY.country(code)
            assert country.region is not None
            assert GEOGRAPHY.local_currency(country.code, SURVEY)


@pytest.mark.parametrize(
    ("currency", "country", "first_day"),
    [("EUR", "EST", "2011-01-01"), ("EUR", "LVA", "2014-01-01"), ("EUR", "LTU", "2015-01-01"),
     ("EUR", "HRV", "2023-01-01"), ("EUR", "BGR", "2026-01-01"), ("ZMW", "ZMB", "2013-01-01"),
     ("XCG", "CUW", "2025-03-31")],
)  # fmt: skip
def test_a_currency_becomes_legal_tender_on_its_first_day(currency: str, country: str, first_day: str) -> None:
    day = date.fromisoformat(first_day)
    assert not GEOGRAPHY.legal_tender(country, currency, date.fromordinal(day.toordinal() - 1))
    assert GEOGRAPHY.legal_tender(country, currency, day)
    assert GEOGRAPHY.local_currency(country, day) == currency


@pytest.mark.parametrize(
    ("currency", "country"),
    [("USD", "ECU"), ("USD", "SLV"), ("USD", "PAN"), ("USD", "TLS"), ("USD", "ZWE"), ("USD", "MHL"), ("USD", "BES"),
     ("EUR", "XKX"), ("EUR", "MNE"), ("EUR", "SMR"), ("EUR", "AND"), ("AUD", "KIR"), ("AUD", "TUV"), ("AUD", "NRU"),
     ("NZD", "COK"), ("NZD", "NIU"), ("CHF", "LIE"), ("GBP", "JEY"), ("GBP", "GGY"), ("GBP", "IMN"), ("DKK", "FRO"),
     ("DKK", "GRL"), ("XOF", "MLI"), ("XOF", "GNB"), ("XAF", "CMR"), ("XCD", "GRD"), ("XPF", "PYF"), ("ILS", "PSE"),
     ("JOD", "PSE"), ("ZAR", "LSO"), ("ZAR", "SWZ"), ("ZAR", "NAM"), ("INR", "BTN"), ("SGD", "BRN"), ("BND", "SGP"),
     ("USD", "BHS"), ("USD", "BMU"), ("GBP", "GIB"), ("GBP", "FLK"), ("GBP", "SHN")],
)  # fmt: skip
def test_money_that_needs_no_exchange_where_it_arrives(currency: str, country: str) -> None:
    assert GEOGRAPHY.shares_tender(currency, country, SURVEY)


@pytest.mark.parametrize(
    ("currency", "country"),
    [("USD", "NIC"), ("USD", "DOM"), ("USD", "HTI"), ("USD", "PER"), ("USD", "KHM"), ("EUR", "ROU"), ("EUR", "SRB"),
     ("EUR", "ALB"), ("EUR", "SEN"), ("EUR", "CMR"), ("EUR", "BIH"), ("EUR", "LVA"), ("EUR", "LTU"), ("RUB", "KGZ"),
     ("RUB", "BLR"), ("RUB", "EST"), ("USD", "ARE"), ("USD", "HKG"), ("USD", "BRB"), ("XOF", "CMR"), ("EUR", "ANT")],
)  # fmt: skip
def test_habits_pegs_and_currencies_not_adopted_yet_are_no_common_money(currency: str, country: str) -> None:
    assert not GEOGRAPHY.shares_tender(currency, country, SURVEY)


def test_zimbabwe_used_the_dollar_while_the_law_said_so() -> None:
    assert GEOGRAPHY.local_currency("ZWE", date(2013, 7, 1)) == "USD"
    assert not GEOGRAPHY.legal_tender("ZWE", "USD", date(2019, 7, 1))
    assert GEOGRAPHY.legal_tender("ZWE", "USD", date(2021, 7, 1))
    assert GEOGRAPHY.local_currency("ZWE", date(2021, 7, 1)) == "ZWL"


def test_minor_units_are_isos() -> None:
    units = {code: GEOGRAPHY.currency(code).minor_units for code in ("GBP", "JPY", "TND", "PYG", "UGX", "COP", "IDR")}
    assert units == {"GBP": 2, "JPY": 0, "TND": 3, "PYG": 0, "UGX": 0, "COP": 2, "IDR": 2}
    assert GEOGRAPHY.currency("IQD").minor_units == 3  # where CLDR says 0
    assert GEOGRAPHY.currency("LVL").is_historic
    assert GEOGRAPHY.currency("BYR").minor_units == 0
    assert GEOGRAPHY.currency("BGN").is_historic


def test_every_declared_par_has_a_reference_and_known_currencies() -> None:
    for par in GEOGRAPHY.pars:
        assert {par.currency, par.anchor} <= set(GEOGRAPHY.currencies)
        assert par.reference


def test_every_declared_peg_has_a_reference_a_sane_value_and_days_in_order() -> None:
    for peg in pegs():
        assert {peg.currency, peg.anchor} <= set(GEOGRAPHY.currencies)
        assert peg.currency != peg.anchor
        assert peg.value > 0
        assert len(peg.reference) > 20
        assert peg.since is None or peg.until is None or peg.since <= peg.until


def test_no_currency_has_two_pegs_on_one_day_and_no_peg_leads_to_another() -> None:
    for currency in {peg.currency for peg in pegs()}:
        own = [peg for peg in pegs() if peg.currency == currency]
        for day in (SURVEY, date(2017, 12, 31), date(2018, 1, 1), date(2026, 11, 23)):
            assert sum(peg.holds(day) for peg in own) <= 1
    assert {peg.anchor for peg in pegs()} == {"EUR", "USD", "GBP", "ZAR", "INR", "SGD", "HKD"}
    assert not {peg.anchor for peg in pegs()} & {peg.currency for peg in pegs()}


def test_every_par_is_a_peg_at_one() -> None:
    at_one = {(peg.currency, peg.anchor, peg.since, peg.until) for peg in pegs() if peg.value == 1}
    assert at_one == {(par.currency, par.anchor, par.since, par.until) for par in GEOGRAPHY.pars}


@pytest.mark.parametrize(
    ("base", "quote", "rate"),
    [
        ("EUR", "XOF", "655.957"), ("EUR", "XAF", "655.957"), ("EUR", "KMF", "491.96775"), ("XPF", "EUR", "0.00838"),
        ("EUR", "CVE", "110.265"), ("EUR", "STN", "24.5"), ("EUR", "BAM", "1.95583"), ("USD", "AED", "3.6725"),
        ("USD", "SAR", "3.75"), ("USD", "QAR", "3.64"), ("OMR", "USD", "2.6008"), ("USD", "BHD", "0.376"),
        ("USD", "JOD", "0.709"), ("USD", "XCD", "2.7"), ("USD", "BBD", "2"), ("USD", "BZD", "2"), ("KYD", "USD", "1.2"),
        ("USD", "AWG", "1.79"), ("USD", "XCG", "1.79"), ("USD", "SVC", "8.75"), ("USD", "DJF", "177.721"),
        ("INR", "NPR", "1.6"), ("HKD", "MOP", "1.03"), ("USD", "PAB", "1"), ("ZAR", "LSL", "1"), ("INR", "BTN", "1"),
    ],
)  # fmt: skip
def test_the_fixed_rates_of_today(base: str, quote: str, rate: str) -> None:
    found = RateBook((), pegs(), {}).rate(base, quote, date(2026, 11, 23))
    assert not isinstance(found, NoRate)
    assert found.rate == Fraction(rate)


@pytest.mark.parametrize("currency", ["BGN", "ANG", "STD", "HKD", "DKK", "NGN", "CUP", "TMT", "LBP", "HRK"])
def test_what_is_no_peg_or_none_any_more_has_no_fixed_rate(currency: str) -> None:
    book = RateBook((), pegs(), {})
    for anchor in ("EUR", "USD"):
        assert isinstance(book.rate(anchor, currency, date(2026, 11, 23)), NoRate)


def test_a_currency_has_the_home_of_its_code() -> None:
    homes = {code: home_country(code) for code in ("GBP", "PHP", "KES", "NGN", "INR", "RUB", "ZWG", "VED", "MRU")}
    assert homes == {"GBP": "GBR", "PHP": "PHL", "KES": "KEN", "NGN": "NGA", "INR": "IND", "RUB": "RUS", "ZWG": "ZWE",
                     "VED": None, "MRU": "MRT"}  # fmt: skip
    for code in GEOGRAPHY.currencies:
        home = home_country(code)
        assert home is None or GEOGRAPHY.country(home).alpha2 == code[:2]


@pytest.mark.parametrize("currency", ["EUR", "USD", "XOF", "XAF", "XCD", "XPF", "ANG", "XCG", "not", ""])
def test_the_money_of_many_has_no_home(currency: str) -> None:
    assert home_country(currency) is None


def test_every_receiving_countrys_own_money_has_its_home_there() -> None:
    """Of today's own currencies, only those shared by many and the homeless codes are left out."""
    today = date(2026, 11, 23)
    homeless = {
        money
        for country in GEOGRAPHY.countries
        if (money := GEOGRAPHY.local_currency(country, today)) and home_country(money) is None
    }
    assert homeless == {"EUR", "USD", "XAF", "XCD", "XCG", "XOF", "XPF"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_names_every_country_and_currency(language: str) -> None:
    named = names(language)
    assert set(named.countries) == set(GEOGRAPHY.countries)
    assert set(named.currencies) == set(GEOGRAPHY.currencies)
    assert all([*named.countries.values(), *named.currencies.values()])
    if language != "en":
        own = sum(named.countries[code] != country.name for code, country in GEOGRAPHY.countries.items())
        assert own >= 10  # Filipino keeps most English names


def test_names_are_the_languages_own() -> None:
    assert names("ar").countries["PHL"] == "الفلبين"
    assert names("es").currencies["PHP"] == "peso filipino"
    assert names("en").countries["CIV"] == "Côte d’Ivoire"
    with pytest.raises(ValueError, match="no names"):
        names("../countries")


def test_a_country_is_found_by_the_names_people_use() -> None:
    def found(query: str) -> set[str]:
        return {
            country.code
            for country in GEOGRAPHY.countries.values()
            if matches(query, (country.code, country.alpha2, country.name, *country.codes, *country.aliases))
        }

    assert found("ivory coast") == {"CIV"}
    assert found("cote d'ivoire") == {"CIV"}
    assert found("swaziland") == {"SWZ"}
    assert found("uae") == {"ARE"}
    assert found("ksv") == {"XKX"}
    assert "COD" in found("drc")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("fr", "fr"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("en;q=0.5, ar-EG;q=0.9", "ar"),
        ("xx, tl;q=0.3", "fil"),
        ("fr;q=0, es;q=0.1", "es"),
        ("*", "en"),
        ("sv, *;q=0.5", "en"),
        ("zh-Hant-TW", "zh"),
        ("fr;q=2, es", "es"),
        ("de;q=0.8, it;q=0.8", "de"),
        ("\x00, ;;;, fr", "fr"),
        ("xx," * 100_000 + "fr", "en"),
    ],
)
def test_the_reader_gets_the_language_liked_best(header: str | None, language: str) -> None:
    assert negotiate(header) == language


@given(st.text(max_size=80))
def test_any_header_gets_some_language(header: str) -> None:
    assert negotiate(header) in LANGUAGES


def test_a_language_is_known_by_its_tags() -> None:
    assert find_language("PT_br") == "pt"
    assert find_language("in") == "id"
    assert find_language("sv") is None
    assert find_language("") is None


def test_reading_the_core_is_quick() -> None:
    def once() -> float:
        begun = time.perf_counter()
        load.__wrapped__()
        return time.perf_counter() - begun

    assert min(once() for _ in range(7)) < 0.030


def test_the_files_are_plain_json_without_other_peoples_tables() -> None:
    for path in REFERENCE.rglob("*.json"):
        assert json.loads(path.read_bytes())
        assert path.stat().st_size < 100_000
