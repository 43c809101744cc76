"""Corridors are read as people write them, and a mistaken one is answered with near ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.corridors import Corridor, near, parse_corridor, suggest
from app.domain.errors import CorridorToItself, UnknownCorridor

CODES = {"GBR": "GBR", "GB": "GBR", "UK": "GBR", "PHL": "PHL", "PH": "PHL", "COD": "COD", "ZAR": "COD", "XKX": "XKX"}
NAMES = {"GBR": "United Kingdom", "PHL": "Philippines", "USA": "United States", "MEX": "Mexico", "IND": "India"}
KNOWN = ("GBR-IND", "GBR-PHL", "MEX-USA", "USA-MEX", "USA-PHL")


def country_code(text: str) -> str | None:
    return CODES.get(text.upper())


def read(text: str) -> Corridor:
    return parse_corridor(text, country_code)


@pytest.mark.parametrize(
    "text",
    ["GBR-PHL", "gb-ph", "GBRPHL", "gbrphl", "GBPH", "uk-phl", "GBR PHL", "GBR_PHL", "GBR/PHL", "GBR → PHL", "GBR–PHL",
     "gb to ph", "GBR->PHL", " GBR-PHL ", "GBPHL", "GBRPH", "GBR > PHL"],
)  # fmt: skip
def test_a_corridor_may_be_written_in_many_ways(text: str) -> None:
    assert read(text) == Corridor("GBR", "PHL")
    assert read(text).id == "GBR-PHL"


@given(st.sampled_from(["GBR", "PHL", "COD", "XKX"]), st.sampled_from(["GBR", "PHL", "COD", "XKX"]))
def test_what_a_corridor_is_called_reads_back_as_itself(sending: str, receiving: str) -> None:
    if sending == receiving:
        with pytest.raises(CorridorToItself):
            read(f"{sending}-{receiving}")
    else:
        assert read(Corridor(sending, receiving).id) == Corridor(sending, receiving)


def test_old_codes_mean_the_country_of_today() -> None:
    assert read("zar-gb").id == "COD-GBR"


@pytest.mark.parametrize("text", ["GBR-GBR", "GB-UK", "GBRGBR", "gb to gbr"])
def test_a_corridor_from_a_country_to_itself_is_refused(text: str) -> None:
    with pytest.raises(CorridorToItself, match="GBR-GBR goes from a country to itself"):
        read(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "GBR", "GBR-", "-PHL", "GBR-PHL-IND", "QQQ-PHL", "GBRQQQ", "QQQQQQ", "a" * 5000, "GBR\x00PHL",
     "\uff27BR-PHL",
     "G-B", "GBRPHLX"],
)  # fmt: skip
def test_what_is_no_corridor_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UnknownCorridor, match="GBR-PHL") as refused:
        read(text)
    assert refused.value.detail.isprintable()


def test_the_refusal_names_the_end_that_is_wrong() -> None:
    with pytest.raises(UnknownCorridor, match='"QQQ" is not a country\'s code'):
        read("QQQ-PHL")
    with pytest.raises(UnknownCorridor, match='"QQQ" and "RRR" are not'):
        read("QQQ-RRR")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("PHL-GBR", "GBR-PHL"),
        ("GBR-PHI", "GBR-PHL"),
        ("gbrpjl", "GBR-PHL"),
        ("USE-MEX", "USA-MEX"),
        ("united kingdom philipines", "GBR-PHL"),
        ("united states to mexico", "USA-MEX"),
    ],
)
def test_the_nearest_known_corridor_is_suggested_first(text: str, first: str) -> None:
    assert suggest(text, KNOWN, NAMES)[0] == first


def test_nothing_is_suggested_where_nothing_is_near() -> None:
    assert suggest("??", KNOWN, NAMES) == ()
    assert suggest("GBR-PHL", ()) == ()
    assert len(suggest("GBR-PHL" * 10_000, KNOWN, NAMES)) <= 3


@given(st.permutations(KNOWN))
def test_suggestions_do_not_depend_on_the_order_of_what_is_known(known: list[str]) -> None:
    assert suggest("GBR-PHX", known, NAMES) == suggest("GBR-PHX", KNOWN, NAMES)
    assert near(Corridor("GBR", "MEX"), known) == near(Corridor("GBR", "MEX"), KNOWN)


def test_for_a_corridor_that_is_not_covered_the_other_way_comes_first_then_the_same_receiver_then_the_same_sender() -> (
    None
):
    assert near(Corridor("PHL", "GBR"), KNOWN) == ("GBR-PHL",)
    assert near(Corridor("GBR", "MEX"), KNOWN) == ("USA-MEX", "GBR-IND", "GBR-PHL")
    assert near(Corridor("FRA", "SEN"), KNOWN) == ()
