"""Where the demonstration survey's invented prices are asked for: its corridors, currencies and amounts."""

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

GEOGRAPHY_FILE = Path(__file__).with_name("geography.toml")


@dataclass(frozen=True, slots=True)
class Country:
    """A country as the survey's sheets show it, and the currency it pays out."""

    code: str
    name: str
    region: str
    currency: str


@dataclass(frozen=True, slots=True)
class Corridor:
    """One surveyed pair; ``amounts`` are the two tiers in hundredths of ``currency``, ``rate`` the mid-market rate.

    ``rank`` in 0..65535 says how dear fees are here among all corridors, ``margin_rank`` the same for margins;
    ``weight`` how many services it has against the others.
    """

    sending: Country
    receiving: Country
    currency: str
    amounts: tuple[int, int]
    rate: Decimal
    rank: int
    margin_rank: int
    weight: int

    @property
    def id(self) -> str:
        """Return ``GBR-PHL``."""
        return f"{self.sending.code}-{self.receiving.code}"

    @property
    def is_one_currency(self) -> bool:
        """Whether what is sent is also what is paid out, so that no margin exists."""
        return self.currency == self.receiving.currency


# Steps of low-discrepancy sequences (65536 over the golden ratio, over the plastic number): however many corridors
# are taken, their ranks cover the whole range evenly.
_RANK_STEP = 40503
_MARGIN_RANK_STEP = 49471
_WEIGHTS = (9, 14, 6, 11, 21, 8, 12, 5, 17, 10, 28, 7, 13)


@cache
def corridors() -> tuple[Corridor, ...]:
    """Return every declared corridor, the demonstration's own first."""
    data = tomllib.loads(GEOGRAPHY_FILE.read_text(encoding="utf-8"))
    rates = {code: Decimal(rate) for code, rate in data["rates"].items()}
    countries = all_countries()
    wanted = dict.fromkeys(data["demonstration"].split())
    wanted.update(
        dict.fromkeys(f"{sending}-{code}" for sending, codes in data["receivers"].items() for code in codes.split())
    )
    found = []
    for position, corridor in enumerate(wanted):
        sending, receiving = (countries[code] for code in corridor.split("-"))
        currency, small, large = data["senders"][sending.code]
        found.append(
            Corridor(
                sending=sending,
                receiving=receiving,
                currency=currency,
                amounts=(int(small) * 100, int(large) * 100),
                rate=rates[receiving.currency] / rates[currency],
                rank=(position + 1) * _RANK_STEP % 65536,
                margin_rank=(position + 1) * _MARGIN_RANK_STEP % 65536,
                weight=_WEIGHTS[position % len(_WEIGHTS)],
            )
        )
    return tuple(found)


@cache
def all_countries() -> dict[str, Country]:
    """Return every declared country by code."""
    data = tomllib.loads(GEOGRAPHY_FILE.read_text(encoding="utf-8"))
    return {code: Country(code, *facts) for code, facts in data["countries"].items()}
