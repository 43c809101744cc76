"""Terms are stored as one canonical text, and come back as they were."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.terms import AmountFee, Band, PercentFee, RateBand, ScheduleFee, Terms, terms_from, terms_text
from app.domain.vocabulary import FeeMode

NUMBERS = st.decimals(min_value=0, max_value=10**9, places=6, allow_nan=False, allow_infinity=False)
MAYBE = st.none() | NUMBERS
BANDS = st.builds(Band, start=NUMBERS, fixed=NUMBERS, percent=NUMBERS, minimum=MAYBE, maximum=MAYBE)
FEES = st.one_of(
    st.builds(AmountFee, NUMBERS, NUMBERS),
    st.builds(PercentFee, NUMBERS),
    st.builds(ScheduleFee, st.lists(BANDS, min_size=1, max_size=4).map(tuple), st.booleans()),
)
TERMS = st.builds(
    Terms,
    fee_mode=st.sampled_from(FeeMode),
    fee=FEES,
    rates=st.lists(st.builds(RateBand, NUMBERS, NUMBERS), max_size=3).map(tuple),
    min_amount=MAYBE,
    max_amount=MAYBE,
    declared_mid_market_rate=MAYBE,
    published_fx_margin_percent=st.none() | st.decimals(-90, 90, places=8),
)


@given(TERMS)
def test_terms_come_back_as_they_were(terms: Terms) -> None:
    assert terms_from(terms_text(terms)) == terms


@pytest.mark.parametrize(("one", "other"), [("2.90", "2.9"), ("100", "100.0"), ("0", "0.00")])
def test_equal_numbers_have_one_text(one: str, other: str) -> None:
    texts = {terms_text(Terms(fee_mode=FeeMode.ON_TOP, fee=PercentFee(Decimal(text)))) for text in (one, other)}
    assert len(texts) == 1
