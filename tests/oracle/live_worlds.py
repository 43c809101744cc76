"""Tariff files of this package's own: every kind of fee at its edges, the ECB's hour, old fixings, and twins.

Nothing here is anybody's price. The files say that they are not synthetic only because the ECB's rates and synthetic
tariffs never meet in one database.
"""

import csv
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.oracle.live_tariffs import Rates

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CURRENCIES = {"USD": "1.09", "GBP": "0.85", "JPY": "164.5", "INR": "91.2", "PHP": "61.5", "MXN": "19.9"}
PAIRS = {
    "GBR-PHL": ("GBP", "PHP"),
    "USA-MEX": ("USD", "MXN"),
    "FRA-SEN": ("EUR", "XOF"),
    "USA-KEN": ("USD", "KES"),
    "ARE-IND": ("AED", "INR"),
    "JPN-PHL": ("JPY", "PHP"),
    "KWT-IND": ("KWD", "INR"),
    "USA-SLV": ("USD", "USD"),
}
LAST_KNOWN = {
    "USA-MEX": Fraction(18),
    "GBR-PHL": Fraction(72),
    "ARE-IND": Fraction(23),
    "JPN-PHL": Fraction("0.37"),
}
UNQUOTED = {"USA-KEN": Fraction(129), "KWT-IND": Fraction(272)}
MEANS = (["cash"], ["bank_account"], ["debit_card"], ["cash", "bank_account"], ["unknown"])
SPEEDS = ("under_1_hour", "same_day", "next_day", "2_days", "3_5_days", "6_days_or_more", "unknown")
AGES = (
    timedelta(minutes=20),
    timedelta(hours=1),
    timedelta(hours=7),
    timedelta(hours=24),
    timedelta(days=3),
    timedelta(days=6, hours=23),
    timedelta(days=7),
    timedelta(days=9),
)

Quote = dict[str, Any]


def write_ecb(path: Path, seed: int) -> None:
    """A table like the ECB's: no weekends, some currencies missing for some days, the pound for the last ten."""
    chance = random.Random(seed)
    days = [NOW.date() - timedelta(days=back) for back in range(40)]
    with path.open("w", encoding="utf-8", newline="") as text:
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(["Date", *CURRENCIES, ""])
        for day in days:
            if day.weekday() < 5:
                said = [f"{float(value) * chance.uniform(0.99, 1.01):.6g}" for value in CURRENCIES.values()]
                gaps = [chance.random() < 0.15 or (code == "MXN" and day.day in range(9, 18)) for code in CURRENCIES]
                lines.writerow([day, *("N/A" if gap else one for gap, one in zip(gaps, said, strict=True)), ""])


def write_tariffs(path: Path, quotes: list[Quote]) -> None:
    head = {"format": "threepercent-tariffs-1", "synthetic": False, "reviewed_by": "Nobody"}
    path.write_text(json.dumps({**head, "reviewed_on": str(NOW.date()), "quotes": quotes}), "utf-8")


def keep_corridors_from(country: str, path: Path) -> None:
    """Leave in a tariff file what is sent from one country."""
    document = json.loads(path.read_text("utf-8"))
    document["quotes"] = [quote for quote in document["quotes"] if quote["corridor"].startswith(country)]
    path.write_text(json.dumps(document), "utf-8")


def edges(rates: Rates, seed: int, each: int = 25) -> Iterator[Quote]:
    """So many tariffs for each corridor, with jumps in fees and rates; all say their rate."""
    chance = random.Random(seed)
    for corridor, (sending, receiving) in PAIRS.items():
        found = UNQUOTED.get(corridor) or rates.mid(sending, receiving, NOW - timedelta(days=1))
        mid = found or LAST_KNOWN[corridor]
        size = _size(sending, rates)
        for number in range(each):
            observed = _observed(chance)
            quote = _quote(f"{corridor}-{number}", corridor, (sending, receiving), observed)
            quote |= {"payment_instruments": chance.choice(MEANS), "transfer_speed": chance.choice(SPEEDS)}
            quote |= {"fee_mode": chance.choice(["on_top", "deducted"])}
            quote |= _limits(chance, size) | _fee(chance, size) | _rate(chance, size, mid, receiving == sending)
            if quote.get("valid_until", "9") <= quote["observed_at"]:
                quote["valid_until"] = None
            yield _begun_at_its_limit(quote)


def _size(currency: str, rates: Rates) -> int:
    """About 100 dollars in whole units."""
    value = rates.value(currency, NOW)
    return 30 if value is None else max(round(90 * value), 1)


def _observed(chance: random.Random) -> datetime:
    if chance.random() < 0.4:  # around the hour of the ECB's fixing
        day = NOW.date() - timedelta(days=chance.randint(1, 6))
        return datetime(day.year, day.month, day.day, 13, chance.choice([14, 15, 16]), tzinfo=UTC)
    return NOW - chance.choice(AGES)


def _quote(name: str, corridor: str, pair: tuple[str, str], observed: datetime) -> Quote:
    provider = f"provider-{name.lower()}"
    return {
        "external_id": name,
        "provider": provider,
        "provider_name": provider.replace("-", " ").title(),
        "provider_type": "money_transfer_operator",
        "corridor": corridor,
        "sending_currency": pair[0],
        "receiving_currency": pair[1],
        "payment_instruments": ["bank_account"],
        "access_points": ["internet"],
        "receiving_methods": ["bank_account"],
        "transfer_speed": "same_day",
        "customer": "unknown",
        "observed_at": f"{observed:%Y-%m-%dT%H:%M:%SZ}",
        "evidence": {
            "url": "https://example.com/prices",
            "retrieved_on": str(observed.date()),
            "page_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        },
    }


def _limits(chance: random.Random, size: int) -> Quote:
    said: Quote = {"min_amount": size} if chance.random() < 0.3 else {}
    if chance.random() < 0.7:
        said["max_amount"] = size * chance.choice([10, 40])
    if chance.random() < 0.2:
        ends = NOW + chance.choice([timedelta(hours=-1), timedelta(0), timedelta(seconds=1), timedelta(days=2)])
        said["valid_until"] = f"{ends:%Y-%m-%dT%H:%M:%SZ}"
    return said


def _fee(chance: random.Random, size: int) -> Quote:
    kind = chance.choice(["amount", "percent", "whole", "whole", "bounded", "marginal"])
    fee: Quote = {"kind": "schedule"}
    if kind == "amount":
        return {"fee": {"kind": "amount", "amount": max(size // 25, 1), "at_amount": size * 2}}
    if kind == "percent":
        return {"fee": {"kind": "percent", "percent": chance.choice([0, "0.7", "2.5"])}}
    marks = [0, size * 2, size * 7]
    if kind == "whole":
        fee["bands"] = [{"from": m, "fixed": chance.randint(0, max(size // 20, 1))} for m in marks]
    elif kind == "bounded":
        fee["bands"] = [{"from": 0, "percent": 2, "minimum": max(size // 30, 1), "maximum": max(size // 8, 2)}]
    else:
        fee |= {"marginal": True, "bands": [{"from": m, "percent": chance.choice(["0.4", "1", "2"])} for m in marks]}
        fee["bands"][0]["fixed"] = chance.choice([0, max(size // 50, 1)])
    return {"fee": fee}


def _rate(chance: random.Random, size: int, mid: Fraction, is_one_currency: bool) -> Quote:  # noqa: FBT001 - a fact
    if is_one_currency:
        return {"offered_rate": 1}
    drawn = chance.random()
    rate = float(mid) * chance.uniform(0.95, 1.005)
    if drawn < 0.7:
        return {"offered_rate": f"{rate:.6f}"}
    steps = [(0, rate), (size * 5, rate * chance.choice([0.995, 1.01]))]
    return {"offered_rates": [{"from": start, "rate": f"{one:.6f}"} for start, one in steps]}


def _begun_at_its_limit(quote: Quote) -> Quote:
    """An amount known at one place has no limits beside it."""
    if quote["fee"]["kind"] == "amount":
        quote.pop("min_amount", None)
        quote.pop("max_amount", None)
    return quote


TWINS: dict[str, tuple[Quote, Quote]] = {
    "flat": (
        {"kind": "schedule", "bands": [{"from": 0, "fixed": 5}]},
        {"kind": "schedule", "bands": [{"from": 0, "fixed": 5}]},
    ),
    "share": ({"kind": "percent", "percent": "2.4"}, {"kind": "percent", "percent": "2.34375"}),
    "both": (
        {"kind": "schedule", "bands": [{"from": 0, "fixed": 4, "percent": 25}]},
        {"kind": "schedule", "bands": [{"from": 0, "fixed": "3.2", "percent": 20}]},
    ),
    "slices": (
        {"kind": "schedule", "marginal": True, "bands": [{"from": 0, "percent": "2.4"}, {"from": 1000, "percent": 0}]},
        {
            "kind": "schedule",
            "marginal": True,
            "bands": [{"from": 0, "percent": "2.34375"}, {"from": 1024, "percent": 0}],
        },
    ),
    "bounds": (
        {"kind": "schedule", "bands": [{"from": 0, "percent": "2.4", "minimum": 3, "maximum": 12}]},
        {"kind": "schedule", "bands": [{"from": 0, "percent": "2.34375", "minimum": 3, "maximum": 12}]},
    ),
}
"""Smooth tariffs in both fee modes: F of what is changed, and the same F of what is paid."""


def twins(corridor: str) -> Iterator[Quote]:
    pair = PAIRS[corridor]
    for place, (name, fees) in enumerate(TWINS.items()):
        for mode, fee in zip(("on_top", "deducted"), fees, strict=True):
            quote = _quote(f"{name}-{mode.replace('_', '-')}", corridor, pair, NOW - timedelta(hours=2))
            rate = f"{71 - place / 10:.1f}" if corridor == "GBR-PHL" else f"{18 - place / 10:.1f}"
            means = ["cash"] if corridor == "USA-MEX" else ["bank_account"]
            yield quote | {"fee_mode": mode, "fee": fee, "offered_rate": rate, "payment_instruments": means}


def silent(corridor: str) -> Iterator[Quote]:
    """Two tariffs with a rate and one that does not say it."""
    for name, rate in (("said", "650"), ("also-said", "652"), ("silent", None)):
        quote = _quote(name, corridor, PAIRS[corridor], NOW - timedelta(hours=2))
        quote |= {"fee_mode": "on_top", "fee": {"kind": "percent", "percent": 1}}
        yield quote | ({} if rate is None else {"offered_rate": rate})
