"""What a release says of itself: the data package, how to cite it, the dictionary of its columns, its sums."""

import json
from collections.abc import Sequence
from typing import Any, Final

from app.domain.methodology import METHODOLOGY_VERSION
from app.publish import countries
from app.publish.columns import COLUMNS, SEPARATOR, Column
from app.publish.releases import File, Release
from app.sources.source import Source

DATA_PACKAGE: Final = "datapackage.json"
CITATION: Final = "CITATION.cff"
DICTIONARY: Final = "DICTIONARY.md"
SUMS: Final = "SHA256SUMS"

TITLE: Final = "ThreePercent: the cost of sending remittances, by corridor, provider and quarter"
SYNTHETIC: Final = "Synthetic demonstration data: every price is invented, and no provider offers it. "
_ABSTRACT: Final = (
    "Quotes for sending about USD 200 and USD 500 along corridors between countries: fee, exchange-rate margin and "
    "total cost as published, with the services they are for in one vocabulary. "
)


def data_package(release: Release, sources: Sequence[Source]) -> bytes:
    """Return the Frictionless data package: every file with its columns, types, units, size and sum."""
    quotes, places = _schema(COLUMNS, ("quote_id",)), _schema(countries.COLUMNS, ("country",))
    resources: list[dict[str, Any]] = []
    for partition in release.partitions:
        name = f"quotes-{partition.period.lower()}"
        title = f"Quotes of {partition.period}"
        resources.append(_table(name, title, partition.csv, quotes))
        resources.append(
            {
                "name": f"{name}-parquet",
                "title": f"{title}, as Parquet",
                "path": partition.parquet.name,
                "format": "parquet",
                "mediatype": "application/vnd.apache.parquet",
                "bytes": partition.parquet.bytes,
                "hash": f"sha256:{partition.parquet.sha256}",
            }
        )
    resources += [_table("countries", "Countries, regions and income groups", file, places) for file in release.tables]
    return _json(
        {
            "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
            "name": f"threepercent-{release.id}",
            "title": TITLE,
            "description": (SYNTHETIC if release.is_synthetic else "") + _ABSTRACT.strip(),
            "version": release.id,
            "created": f"{release.date.isoformat()}T00:00:00Z",
            "licenses": _licences(sources),
            "sources": [
                {"title": f"{one.publisher}, {one.name}", "path": one.link, "version": one.licence} for one in sources
            ],
            "contributors": [{"title": "ThreePercent", "roles": ["publisher"]}],
            "synthetic": release.is_synthetic,
            "methodology_version": METHODOLOGY_VERSION,
            "logical_checksum": f"sha256:{release.checksum}",
            "quotes": release.quotes,
            "resources": resources,
        }
    )


def _licences(sources: Sequence[Source]) -> list[dict[str, str]]:
    found = {(one.licence, one.licence_link) for one in sources}
    return [{"title": title, "path": link} for title, link in sorted(found)]


def _table(name: str, title: str, file: File, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "type": "table",
        "title": title,
        "path": file.name,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "dialect": {"lineTerminator": "\n", "delimiter": ",", "quoteChar": '"', "doubleQuote": True},
        "schema": schema,
    }


def _schema(columns: Sequence[Column], key: tuple[str, ...]) -> dict[str, Any]:
    return {
        "fields": [
            {
                "name": column.name,
                "type": column.frictionless_type,
                "description": column.description,
                **({} if column.unit is None else {"unit": column.unit}),
                **({"trueValues": ["true"], "falseValues": ["false"]} if column.kind == "truth" else {}),
                **({"constraints": {"required": True}} if column.is_required and column.kind != "words" else {}),
            }
            for column in columns
        ],
        "missingValues": [""],
        "primaryKey": list(key),
    }


def citation(release: Release, sources: Sequence[Source]) -> bytes:
    """Return the citation file (Citation File Format 1.2.0), with the logical checksum that names the content."""
    lines = [
        "cff-version: 1.2.0",
        'message: "If you use these data, please cite this release and the sources named in it."',
        "type: dataset",
        f"title: {_quoted(TITLE)}",
        f"abstract: {_quoted((SYNTHETIC if release.is_synthetic else '') + _ABSTRACT.strip())}",
        f"version: {_quoted(release.id)}",
        f"date-released: {_quoted(release.date.isoformat())}",
        "authors:",
        "  - name: ThreePercent",
        "identifiers:",
        "  - type: other",
        f"    value: {_quoted('sha256:' + release.checksum)}",
        '    description: "Logical checksum: SHA-256 over the canonical rows"',
        "references:",
    ]
    for one in sources:
        lines += [
            "  - type: dataset",
            f"    title: {_quoted(one.name)}",
            "    authors:",
            f"      - name: {_quoted(one.publisher)}",
            f"    url: {_quoted(one.link)}",
            f"    notes: {_quoted(one.attribution)}",
        ]
    return ("\n".join(lines) + "\n").encode()


def dictionary(release: Release, sources: Sequence[Source]) -> bytes:
    """Return the data dictionary for people: every column with its type, unit and meaning."""
    lines = [f"# {TITLE}", "", f"Release {release.id}, methodology {METHODOLOGY_VERSION}.", ""]
    if release.is_synthetic:
        lines += [f"**{SYNTHETIC.strip()}**", ""]
    lines += [f"- {one.attribution}: {one.licence} ({one.licence_link or one.link})" for one in sources]
    described = ((f"{_FOLDER}/<period>.csv and .parquet", COLUMNS), (countries.FILE, countries.COLUMNS))
    for name, columns in described:
        lines += ["", f"## `{name}`", "", "| column | type | unit | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{one.name}` | {one.frictionless_type}{'' if one.is_required else ', may be empty'} "
            f"| {one.unit or ''} | {one.description}{_listed(one)} |"
            for one in columns
        ]
    return ("\n".join(lines) + "\n").encode()


_FOLDER: Final = "quotes"


def _listed(column: Column) -> str:
    return f" Several are separated by `{SEPARATOR}`." if column.kind == "words" else ""


def sums(release: Release) -> bytes:
    """Return every data file's SHA-256 as ``sha256sum --check`` reads it."""
    data = [file for partition in release.partitions for file in (partition.csv, partition.parquet)]
    return "".join(f"{file.sha256}  {file.name}\n" for file in (*data, *release.tables)).encode()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"
