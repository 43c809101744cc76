"""Invented live tariffs, in the format of docs/tariff-files.md: every kind of fee, both fee modes, some ending today.

They are observed on the day before the one that they are made for, so that none lies ahead of whoever reads them.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from app import reference
from app.demo.draws import draws, pick, quantile
from app.demo.files import appearing
from app.demo.geography import Corridor, corridors
from app.demo.prices import round_step, six_digits
from app.demo.rates import published_rate, weekdays_before
from app.demo.services import BANK, MOBILE, MONEY_TRANSFER, POST, PROVIDERS
from app.demo.targets import FEE_PERCENT, POSITIVE_MARGIN
from app.domain.providers import provider_id

DEFAULT_TARIFFS = 600
FORMAT = "threepercent-tariffs-1"
_MILLION = 1_000_000
_MOST_TIMES = 40
"""The largest amount, in surveyed amounts."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scale:
    """What one tariff is made of: the corridor's small amount, a round fee for it and about half of that fee.

    All in the sending currency; ``rate`` is what the provider offers, ``mid`` the reference rate, and
    ``less`` by what share of it similar providers differ.
    """

    amount: Decimal
    fee: Decimal
    half: Decimal
    rate: Decimal
    mid: Decimal
    less: Decimal


def _flat(scale: Scale) -> Document:
    """Write one fee for every amount, on top."""
    bands = [{"from": 0, "fixed": _text(scale.fee)}]
    return {"fee_mode": "on_top", "fee": {"kind": "schedule", "bands": bands}, "offered_rate": _rate(scale.rate)}


def _marginal(scale: Scale) -> Document:
    """Write a share of each slice, deducted."""
    bands = [
        {"from": 0, "percent": "1.2"},
        {"from": _text(scale.amount * 4), "percent": "0.8"},
        {"from": _text(scale.amount * 15), "percent": "0.45"},
    ]
    fee = {"kind": "schedule", "marginal": True, "bands": bands}
    return {"fee_mode": "deducted", "fee": fee, "offered_rate": _rate(scale.mid * (Decimal("0.9985") - scale.less))}


def _no_fee(scale: Scale) -> Document:
    """Write no fee, and a margin instead."""
    fee = {"kind": "percent", "percent": 0}
    return {"fee_mode": "on_top", "fee": fee, "offered_rate": _rate(scale.mid * (Decimal("0.968") - scale.less))}


def _whole(scale: Scale) -> Document:
    """Write bands that price the whole amount, with bounds, on top."""
    bands = [
        {"from": 0, "fixed": _text(scale.fee)},
        {
            "from": _text(scale.amount * 2),
            "fixed": _text(scale.half),
            "percent": "1",
            "minimum": _text(scale.fee),
            "maximum": _text(scale.fee * 6),
        },
    ]
    return {"fee_mode": "on_top", "fee": {"kind": "schedule", "bands": bands}, "offered_rate": _rate(scale.rate)}


def _better_for_more(scale: Scale) -> Document:
    """Write a rate that is better for larger amounts, and a deducted fee in bands."""
    bands = [
        {"from": 0, "fixed": _text(scale.half), "percent": "0.3"},
        {"from": _text(scale.amount * 5), "percent": "0.3"},
    ]
    rates = [
        {"from": 0, "rate": _rate(scale.rate)},
        {"from": _text(scale.amount * 3), "rate": _rate((scale.rate + scale.mid) / 2)},
    ]
    fee = {"kind": "schedule", "bands": bands}
    return {"fee_mode": "deducted", "fee": fee, "offered_rates": rates, "min_amount": _text(scale.fee)}


def _share(scale: Scale) -> Document:
    """Write a percentage of the amount, on top."""
    fee = {"kind": "percent", "percent": "2.5"}
    return {"fee_mode": "on_top", "fee": fee, "offered_rate": _rate(scale.mid * (Decimal("0.9975") - scale.less))}


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to send and receive, with the price that goes with it; ``ends_today``: it is valid until then only."""

    price: Callable[[Scale], Document]
    label: str
    provider_type: str
    instruments: tuple[str, ...]
    access: tuple[str, ...]
    receiving: tuple[str, ...]
    speed: str
    customer: str = "unknown"
    ends_today: bool = False


_ONLINE, _ACCOUNT = ("internet", "mobile_phone"), ("bank_account",)
_OPERATOR = "money_transfer_operator"
KINDS = (
    Kind(
        _flat, MONEY_TRANSFER, _OPERATOR, ("debit_card", "credit_card"), _ONLINE, ("bank_account", "cash"), "same_day"
    ),
    Kind(_marginal, MONEY_TRANSFER, _OPERATOR, _ACCOUNT, ("internet",), _ACCOUNT, "under_1_hour"),
    Kind(_no_fee, MONEY_TRANSFER, _OPERATOR, ("debit_card",), ("mobile_phone",), ("mobile_wallet",), "under_1_hour"),
    Kind(_whole, MONEY_TRANSFER, _OPERATOR, ("cash",), ("agent",), ("cash",), "under_1_hour"),
    Kind(_better_for_more, BANK, "bank", _ACCOUNT, ("internet", "bank_branch"), _ACCOUNT, "3_5_days"),
    Kind(_flat, POST, "post_office", ("cash",), ("post_office",), ("cash", "home_delivery"), "2_days", ends_today=True),
    Kind(_share, MOBILE, "mobile_operator", ("mobile_money",), ("mobile_phone",), ("mobile_wallet",), "same_day"),
    Kind(_no_fee, MONEY_TRANSFER, _OPERATOR, _ACCOUNT, _ONLINE, _ACCOUNT, "next_day", "new", ends_today=True),
    Kind(_better_for_more, MONEY_TRANSFER, _OPERATOR, _ACCOUNT, ("internet",), ("cash",), "next_day", "returning"),
    Kind(_marginal, BANK, "bank", _ACCOUNT, ("internet",), _ACCOUNT, "next_day"),
)


def write_tariffs(path: Path, rows: int, seed: int, on: date) -> None:
    """Write so many tariffs for a day: a function of its arguments. The file appears when it is complete."""
    head = {"format": FORMAT, "synthetic": True, "reviewed_by": "Demonstration generator", "reviewed_on": str(on)}
    with appearing(path) as unfinished, unfinished.open("w", encoding="utf-8") as text:
        text.write(json.dumps(head)[:-1] + ', "quotes": [')
        for number, tariff in enumerate(tariffs(rows, seed, on)):
            text.write(",\n" if number else "\n")
            text.write(json.dumps(tariff))
        text.write("\n]}\n")


def tariffs(rows: int, seed: int, on: date) -> Iterator[Document]:
    """Yield so many tariffs: each corridor has every kind before the next begins, and all more where rows remain."""
    known = reference.load().currencies
    declared = [
        corridor
        for corridor in corridors()
        if not any(known[code].is_historic for code in (corridor.currency, corridor.receiving.currency))
    ]
    for number in range(rows):
        corridor, nth = divmod(number, len(KINDS))
        turn, corridor = divmod(corridor, len(declared))
        yield _tariff(declared[corridor], nth, turn, seed, on)


def _tariff(corridor: Corridor, nth: int, turn: int, seed: int, on: date) -> Document:
    kind = KINDS[nth]
    service = draws(f"{seed}/tariff/{corridor.id}/{nth}/{turn}")
    now = draws(f"{seed}/tariff/{corridor.id}/{nth}/{turn}/{on}")
    names = PROVIDERS[kind.label]
    provider = names[(pick(range(len(names)), service[0]) + nth) % len(names)]
    slug = provider_id(provider)
    observed_on = on - timedelta(days=1)
    observed_at = datetime.combine(observed_on, time(6), UTC) + timedelta(minutes=pick(range(17 * 60), now[1]))
    ends = f"{on}T{pick(range(6, 24), service[2]):02d}:00:00Z" if kind.ends_today else None
    page = f"Demonstration tariff {corridor.id} {nth} {turn} of {on}"
    return {
        "external_id": f"tariff-{nth}-{turn}",
        "provider": slug,
        "provider_name": provider,
        "provider_type": kind.provider_type,
        "corridor": corridor.id,
        "sending_currency": corridor.currency,
        "receiving_currency": corridor.receiving.currency,
        "payment_instruments": kind.instruments,
        "access_points": kind.access,
        "receiving_methods": kind.receiving,
        "transfer_speed": kind.speed,
        "customer": kind.customer,
        "observed_at": f"{observed_at:%Y-%m-%dT%H:%M:%SZ}",
        "valid_until": ends,
        "max_amount": _text(Decimal(corridor.amounts[0]) / 100 * _MOST_TIMES),
        "evidence": {
            "url": f"https://{slug}.example/prices",
            "retrieved_on": str(observed_on),
            "page_sha256": sha256(page.encode()).hexdigest(),
        },
        **_price(kind, corridor, _scale(corridor, service, observed_on)),
    }


def _price(kind: Kind, corridor: Corridor, scale: Scale) -> Document:
    """Return the price of a kind; where one currency is sent and paid out nothing is exchanged."""
    price = kind.price(scale)
    if corridor.is_one_currency:
        price.pop("offered_rates", None)
        price["offered_rate"] = 1
    return price


def _scale(corridor: Corridor, service: tuple[int, ...], observed_on: date) -> Scale:
    """Return a tariff's sizes: fee and margin as widely spread as the survey's."""
    amount = corridor.amounts[0]
    step = round_step(amount)
    fee = max(quantile(FEE_PERCENT, service[3]) * amount // _MILLION // step, 1) * step
    margin = quantile(POSITIVE_MARGIN, service[4])
    # A day's fixing is known from the next day on.
    fixed = next(weekdays_before(observed_on - timedelta(days=1), 1))
    sending, receiving = corridor.currency, corridor.receiving.currency
    mid = Decimal(published_rate(receiving, fixed)) / Decimal(published_rate(sending, fixed))
    rate = mid * (_MILLION - margin) / _MILLION
    less = Decimal(pick(range(80), service[5])) / 10_000
    half = max(fee // 2 // step, 1) * step
    return Scale(Decimal(amount) / 100, Decimal(fee) / 100, Decimal(half) / 100, rate, mid, less)


def _text(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _rate(rate: Decimal) -> str:
    return six_digits(rate)
