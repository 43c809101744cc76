"""What the properties draw from: random tariffs, and the same tariff written in the other fee mode."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import strategies as st

from app.domain.tariffs import FeeBand, Tariff
from app.domain.vocabulary import FeeMode
from tests.domain.builders import tariff


def written_deducted(on_top: Tariff) -> Tariff:
    """The same tariff in the other mode, by algebra of its own: a slope p on top is p/(1 + p) of what is paid."""
    bands = []
    fee = Fraction(0)
    for index, band in enumerate(on_top.bands):
        p = band.percent / 100
        start = band.start + fee
        bands.append(replace(band, start=start, fixed=band.fixed / (1 + p), percent=100 * p / (1 + p)))
        if index + 1 < len(on_top.bands):
            fee += band.fixed + p * (on_top.bands[index + 1].start - band.start)
    return replace(on_top, bands=tuple(bands), fee_mode=FeeMode.DEDUCTED)


@st.composite
def smooth_tariffs(draw: st.DrawFn) -> Tariff:
    """Tariffs without steps. (A step leaves payments that no principal fits, which only one of the modes can price.)"""
    percents = [Fraction(percent, 10) for percent in draw(st.lists(st.integers(0, 90), min_size=1, max_size=4))]
    fixed = Fraction(draw(st.integers(0, 40)))
    if len(percents) == 1:
        minimum = draw(st.none() | st.integers(0, 30).map(Fraction))
        maximum = draw(st.none() | st.integers(31, 90).map(Fraction))
        return tariff(FeeBand(Fraction(0), fixed, percents[0], minimum, maximum))
    starts = sorted(draw(st.sets(st.integers(1, 2000), min_size=len(percents) - 1, max_size=len(percents) - 1)))
    bands = [
        FeeBand(Fraction(start), Fraction(0) if start else fixed, percent)
        for start, percent in zip([0, *starts], percents, strict=True)
    ]
    return tariff(*bands, is_marginal=True)
