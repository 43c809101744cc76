"""Averages over services: published and recomputed, medians, and what is not comparable."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.indicators import (
    CORRIDOR_AVERAGE,
    GLOBAL_AVERAGE,
    RECEIVING_COUNTRY_AVERAGE,
    SENDING_COUNTRY_AVERAGE,
    averages,
    corridor_figures,
    mean,
    percentile,
)
from app.domain.quotes import Quote
from app.domain.vocabulary import AmountTier, Caution, FxMarginStatus, SdgStatus, SurveyNote
from tests.domain.builders import quote

HALF = Fraction(1, 2)
HIDDEN = FxMarginStatus.UNDISCLOSED


def row(total: str, *, corridor: str = "GBR-PHL", fee: str | None = None, **changes: object) -> Quote:
    return quote("100", fee or total, "0", total, corridor=corridor, **changes)  # type: ignore[arg-type]


def test_the_average_is_over_services_that_disclose_their_rate_negatives_kept() -> None:
    rows = [row("4"), row("-1"), row("9", provider="b"), row("0", is_transparent=False, status=HIDDEN)]
    figures = corridor_figures(rows)
    assert (figures.services, figures.providers, figures.excluded_services) == (3, 2, 1)
    assert figures.average_percent == 4
    assert figures.median_percent == 4
    assert figures.cheapest_percent == -1


def test_each_tier_has_its_own_figures() -> None:
    rows = [row("4"), row("2", tier=AmountTier.USD_500)]
    assert corridor_figures(rows).average_percent == 4
    assert corridor_figures(rows, AmountTier.USD_500).average_percent == 2


def test_a_corridor_says_where_its_figures_rest_on_money_that_is_changed_later() -> None:
    paid_out = {"status": FxMarginStatus.PAID_OUT_IN_SENDING_CURRENCY}
    later, dear = row("1", **paid_out), row("9", **paid_out)
    sound = [row("2"), row("3"), row("4"), row("5")]
    assert corridor_figures([*sound]).cautions == ()
    assert corridor_figures([*sound, dear]).cautions == ()
    assert corridor_figures([*sound, later]).cautions == (Caution.RECEIVER_CONVERTS_LATER,)
    assert corridor_figures([*sound, *[dear] * 4]).cautions == ()
    assert corridor_figures([*sound, *[dear] * 5]).cautions == (Caution.RECEIVER_CONVERTS_LATER,)
    noted = row("1", notes=(SurveyNote.RECEIVER_CONVERTS_LATER,))
    assert corridor_figures([noted]).cautions == (Caution.RECEIVER_CONVERTS_LATER,)
    assert corridor_figures([row("1.4", fee="6")]).cautions == (Caution.PUBLISHED_TOTAL_SUSPECT,)


def test_an_average_of_nothing_is_null_never_nought() -> None:
    figures = corridor_figures([row("0", is_transparent=False, status=HIDDEN)])
    assert (figures.average_percent, figures.median_percent, figures.cheapest_percent) == (None, None, None)
    assert (figures.cheapest_ranked_percent, figures.average_recomputed_percent) == (None, None)
    assert figures.sdg_status is SdgStatus.UNKNOWN
    assert not figures.comparable


def test_the_recomputed_average_stands_beside_the_published_where_they_differ() -> None:
    forgotten = [row("1.4", fee="6"), row("1.4", fee="4")]
    assert corridor_figures(forgotten).average_percent == Fraction("1.4")
    assert corridor_figures(forgotten).average_recomputed_percent == 5
    assert corridor_figures([row("1.45", fee="1.5")]).average_recomputed_percent is None
    assert corridor_figures([row("1.44", fee="1.5")]).average_recomputed_percent == Fraction("1.5")


def test_a_row_with_a_missing_part_keeps_its_published_total_when_others_are_recomputed() -> None:
    missing = quote("100", None, "1", "7", status=FxMarginStatus.INCOMPLETE)
    assert corridor_figures([missing, row("1", fee="5")]).average_recomputed_percent == 6


@pytest.mark.parametrize(
    "doubtful", [FxMarginStatus.INCOMPLETE, FxMarginStatus.NOT_MEASURED, FxMarginStatus.ZERO_UNEXPLAINED]
)
def test_a_corridor_of_which_more_than_half_is_doubtful_is_not_comparable(doubtful: FxMarginStatus) -> None:
    sound, bad = row("4"), row("1", status=doubtful)
    assert corridor_figures([sound, bad]).comparable
    assert not corridor_figures([sound, bad, bad]).comparable
    assert not corridor_figures([row("1", fee="4")]).comparable
    assert corridor_figures([sound, bad]).cheapest_ranked_percent == 4
    assert corridor_figures([sound, bad]).cheapest_percent == 1


def test_the_cheapest_to_rank_by_takes_the_larger_total_of_a_suspect_row() -> None:
    assert corridor_figures([row("1", fee="4"), row("9")]).cheapest_ranked_percent == 4


def test_the_published_groups_of_averages() -> None:
    rows = [row("4"), row("6"), row("1", corridor="RUS-PHL"), row("9", corridor="GBR-IND")]
    assert averages(CORRIDOR_AVERAGE, rows) == {"GBR-IND": 9, "GBR-PHL": 5, "RUS-PHL": 1}
    assert averages(SENDING_COUNTRY_AVERAGE, rows) == {"GBR": Fraction(19, 3), "RUS": 1}
    assert averages(RECEIVING_COUNTRY_AVERAGE, rows) == {"IND": 9, "PHL": Fraction(11, 3)}
    assert averages(GLOBAL_AVERAGE, rows) == {"global": Fraction(19, 3)}


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([1, 2, 3, 4], HALF, Fraction(5, 2)),
        ([4, 1, 3], HALF, Fraction(3)),
        ([7], Fraction(9, 10), Fraction(7)),
        ([0, 10], Fraction(1, 4), Fraction(5, 2)),
        ([1, 2, 3, 4, 5], Fraction(9, 10), Fraction(23, 5)),
        ([1, 2, 3], Fraction(1), Fraction(3)),
        ([1, 2, 3], Fraction(0), Fraction(1)),
    ],
)
def test_percentiles_are_of_type_seven(values: list[int], share: Fraction, expected: Fraction) -> None:
    assert percentile([Fraction(value) for value in values], share) == expected


def test_percentiles_of_nothing_are_null() -> None:
    assert percentile([], HALF) is None
    assert mean([]) is None


@given(st.lists(st.integers(-(10**4), 10**5), min_size=1), st.randoms(use_true_random=False))
def test_averages_lie_within_the_values_and_do_not_depend_on_their_order(cents: list[int], random: object) -> None:
    totals = [str(Decimal(cent) / 100) for cent in cents]
    rows = [quote("100", "0", total, total) for total in totals]
    first = corridor_figures(rows)
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert corridor_figures(rows).average_percent == first.average_percent
    values = [Fraction(total) for total in totals]
    assert first.average_percent is not None
    assert first.median_percent is not None
    assert min(values) <= first.average_percent <= max(values)
    assert min(values) <= first.median_percent <= max(values)
