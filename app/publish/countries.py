"""The classification of countries that a release carries, so that its breakdowns stay the same for ever."""

import csv
import os
from pathlib import Path
from typing import Final

from app import reference
from app.publish.columns import Column

FILE: Final = "countries.csv"

COLUMNS: Final = (
    Column("country", "text", "ISO 3166-1 alpha-3 code; Kosovo is XKX."),
    Column("name", "text", "The country's name in English (Unicode CLDR)."),
    Column("region", "text", "The World Bank's region; empty where it has none.", is_required=False),
    Column("income_group", "text", "The World Bank's income group; empty where it has none.", is_required=False),
)


def write(path: Path) -> None:
    """Write every country with its region and income group, by code."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in COLUMNS])
        for code, country in sorted(reference.load().countries.items()):
            writer.writerow([code, country.name, country.region or "", country.income_group or ""])
        file.flush()
        os.fsync(file.fileno())
