"""What a transfer costs: the formulas of METHODOLOGY (One price), exact, in both fee modes.

P is the principal (the amount that is converted), F the fee, T = P + F what the sender pays, r the offered rate and m
the mid-market rate (receiving currency per 1 sending), g the margin in percent.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from app.domain.methodology import CEILING_PERCENT, TARGET_PERCENT
from app.domain.vocabulary import AmountTier, FeeMode, FxMarginStatus, PriceBasis


def fx_margin_percent(offered_rate: Fraction, mid_market_rate: Fraction) -> Fraction:
    """Return g = 100·(m − r)/m; above 0 is worse for the sender, below 0 better than the mid-market rate."""
    return 100 * (mid_market_rate - offered_rate) / mid_market_rate


def total_cost(principal: Fraction, fee: Fraction, margin_percent: Fraction) -> Fraction:
    """Return T − P·r/m = F + P·g/100, in the sending currency."""
    return fee + principal * margin_percent / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One offer solved for one amount: money in major units of ``currency``, exact; null where it is not known.

    ``tax`` is the sender's, which the provider only collects: no part of the cost, but of what the sender pays.
    ``total_cost_low`` and ``_high`` (money) and their percentages bound an interpolated price; elsewhere they are the
    cost itself; ``fee_bounds`` are the steps between which an interpolated fee lies. ``tier`` is the survey tier that
    was observed at this very amount, null for anything else.
    """

    basis: PriceBasis
    currency: str
    receiving_currency: str | None
    fee_mode: FeeMode
    principal: Fraction
    fee: Fraction
    fx_margin_percent: Fraction | None
    total_cost: Fraction | None
    total_cost_low: Fraction | None
    total_cost_high: Fraction | None
    total_cost_percent_low: Fraction | None
    total_cost_percent_high: Fraction | None
    offered_rate: Fraction | None
    mid_market_rate: Fraction | None
    published_total_percent: Decimal | None
    is_total_suspect: bool
    fx_margin_status: FxMarginStatus | None
    tier: AmountTier | None
    quote_ids: tuple[UUID, ...]
    tax: Fraction = Fraction(0)
    fee_bounds: tuple[Fraction, Fraction] | None = None

    @property
    def total_paid(self) -> Fraction:
        """T = P + F: what the provider takes."""
        return self.principal + self.fee

    @property
    def sender_pays(self) -> Fraction:
        """T + tax: all that leaves the sender's pocket."""
        return self.total_paid + self.tax

    @property
    def fee_percent(self) -> Fraction:
        """100·F/P."""
        return 100 * self.fee / self.principal

    @property
    def recipient_gets(self) -> Fraction | None:
        """P·r in the receiving currency; null where no rate was recorded."""
        return None if self.offered_rate is None else self.principal * self.offered_rate

    @property
    def recipient_gets_bounds(self) -> tuple[Fraction, Fraction] | None:
        """The least and the most that is received for the same total paid, where the fee is interpolated."""
        gets, bounds = self.recipient_gets, self.fee_bounds
        if gets is None or bounds is None:
            return None if gets is None else (gets, gets)
        per_principal = self.sender_pays - self.fee  # principal and the tax on it
        return gets * (self.sender_pays - bounds[1]) / per_principal, gets * (
            self.sender_pays - bounds[0]
        ) / per_principal

    @property
    def sender_pays_bounds(self) -> tuple[Fraction, Fraction]:
        """The least and the most that is paid for the same principal, where the fee is interpolated."""
        low, high = self.fee_bounds or (self.fee, self.fee)
        return self.sender_pays - self.fee + low, self.sender_pays - self.fee + high

    @property
    def total_cost_percent(self) -> Fraction | None:
        """100·total_cost/P, the survey's convention: indicators, SmaRT, SDG 10.c."""
        return None if self.total_cost is None else 100 * self.total_cost / self.principal

    @property
    def cost_of_total_paid_percent(self) -> Fraction | None:
        """100·total_cost/T: the same for a tariff whether its fee is on top or deducted."""
        return None if self.total_cost is None else 100 * self.total_cost / self.total_paid


@dataclass(frozen=True, slots=True)
class ThreePercentTest:
    """A cost against the two thresholds of SDG 10.c; ``is_official`` only at the USD 200 tier of a survey."""

    meets_target: bool
    within_ceiling: bool
    gap_percentage_points: Fraction
    is_official: bool


def three_percent_test(price: Price) -> ThreePercentTest | None:
    """Return the test of a price: below 3 %, at most 5 %, and the gap (cost − 3; positive is too dear)."""
    cost = price.total_cost_percent
    if cost is None:
        return None
    return ThreePercentTest(
        meets_target=cost < TARGET_PERCENT,
        within_ceiling=cost <= CEILING_PERCENT,
        gap_percentage_points=cost - TARGET_PERCENT,
        is_official=price.tier is AmountTier.USD_200,
    )
