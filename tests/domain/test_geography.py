"""Countries are found by any code in use, and money is theirs on a date."""

from datetime import date

import pytest

from app.domain.errors import CorridorToItself, UnknownCorridor, UnknownCountry, UnknownCurrency
from app.domain.geography import Country, Geography, Par, Tender
from app.domain.money import Currency


def tender(currency: str, since: str | None = None, until: str | None = None) -> Tender:
    return Tender(currency=currency, since=_day(since), until=_day(until), reference="a law")


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def country(code: str, alpha2: str, name: str, *tenders: Tender, codes: tuple[str, ...] = ()) -> Country:
    return Country(
        code=code, alpha2=alpha2, numeric=None, name=name, codes=codes, aliases=(), region=None, income_group=None,
        is_historic=False, tenders=tenders,
    )  # fmt: skip


def currency(code: str) -> Currency:
    return Currency(code=code, numeric=None, name=code, minor_units=2, is_historic=False)


def par(one: str, anchor: str, since: str | None = None, until: str | None = None) -> Par:
    return Par(currency=one, anchor=anchor, since=_day(since), until=_day(until), reference="a treaty")


WORLD = Geography(
    countries=[
        country("EST", "EE", "Estonia", tender("EUR", "2011-01-01"), tender("EEK", "1992-06-21", "2010-12-31")),
        country("DEU", "DE", "Germany", tender("EUR", "1999-01-01")),
        country("ZAF", "ZA", "South Africa", tender("ZAR")),
        country("LSO", "LS", "Lesotho", tender("LSL")),
        country("XKX", "XK", "Kosovo", tender("EUR"), codes=("KSV",)),
        country("ATA", "AQ", "Antarctica"),
    ],
    currencies=[currency(code) for code in ("EUR", "EEK", "ZAR", "LSL")],
    pars=[par("LSL", "ZAR", "1980-01-22", "2030-12-31")],
)


@pytest.mark.parametrize("text", ["XKX", "xkx", "XK", "xk", "KSV", "ksv", " XKX "])
def test_a_country_is_found_by_any_of_its_codes_in_any_case(text: str) -> None:
    assert WORLD.country(text).code == "XKX"


@pytest.mark.parametrize("text", ["", "QQ", "QQQ", "X", "XKXX", "\uff38K", "Kosovo", "x" * 10_000, "\u017fK", "ŁSO"])
def test_what_is_no_code_is_no_country(text: str) -> None:
    assert WORLD.find_country(text) is None
    with pytest.raises(UnknownCountry):
        WORLD.country(text)


def test_a_name_is_answered_with_its_code() -> None:
    with pytest.raises(UnknownCountry, match=r"Did you mean DEU \(Germany\)\?"):
        WORLD.country("Germny")


def test_one_code_cannot_mean_two_countries() -> None:
    with pytest.raises(ValueError, match="XX means both AAA and BBB"):
        Geography([country("AAA", "XX", "A"), country("BBB", "XX", "B")], [], [])


def test_a_currency_is_found_in_any_case() -> None:
    assert WORLD.currency("eur").code == "EUR"
    for text in ("", "EURO", "\uff25UR", "XXX"):
        with pytest.raises(UnknownCurrency):
            WORLD.currency(text)


def test_a_corridor_is_read_by_its_countries_codes() -> None:
    assert WORLD.corridor("de-ksv").id == "DEU-XKX"


def test_an_unknown_corridor_is_answered_with_known_ones() -> None:
    with pytest.raises(UnknownCorridor) as refused:
        WORLD.corridor("DEU-ESX", known=["DEU-EST", "ZAF-LSO"])
    assert refused.value.suggestions == ("DEU-EST",)
    assert refused.value.detail.endswith("Did you mean DEU-EST?")


def test_a_country_twice_is_no_spelling_mistake() -> None:
    with pytest.raises(CorridorToItself):
        WORLD.corridor("EST-EE", known=["DEU-EST"])


def test_money_changes_on_a_day() -> None:
    last_day, first_day = date(2010, 12, 31), date(2011, 1, 1)
    assert WORLD.local_currency("EST", last_day) == "EEK"
    assert WORLD.local_currency("EST", first_day) == "EUR"
    assert not WORLD.legal_tender("EST", "EUR", last_day)
    assert WORLD.legal_tender("EST", "EUR", first_day)
    assert not WORLD.legal_tender("EST", "EEK", first_day)
    assert not WORLD.shares_tender("EUR", "EST", last_day)
    assert WORLD.shares_tender("EUR", "EST", first_day)


def test_a_country_without_money_shares_none() -> None:
    assert WORLD.local_currency("ATA", date(2020, 1, 1)) is None
    assert not WORLD.shares_tender("EUR", "ATA", date(2020, 1, 1))


def test_a_declared_par_needs_no_exchange_in_either_direction_while_it_holds() -> None:
    during, after = date(2013, 7, 1), date(2031, 1, 1)
    assert WORLD.shares_tender("ZAR", "LSO", during)
    assert WORLD.shares_tender("LSL", "ZAF", during)
    assert not WORLD.shares_tender("ZAR", "LSO", after)
    assert not WORLD.shares_tender("EUR", "LSO", during)
    assert not WORLD.shares_tender("EUR", "ZAF", during)
