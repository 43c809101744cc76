"""Countries, currencies, legal tenders, pegs and their names: checked in as data, made by scripts/build_reference.py.

What the libraries lack or have wrong stands in ``declared.toml``, each fact with its reference; nothing here is typed
into the JSON by hand.
"""

import json
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, NamedTuple

from app.domain.geography import Country, Geography, Par, Tender
from app.domain.money import Currency
from app.domain.rates import Peg
from app.reference.languages import DEFAULT, LANGUAGES, find_language, negotiate

__all__ = [
    "DEFAULT",
    "LANGUAGES",
    "Names",
    "find_language",
    "home_country",
    "load",
    "made_from",
    "names",
    "negotiate",
    "pegs",
]


class Names(NamedTuple):
    """Names in one language by code; a code that the language lacks has its English name."""

    countries: MappingProxyType[str, str]
    currencies: MappingProxyType[str, str]


@cache
def load() -> Geography:
    """Return all countries, currencies and pars; read once."""
    money = _read("currencies.json")
    return Geography(
        countries=tuple(_country(record) for record in _read("countries.json")["countries"]),
        currencies=tuple(Currency(**record) for record in money["currencies"]),
        pars=tuple(Par(**_dated(record)) for record in money["pars"]),
    )


def made_from() -> dict[str, str]:
    """Return what each part of the reference data was made from, with its vintage."""
    return dict(_read("countries.json")["made_from"])


@cache
def names(language: str) -> Names:
    """Return the names in one of ``LANGUAGES``; each language is read once, when first asked for."""
    geography = load()
    countries = {code: country.name for code, country in geography.countries.items()}
    currencies = {code: currency.name for code, currency in geography.currencies.items()}
    if language not in LANGUAGES:
        raise ValueError(f"no names in {language!r}")
    if language != DEFAULT:
        translated = _read(f"names/{language}.json")
        countries |= translated["countries"]
        currencies |= translated["currencies"]
    return Names(MappingProxyType(countries), MappingProxyType(currencies))


@cache
def pegs() -> tuple[Peg, ...]:
    """Return every declared peg, those that ended and the pars (at 1) included, by currency; read once."""
    return tuple(Peg(**_dated(record) | {"value": Decimal(record["value"])}) for record in _read("rates.json")["pegs"])


def home_country(currency: str) -> str | None:
    """Return the country (alpha-3) whose own money a currency is, null where it is that of many (EUR, USD, XOF)."""
    return _homes().get(currency)


@cache
def _homes() -> dict[str, str]:
    return dict(_read("rates.json")["homes"])


def _read(name: str) -> Any:  # noqa: ANN401 -- JSON, whose shape the callers know
    return json.loads(files(__name__).joinpath(name).read_bytes())


def _country(record: dict[str, Any]) -> Country:
    return Country(
        **record
        | {
            "codes": tuple(record["codes"]),
            "aliases": tuple(record["aliases"]),
            "tenders": tuple(Tender(**_dated(tender)) for tender in record["tenders"]),
        }
    )


def _dated(record: dict[str, Any]) -> dict[str, Any]:
    return record | {end: date.fromisoformat(record[end]) if record[end] else None for end in ("since", "until")}
