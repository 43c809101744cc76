"""The survey's rows as published, with the labels that matter for a ranking read by this package's own tables."""

import csv
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path

FILES = ("rpw_2011_1Q_2013_3Q.csv", "rpw_2025_3Q_sample.csv")
CFA_WEST = {"SEN", "CIV", "MLI", "BFA", "BEN", "TGO", "NER", "GNB"}
CFA_CENTRAL = {"CMR", "GAB", "TCD", "COG", "CAF", "GNQ"}
CORRECTED_CURRENCIES = {("2011_3Q", "28653", 1): "RUB", ("2025_3Q", "1212254601", 1): "USD"}
CORRECTED_CURRENCIES |= {("2025_3Q", "1212254601", 2): "USD"}
WITHOUT_MINOR_UNITS = {"JPY", "KRW", "CLP", "XOF", "XAF", "RWF"}
# Currency sent -> countries where it is legal tender, or whose own currency is declared at par with it (1 to 1).
COMMON_CURRENCY = {
    "USD": {"USA", "ECU", "SLV", "PAN", "LBR", "ZWE"},
    "AUD": {"AUS", "TUV", "KIR"},
    "ZAR": {"ZAF", "LSO", "SWZ", "NAM", "ZWE"},
    "XOF": CFA_WEST,
    "BDT": {"BGD"},
    "BGT": {"BGD"},  # as one note spells it
}
RECEIVED = {
    "Cash": {"cash"},
    "Bank Account": {"bank_account"},
    "Bank account": {"bank_account"},
    "Own/partner Bank Account": {"bank_account"},
    "own/partner Bank Account": {"bank_account"},
    "Own/partner Bank account": {"bank_account"},
    "Own/partner bank account in receiving country": {"bank_account"},
    "ATM Network": {"atm"},
    "ATM, Bank Account": {"atm", "bank_account"},
    "Home Delivery": {"home_delivery"},
    "Home delivery": {"home_delivery"},
    "Cash, Bank Account": {"cash", "bank_account"},
    "Cash, Home Delivery": {"cash", "home_delivery"},
    "Bank Account, Home Delivery": {"bank_account", "home_delivery"},
    "Cash, Bank Account, Home Delivery": {"cash", "bank_account", "home_delivery"},
    "Door to Door, Bank Account": {"home_delivery", "bank_account"},
    "Mobile": {"mobile_wallet"},
    "Mobile wallet": {"mobile_wallet"},
    "Mobile, Cash": {"mobile_wallet", "cash"},
    "Mobile, Bank Account": {"mobile_wallet", "bank_account"},
    "Prepaid cash card": {"card"},
    "Credit Card": {"card"},
}
PAID = {
    "Cash": {"cash"},
    "Bank account transfer": {"bank_account"},
    "Mobile money": {"mobile_money"},
    "Bank account": {"bank_account"},
    "Cash to cash,Credit/debit card service": {"cash", "debit_card", "credit_card"},
    "Credit/debit card service": {"debit_card", "credit_card"},
    "Account,Card,Cash to cash": {"cash", "bank_account", "debit_card", "credit_card"},
    "Account,Cash to cash": {"cash", "bank_account"},
    "Prepaid card": {"other"},
}
ACCESS = {
    "at Branch": "branch",
    "Bank branch": "bank_branch",
    "Agent": "agent",
    "Call Center": "call_center",
    "On-line": "internet",
    "Internet": "internet",
    "Mobile phone": "mobile_phone",
}
SPEEDS = {
    "Less than one hour": "under_1_hour",
    "Same day": "same_day",
    "Next day": "next_day",
    "2 days": "2_days",
    "3-5 days": "3_5_days",
    "6 days or more": "6_days_or_more",
}
SPEED_ORDER = [*SPEEDS.values(), "unknown"]
COVERAGES = {
    "Nationwide": "nationwide",
    "Major cities": "major_cities",
    "Main city": "main_city",
    "Urban only": "urban",
    "Rural only": "rural",
    "High": "high",
    "Medium": "medium",
    "Low": "low",
}
TYPES = {
    "Money Transfer Operator": "money_transfer_operator",
    "Bank": "bank",
    "Post office": "post_office",
    "Non-Bank FI": "non_bank_fi",
    "Credit Union": "credit_union",
    "Mobile Operator": "mobile_operator",
}


@dataclass(frozen=True, eq=False)
class Tier:
    """One surveyed amount of a row: all as published, None where nothing was."""

    amount: Fraction
    currency: str
    total: Fraction
    fee: Fraction | None
    margin: Fraction | None
    rate: Fraction | None
    denomination: Fraction

    @cached_property
    def recomputed(self) -> Fraction | None:
        if self.fee is None or self.margin is None:
            return None
        return 100 * self.fee / self.amount + self.margin

    @cached_property
    def is_suspect(self) -> bool:
        return self.recomputed is not None and abs(self.recomputed - self.total) > Fraction(11, 1000)

    @cached_property
    def sound_total(self) -> Fraction:
        """What may be ranked: the larger of published and recomputed where the two disagree."""
        return max(self.total, self.recomputed) if self.is_suspect and self.recomputed is not None else self.total


@dataclass(frozen=True, eq=False)
class Row:
    period: str
    number: str
    sender: str
    receiver: str
    provider: str
    product: str
    provider_type: str
    paid_with: frozenset[str]
    access: frozenset[str]
    received: frozenset[str]
    speed: str
    coverage: str
    notes: str
    is_transparent: bool
    interbank: Fraction | None
    observed_at: str
    tiers: tuple[Tier | None, Tier | None]

    @property
    def corridor(self) -> str:
        return f"{self.sender}-{self.receiver}"

    @property
    def key(self) -> str:
        return f"{self.period}/{self.number}"

    @property
    def first(self) -> Tier:
        tier = self.tiers[0]
        assert tier is not None, f"{self.key} has no price at USD 200"
        return tier


def plain(name: str) -> str:
    """Letters and digits alone, without case and accents: equal for every spelling of one provider."""
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", name).lower())


def number(text: str | None) -> Fraction | None:
    stripped = (text or "").strip()
    return None if stripped in {"", "..", "N/A", "Not available"} else Fraction(stripped)


def minor_units(currency: str) -> int:
    return 0 if currency in WITHOUT_MINOR_UNITS else 2


def quarter(published: str) -> str:
    return re.sub(r"^(\d{4})_(\d)Q$", r"\1-Q\2", published)


@cache
def rows(folder: Path) -> tuple[Row, ...]:
    """Every row of both files, in their order."""
    found: list[Row] = []
    for name in FILES:
        with (folder / "rpw" / name).open(encoding="utf-8-sig", newline="") as lines:
            found += [_row(cells) for cells in csv.DictReader(lines)]
    return tuple(found)


@cache
def rounds(folder: Path) -> dict[tuple[str, str], tuple[Row, ...]]:
    """The rows of each corridor and quarter."""
    gathered: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows(folder):
        gathered[row.corridor, row.period].append(row)
    return {key: tuple(members) for key, members in gathered.items()}


def _row(cells: dict[str, str]) -> Row:
    product = cells.get("product", "").strip()
    return Row(
        period=quarter(cells["period"]),
        number=cells["id"],
        sender=cells["source_code"],
        receiver=cells["destination_code"],
        provider=plain(cells["firm"]),
        product=product,
        provider_type=TYPES[re.split(r"\s*/\s*", cells["firm_type"])[0]],
        paid_with=_paid_with(cells, product),
        access=_access(cells, product),
        received=_received(cells, product),
        speed=SPEEDS.get(cells["speed actual"], "unknown"),
        coverage=COVERAGES.get(cells.get("coverage", cells.get("receiving network coverage", "")), "unknown"),
        notes="\n".join(cells.get(name, "").strip() for name in ("note1", "note2")),
        is_transparent=cells["transparent"].strip().lower() == "yes",
        interbank=number(cells.get("inter lcu bank fx")),
        observed_at=_date(cells["date"]),
        tiers=(_tier(cells, 1), _tier(cells, 2)),
    )


def _tier(cells: dict[str, str], which: int) -> Tier | None:
    amount, total = number(cells[f"cc{which} lcu amount"]), number(cells[f"cc{which} total cost %"])
    if amount is None or total is None:
        return None
    currency = cells[f"cc{which} lcu code"]
    if currency == "CFA":
        assert cells["source_code"] in CFA_WEST | CFA_CENTRAL
        currency = "XOF" if cells["source_code"] in CFA_WEST else "XAF"
    return Tier(
        amount=amount,
        currency=CORRECTED_CURRENCIES.get((cells["period"], cells["id"], which), currency),
        total=total,
        fee=number(cells[f"cc{which} lcu fee"]),
        margin=number(cells[f"cc{which} fx margin"]),
        rate=number(cells[f"cc{which} lcu fx rate"]),
        denomination=Fraction(cells[f"cc{which} denomination amount"]),
    )


def _date(text: str) -> str:
    if "/" in text:
        return datetime.strptime(text, "%d/%b/%Y").date().isoformat()  # noqa: DTZ007 - a plain date
    return text[:10]


def _paid_with(cells: dict[str, str], product: str) -> frozenset[str]:
    label = cells.get("payment instrument", product)
    if label in PAID:
        return frozenset(PAID[label])
    if label.startswith("Cash to "):
        return frozenset({"cash"})
    if label.startswith("Account to "):
        return frozenset({"bank_account"})
    return frozenset({"unknown"})


def _access(cells: dict[str, str], product: str) -> frozenset[str]:
    label = cells.get("access point", cells.get("sending location", ""))
    named = frozenset(ACCESS[part] for part in label.split(",") if part in ACCESS)
    if not named:
        named = frozenset({"Online service": ["internet"], "Mobile": ["mobile_phone"]}.get(product, ["unknown"]))
    return named


def _received(cells: dict[str, str], product: str) -> frozenset[str]:
    label = cells.get("pick-up method", cells.get("pickup method", "")).strip()
    if label:
        return frozenset(RECEIVED[label])
    ending = product.split(",", maxsplit=1)[0] if product.startswith("Cash to cash") else product
    ending = re.sub(r" \((same|other) bank\)$", "", ending)
    if ending.endswith("to cash"):
        return frozenset({"cash"})
    if ending.endswith("to account"):
        return frozenset({"bank_account"})
    return frozenset({"home_delivery"} if ending.endswith("to door") else {"unknown"})
