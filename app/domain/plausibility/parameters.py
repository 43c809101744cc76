"""The thresholds by which pushed quotes are judged: dated, each with what it rests on (docs/judgement.md)."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """All thresholds in force from a day on; they are our own [O], with the survey of 2011-Q1 to 2013-Q3 as evidence.

    *Survey*: 19,629 rows, of whose margins 14,102 are not zero. What exceeds a ``usual_`` bound is flagged, what
    exceeds a ``plausible_`` one waits for a person.
    """

    since: date

    usual_margin_percent: tuple[Decimal, Decimal]
    """Of the survey's margins 0.4 % are below -3 and 0.3 % above 15."""

    plausible_margin_percent: tuple[Decimal, Decimal]
    """Of the survey's margins 23 are below -5 and 10 above 25: a false one would be ranked first, or spoil a name."""

    inverted_within_percent: Decimal
    """How near to the reference rate a rate must come when it is turned round, to be called inverted."""

    usual_rate_change_percent: Decimal
    """Of the ECB's fixings since 1999, each against that of 21 fixings before, 0.6 % moved by more than 10 %."""

    plausible_rate_change_percent: Decimal
    """Of the same fixings 0.05 % moved by more than 25 %. A rate that did waits for a person, unless its margin against
    the reference rate is usual: then the market moved with it."""

    usual_fee_percent: Decimal
    """Of the survey's fees for USD 200 2.7 % are above 25 % of the amount."""

    plausible_fee_percent: Decimal
    """Of the survey's fees for USD 200 30 of 19,623 are above 40 % of the amount; for USD 500 none is."""

    usual_fee_change: int
    """A fee of this many times the one before, or more, or the same part of it, is a digit lost or a new price list."""

    plausible_fee_change: int
    """One digit lost, or a point moved."""

    fee_change_percent: Decimal
    """Changes of a fee by no more than this share of the amount harm nobody: they are not judged."""

    clocks_differ_by: timedelta
    """So much ahead of ours a partner's clock may be."""

    compared_within: timedelta
    """A price that was observed longer before says nothing about one of today."""

    plausible_age: timedelta
    """A quote that is observed longer ago is history, or a year is mistyped."""

    usual_validity: timedelta
    """Nobody promises a price for longer."""

    usual_limits_usd: tuple[Decimal, Decimal]
    """A largest amount below the first, or a least amount above the second, is most often in another unit."""


PARAMETERS: Final = (
    Parameters(
        since=date(2026, 11, 24),
        usual_margin_percent=(Decimal(-3), Decimal(15)),
        plausible_margin_percent=(Decimal(-5), Decimal(25)),
        inverted_within_percent=Decimal(10),
        usual_rate_change_percent=Decimal(10),
        plausible_rate_change_percent=Decimal(25),
        usual_fee_percent=Decimal(25),
        plausible_fee_percent=Decimal(40),
        usual_fee_change=3,
        plausible_fee_change=10,
        fee_change_percent=Decimal(2),
        clocks_differ_by=timedelta(minutes=10),
        compared_within=timedelta(days=30),
        plausible_age=timedelta(days=366),
        usual_validity=timedelta(days=92),
        usual_limits_usd=(Decimal(20), Decimal(10_000)),
    ),
)


def parameters_on(day: date) -> Parameters:
    """Return the parameters in force on a day; before the first, the first."""
    return next((found for found in reversed(PARAMETERS) if found.since <= day), PARAMETERS[0])
