"""The declared rules and parameters, each dated and with its reference: targets, survey rules, exclusions."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from app.domain.vocabulary import NetworkCoverage, ReceivingMethod, TransferSpeed

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


def margin_is_measured(sending_country: str, period: str | None) -> bool:
    """Say whether the survey measured margins of this sending country (ISO alpha-3) in this quarter."""
    return not any(
        rule.sending_country == sending_country and period is not None and period <= rule.until_period
        for rule in MARGINS_NOT_MEASURED
    )
