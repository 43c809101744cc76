"""Countries, the money that is theirs on a date, and how both are looked up. The facts come in as arguments.

Where they are declared: ``app/reference`` (countries, currencies and dated tenders made by a script, corrections and
pars in ``tenders.toml``, each with its reference).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from app.domain.corridors import Corridor, parse_corridor, suggest
from app.domain.errors import CorridorToItself, UnknownCorridor, UnknownCountry, UnknownCurrency
from app.domain.money import Currency
from app.domain.searching import fold, nearest

LONGEST_CODE = 3
SUGGESTIONS = 3
LIKENESS_PERCENT = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Tender:
    """A currency that is legal tender in a country from ``since`` to ``until``, both included; null is open.

    ``reference`` is ``cldr`` (Unicode CLDR, supplemental currency data) or the law or authority that says so.
    """

    currency: str
    since: date | None
    until: date | None
    reference: str

    def holds(self, on: date) -> bool:
        """Say whether it was legal tender on that day."""
        return _within(on, self.since, self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Par:
    """A currency that is worth exactly one of its anchor, by law or treaty: changing one for the other has no rate.

    Fixed rates other than 1 are no pars: where a survey shows both rates as 1 between such currencies (the euro and the
    CFA franc), the money was not changed yet or the rate is a placeholder; at 655.957 it is measured.
    """

    currency: str
    anchor: str
    since: date | None
    until: date | None
    reference: str

    def holds(self, on: date) -> bool:
        """Say whether the par was in force on that day."""
        return _within(on, self.since, self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A country or territory by its ISO 3166 alpha-3 code (Kosovo: XKX), with the World Bank's classification.

    ``codes`` are other codes that mean it (old surveys' KSV, ROM, ZAR; UK), ``aliases`` other names in English.
    ``tenders`` begin with the country's own currency. ``is_historic``: it no longer exists, like ANT.
    """

    code: str
    alpha2: str
    numeric: str | None
    name: str
    codes: tuple[str, ...]
    aliases: tuple[str, ...]
    region: str | None
    income_group: str | None
    is_historic: bool
    tenders: tuple[Tender, ...]


def _within(on: date, since: date | None, until: date | None) -> bool:
    return (since is None or since <= on) and (until is None or on <= until)


class Geography:
    """All countries, currencies and pars, and the questions that are asked of them. Immutable once made."""

    def __init__(self, countries: Iterable[Country], currencies: Iterable[Currency], pars: Iterable[Par]) -> None:
        """Index the facts; a code that means two countries is a fault of the data and raises ``ValueError``."""
        self.countries: Mapping[str, Country] = {country.code: country for country in countries}
        self.currencies: Mapping[str, Currency] = {currency.code: currency for currency in currencies}
        self.pars = tuple(pars)
        self._by_code: dict[str, Country] = {}
        for country in self.countries.values():
            for code in (country.code, country.alpha2, *country.codes):
                if self._by_code.setdefault(code, country) is not country:
                    raise ValueError(f"{code} means both {self._by_code[code].code} and {country.code}")

    def find_country(self, text: str) -> Country | None:
        """Return the country of an alpha-3, alpha-2 or old survey code in any case, or null."""
        return self._by_code.get(text.upper()) if len(text) <= LONGEST_CODE and text.isascii() else None

    def country(self, text: str) -> Country:
        """Return the country of a code (see ``find_country``), else raise ``UnknownCountry`` with near names."""
        found = self.find_country(text.strip())
        if found is None:
            raise UnknownCountry(text=text, suggestions=self.suggest_countries(text))
        return found

    def suggest_countries(self, text: str, most: int = SUGGESTIONS) -> tuple[str, ...]:
        """Return ``PHL (Philippines)`` for names and aliases like the text, nearest first."""
        by_name = {
            fold(name): country for country in self.countries.values() for name in (country.name, *country.aliases)
        }
        near = [
            by_name[name] for name in nearest(fold(text[:80]), by_name, most=most, likeness_percent=LIKENESS_PERCENT)
        ]
        return tuple(dict.fromkeys(f"{country.code} ({country.name})" for country in near))

    def find_currency(self, text: str) -> Currency | None:
        """Return the currency of an ISO 4217 code in any case, or null."""
        return self.currencies.get(text.upper()) if len(text) <= LONGEST_CODE and text.isascii() else None

    def currency(self, text: str) -> Currency:
        """Return the currency of an ISO 4217 code in any case, else raise ``UnknownCurrency``."""
        found = self.find_currency(text.strip())
        if found is None:
            raise UnknownCurrency(text=text)
        return found

    def corridor(self, text: str, known: Iterable[str] = ()) -> Corridor:
        """Read a corridor (see ``parse_corridor``); ``known`` corridor ids make the suggestions of the error."""
        try:
            return parse_corridor(text, self._code)
        except CorridorToItself:
            raise
        except UnknownCorridor as error:
            near = self.suggest_corridors(text, known)
            if not near:
                raise
            raise UnknownCorridor(text=text, suggestions=near, detail=error.detail) from None

    def suggest_corridors(self, text: str, known: Iterable[str]) -> tuple[str, ...]:
        """Return the known corridor ids nearest to what was written, by codes and by names."""
        names = {code: country.name for code, country in self.countries.items()}
        return suggest(text, known, names)

    def _code(self, text: str) -> str | None:
        found = self.find_country(text)
        return found.code if found else None

    def tenders(self, country: str, on: date) -> tuple[str, ...]:
        """Return the currencies that are legal tender in a country (alpha-3) on a day, its own first."""
        return tuple(dict.fromkeys(t.currency for t in self.countries[country].tenders if t.holds(on)))

    def local_currency(self, country: str, on: date) -> str | None:
        """Return a country's own currency on a day, or null where it has none (Antarctica)."""
        tenders = self.tenders(country, on)
        return tenders[0] if tenders else None

    def legal_tender(self, country: str, currency: str, on: date) -> bool:
        """Say whether a currency was legal tender in a country on a day."""
        return currency in self.tenders(country, on)

    def at_par(self, currency: str, other: str, on: date) -> bool:
        """Say whether one of a currency was by declaration exactly one of another on a day, in either direction."""
        return any({par.currency, par.anchor} == {currency, other} and par.holds(on) for par in self.pars)

    def shares_tender(self, sending_currency: str, receiving_country: str, on: date) -> bool:
        """Say whether money sent in a currency needs no exchange where it arrives.

        True where it is legal tender in the receiving country, or at a declared par with the country's own currency:
        then a margin of 0 at rates of 1 is true (METHODOLOGY, ``same_currency``).
        """
        tenders = self.tenders(receiving_country, on)
        return sending_currency in tenders or any(self.at_par(sending_currency, tender, on) for tender in tenders)
