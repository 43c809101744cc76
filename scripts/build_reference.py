"""Make the reference data of app/reference from maintained libraries: countries, currencies, and their names.

    python -m scripts.build_reference ../shared/data/countries/wb_countries_region_income.csv

Countries are those of ISO 3166 (pycountry) with CLDR's English names and dated legal tenders (babel); currencies and
their minor units are ISO 4217's own list (iso4217); what these lack or have wrong is in app/reference/declared.toml,
with references. Region and income group are facts of the World Bank (CC BY 4.0) and come from the file given as
argument. The same libraries, declarations and file always give the same bytes.
"""

import argparse
import csv
import json
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import babel
import iso4217
import pycountry
from babel.core import Locale, get_global

from app.domain.searching import fold
from app.reference.languages import LANGUAGES

REFERENCE = Path(__file__).resolve().parent.parent / "app" / "reference"
SURVEYS_BEGIN = date(2008, 1, 1)
HISTORIC_SINCE = date(2000, 1, 1)
CLDR = "cldr"

Table = dict[str, Any]
CldrTender = tuple[str, date | None, date | None]


def main() -> None:
    """Write the files and say which changed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("classification", type=Path, help="CSV: Country Code, Country Name, Region, Income")
    parser.add_argument("--vintage", default="2023", help="year of the World Bank's classification (default: 2023)")
    arguments = parser.parse_args()
    for name, text in build(arguments.classification, arguments.vintage).items():
        path = REFERENCE / name
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"{'written' if changed else 'same   '}  {path.relative_to(REFERENCE.parent.parent)}")


def build(classification: Path, vintage: str = "2023") -> dict[str, str]:
    """Return the text of every reference file by its name below app/reference."""
    declared = tomllib.loads((REFERENCE / "declared.toml").read_text(encoding="utf-8"))
    with classification.open(encoding="utf-8", newline="") as file:
        groups = {row["Country Code"]: row for row in csv.DictReader(file)}
    tenders = legal_tenders(declared)
    countries = list_countries(declared, groups, tenders)
    currencies = list_currencies(declared, tenders)
    made_from = {
        "countries": f"ISO 3166 by pycountry {version('pycountry')}",
        "currencies": f"ISO 4217, the list published {iso4217.__published__}; historic codes and names from CLDR",
        "names_and_legal_tenders": f"Unicode CLDR by babel {babel.__version__}",
        "region_and_income_group": f"The World Bank, country classification of {vintage}, CC BY 4.0",
        "corrections": "declared.toml",
    }
    files = {
        "countries.json": _document({"made_from": made_from, "countries": countries}),
        "currencies.json": _document({"currencies": currencies, "pars": list_pars(declared)}),
        "rates.json": _document({"pegs": list_pegs(declared), "homes": list_homes(declared, countries, currencies)}),
    }
    english = names("en", countries, currencies)
    for language in LANGUAGES:
        if language != "en":
            files[f"names/{language}.json"] = _names_document(names(language, countries, currencies), english)
    return files


def legal_tenders(declared: Table) -> dict[str, list[Table]]:
    """Return the dated legal tenders of every alpha-2 code since the surveys began, the country's own first."""
    alpha2 = {country.alpha_3: country.alpha_2 for country in pycountry.countries}
    alpha2 |= {country["code"]: country["alpha2"] for country in declared["countries"] if "alpha2" in country}
    tenders: dict[str, list[Table]] = {}
    for territory in sorted(get_global("territory_currencies")):
        newest_first = sorted(_cldr_tenders(territory), key=lambda tender: tender[1] or date.min, reverse=True)
        tenders[territory] = [
            {"currency": currency, "since": _iso(since), "until": _iso(until), "reference": CLDR}
            for currency, since, until in newest_first
            if until is None or until >= SURVEYS_BEGIN
        ]
    for entry in declared["tenders"]:
        tenders[alpha2[entry["country"]]] = [
            {
                "currency": tender["currency"],
                "since": _iso(tender.get("since")),
                "until": _iso(tender.get("until")),
                "reference": entry["reference"],
            }
            for tender in entry["list"]
        ]
    return tenders


def _cldr_tenders(territory: str) -> Iterable[CldrTender]:
    for currency, since, until, is_tender in get_global("territory_currencies")[territory]:
        if is_tender:
            yield currency, date(*since) if since else None, date(*until) if until else None


def list_countries(declared: Table, groups: Mapping[str, Table], tenders: Mapping[str, list[Table]]) -> list[Table]:
    """Return every country as it is written into countries.json."""
    extra = {country["code"]: country for country in declared["countries"]}
    countries = []
    for code, country in sorted(_found_countries(extra).items()):
        own = extra.get(code, {})
        group = groups.get(own.get("same_group_as", code), {})
        other_names = [*country["aliases"], *declared["other_names"].get(code, [])]
        if "same_group_as" not in own:
            other_names.append(group.get("Country Name", ""))
        countries.append(
            {
                "code": code,
                "alpha2": country["alpha2"],
                "numeric": country["numeric"],
                "name": country["name"],
                "codes": sorted([*own.get("codes", []), *declared["other_codes"].get(code, [])]),
                "aliases": _distinct(country["name"], other_names),
                "region": group.get("Region") or own.get("region"),
                "income_group": group.get("Income") or own.get("income_group"),
                "is_historic": own.get("is_historic", False),
                "tenders": tenders.get(country["alpha2"], []),
            }
        )
    return countries


def _found_countries(extra: Mapping[str, Table]) -> dict[str, Table]:
    """Return codes and names of ISO's countries and of the declared ones that it lacks, by alpha-3 code."""
    english = Locale("en").territories
    found: dict[str, Table] = {}
    for iso in pycountry.countries:
        aliases = [iso.name, getattr(iso, "common_name", ""), getattr(iso, "official_name", "")]
        name = english[iso.alpha_2]
        found[iso.alpha_3] = {"alpha2": iso.alpha_2, "numeric": iso.numeric, "name": name, "aliases": aliases}
    for code, own in extra.items():
        if code not in found:
            name, aliases = own["name"], own["aliases"]
            found[code] = {"alpha2": own["alpha2"], "numeric": None, "name": name, "aliases": aliases}
    return found


def _distinct(name: str, others: Iterable[str]) -> list[str]:
    """Return the other names that search would tell from the name and from each other."""
    seen = {fold(name): name}
    for other in others:
        if other:
            seen.setdefault(fold(other), other)
    return list(seen.values())[1:]


def list_currencies(declared: Table, tenders: Mapping[str, list[Table]]) -> list[Table]:
    """Return the currencies that people are or were paid in: ISO's current ones, and CLDR's tenders since 2000."""
    english = Locale("en").currencies
    without_decimals = set(declared["currencies"]["historic_without_decimals"])
    money = {tender["currency"] for country in tenders.values() for tender in country}
    money |= set(declared["currencies"]["also"])
    ever = {
        currency: max(until or date.max, date.min)
        for territory in sorted(get_global("territory_currencies"))
        for currency, _, until in sorted(_cldr_tenders(territory), key=lambda tender: tender[2] or date.max)
    }
    current = {currency.code: currency for currency in iso4217.Currency if currency.exponent is not None}
    codes = {code for code in current if code in money or code in ever}
    codes |= money | {code for code, until in ever.items() if until >= HISTORIC_SINCE}
    currencies = []
    for code in sorted(codes):
        listed = current.get(code)
        currencies.append(
            {
                "code": code,
                "numeric": f"{listed.number:03d}" if listed else None,
                "name": english.get(code) or (listed.currency_name if listed else code),
                "minor_units": listed.exponent if listed else 0 if code in without_decimals else 2,
                "is_historic": listed is None,
            }
        )
    return currencies


def list_pars(declared: Table) -> list[Table]:
    """Return the declared pars with dates as text."""
    return [
        {
            "currency": par["currency"],
            "anchor": par["anchor"],
            "since": _iso(par.get("since")),
            "until": _iso(par.get("until")),
            "reference": par["reference"],
        }
        for par in declared["pars"]
    ]


def list_pegs(declared: Table) -> list[Table]:
    """Return the declared pegs with dates as text, the pars among them at 1."""
    pars = [{**par, "value": "1"} for par in declared["pars"]]
    pegs = [
        {
            "currency": peg["currency"],
            "anchor": peg["anchor"],
            "value": peg["value"],
            "is_per_currency": peg.get("is_per_currency", False),
            "since": _iso(peg.get("since")),
            "until": _iso(peg.get("until")),
            "reference": peg["reference"],
        }
        for peg in [*declared["pegs"], *pars]
    ]
    return sorted(pegs, key=lambda peg: (peg["currency"], peg["since"] or ""))


def list_homes(declared: Table, countries: list[Table], currencies: list[Table]) -> dict[str, str]:
    """Return the home country (alpha-3) of each currency that has one: its code begins with the country's alpha-2."""
    existing = {country["alpha2"]: country for country in countries if not country["is_historic"]}
    homes = {}
    for currency in currencies:
        code = currency["code"]
        country = existing.get(code[:2])
        if country is None or code in declared["homes"]["none"]:
            continue
        if any(tender["currency"] == code for tender in country["tenders"]):
            homes[code] = country["code"]
    return homes


def names(language: str, countries: list[Table], currencies: list[Table]) -> dict[str, dict[str, str]]:
    """Return CLDR's names of our countries and currencies in a language, where it has them."""
    locale = Locale.parse(language)
    territories, money = locale.territories, locale.currencies
    return {
        "countries": {c["code"]: territories[c["alpha2"]] for c in countries if c["alpha2"] in territories},
        "currencies": {c["code"]: money[c["code"]] for c in currencies if c["code"] in money},
    }


def _names_document(translated: Mapping[str, Mapping[str, str]], english: Mapping[str, Mapping[str, str]]) -> str:
    """Return a language's names without those that are the English ones, which stand in for what is missing."""
    kept = {
        kind: {code: name for code, name in by_code.items() if name not in (english[kind].get(code), code)}
        for kind, by_code in translated.items()
    }
    return json.dumps(kept, ensure_ascii=False, indent=0, separators=(",", ":")) + "\n"


def _document(tables: Mapping[str, Any]) -> str:
    """Return JSON with one record on a line, so that a change is seen as what it is."""
    parts = []
    for name, content in tables.items():
        if isinstance(content, list):
            records = ",\n".join(json.dumps(record, ensure_ascii=False) for record in content)
            parts.append(f"{json.dumps(name)}: [\n{records}\n]")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(content, ensure_ascii=False, indent=1)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


if __name__ == "__main__":
    main()
