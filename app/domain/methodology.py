"""The declared rules and parameters, each dated and with its reference: targets, survey rules, exclusions."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction

from app.domain.vocabulary import (
    Evidence,
    NetworkCoverage,
    PaymentInstrument,
    ReceivingMethod,
    TransferSpeed,
)

METHODOLOGY_VERSION = "1"

TARGET_PERCENT = Fraction(3)
"""SDG 10.c: transaction costs of migrant remittances below 3 % by 2030. https://unstats.un.org/sdgs/metadata/"""

CEILING_PERCENT = Fraction(5)
"""SDG 10.c: no corridor with costs higher than 5 %. https://unstats.un.org/sdgs/metadata/"""

SUSPECT_ABOVE_PERCENTAGE_POINTS = Decimal("0.011")
"""The survey rounds fee %, margin % and total to two decimals: parts may miss the total by 0.01 (own rule)."""

OBSERVED_WITHIN = Fraction(1, 100)
"""A published percentage stands for amounts within 1 % of the surveyed one (own rule)."""

RECOMPUTED_SHOWN_ABOVE_PERCENTAGE_POINTS = Fraction(5, 100)
"""A corridor's recomputed average is shown beside the published one where they differ by more (own rule)."""

CURRENT_ROUND_MONTHS = 12
"""A survey's newest round is current until this many months after its quarter ended (own rule)."""

SURVEYED_AMOUNT_USD = (Decimal(150), Decimal(250))
"""A surveyed amount outside this range in dollars has drifted from its nominal USD 200 (own rule)."""


@dataclass(frozen=True, slots=True)
class MarginNotMeasured:
    """A sending country whose survey rows record no exchange-rate margin, up to and including a quarter."""

    sending_country: str
    until_period: str
    reference: str


MARGINS_NOT_MEASURED = (
    MarginNotMeasured(
        "RUS",
        "2021-Q4",
        "Remittance Prices Worldwide, Methodology: Russian corridors are priced in roubles without the margin "
        "and are left out of the global average.",
    ),
)


@dataclass(frozen=True, slots=True)
class SmartRule:
    """Which services qualify for the Smart Remitter Target, and how many are averaged.

    The rule (three cheapest, transparent, five days, coverage) is the World Bank's; the thresholds of coverage are
    unpublished and ours, so that the figure is named an estimate.
    """

    services: int = 3
    max_speed: TransferSpeed = TransferSpeed.THREE_TO_FIVE_DAYS
    low_coverage: tuple[NetworkCoverage, ...] = (
        NetworkCoverage.LOW,
        NetworkCoverage.MAIN_CITY,
        NetworkCoverage.URBAN,
        NetworkCoverage.RURAL,
    )
    coverage_not_asked_of: tuple[ReceivingMethod, ...] = (
        ReceivingMethod.BANK_ACCOUNT,
        ReceivingMethod.MOBILE_WALLET,
        ReceivingMethod.CARD,
    )
    one_per_provider: bool = False


SMART_RULE = SmartRule()


LIVE_FOR = timedelta(hours=1)
RECENT_FOR = timedelta(hours=24)
STALE_AFTER = timedelta(days=7)
"""How long a live price is called live and recent, and from which age it is ranked no more (own rule)."""

LIVE_PROVIDERS = 2
"""So many providers with live prices make live the default basis of a corridor (own rule)."""

SOURCES_DISAGREE_ABOVE = Fraction(1, 100)
"""Two sources of one service disagree where what they say differs by more than this share (own rule)."""

REFERENCE_RATE_DAYS = 7
"""A reference rate stands for this many days after its own (own rule)."""

DEFAULT_LIVE_AMOUNT_USD = Fraction(200)
DEFAULT_LIVE_AMOUNT_DIGITS = 2
"""Where nothing is asked, a live answer is about this much, at the reference rate, to two digits (own rule)."""

ECB_FIXES_AT = time(13, 15)
"""UTC. The ECB fixes at 14:15 in Frankfurt, which in summer is an hour earlier: late is safe (own rule)."""

GRACE = timedelta(hours=1)
"""How long after it was due a publication counts as missed: longer than the retries of one due instant take
(own rule)."""

NEWEST_OBSERVED_WITHIN = timedelta(hours=24)
"""How old a source's newest observation may be before its answers count as old, however new they are (own rule)."""

SPEED_UP_TO_HOURS = (
    (1, TransferSpeed.UNDER_1_HOUR),
    (12, TransferSpeed.SAME_DAY),
    (24, TransferSpeed.NEXT_DAY),
    (48, TransferSpeed.TWO_DAYS),
    (120, TransferSpeed.THREE_TO_FIVE_DAYS),
)
"""The longest duration, in hours and included, of each speed; what takes longer is ``6_days_or_more``.

A duration passes midnight once for each begun day, so 24 hours end on the next day at the latest, 48 on the one after.
Up to half a day counts as the same day, which is how providers put it (own rule).
"""

EVIDENCE_PRECEDENCE = (
    Evidence.PROVIDER_API,
    Evidence.PARTNER,
    Evidence.PUBLISHED_TARIFF,
    Evidence.MANUAL,
    Evidence.SURVEY,
    Evidence.AGGREGATOR_ESTIMATE,
)
"""Which source speaks for a service that several describe: the provider, then an independent collector, then a
competing aggregator (own rule)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderTax:
    """A tax on the sender: ``percent`` of the principal where it is paid with one of ``payment_instruments``.

    ``since`` and ``until`` are days, both included; ``until`` null: in force.
    """

    name: str
    sending_country: str
    percent: Fraction
    payment_instruments: tuple[PaymentInstrument, ...]
    since: date
    until: date | None
    reference: str

    def holds(self, on: date) -> bool:
        """Say whether it is due on that day."""
        return self.since <= on and (self.until is None or on <= self.until)


SENDER_TAXES = (
    SenderTax(
        name="Excise tax on remittance transfers",
        sending_country="USA",
        percent=Fraction(1),
        payment_instruments=(PaymentInstrument.CASH,),
        since=date(2026, 1, 1),
        until=None,
        reference="26 USC 4475 (Public Law 119-21, section 70604): 1 % of a transfer that is funded with cash, a money "
        "order, a cashier's check or the like, and sent after 2025-12-31",
    ),
)


def margin_is_measured(sending_country: str, period: str | None) -> bool:
    """Say whether the survey measured margins of this sending country (ISO alpha-3) in this quarter."""
    return not any(
        rule.sending_country == sending_country and period is not None and period <= rule.until_period
        for rule in MARGINS_NOT_MEASURED
    )
