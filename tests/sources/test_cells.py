"""Cells are read without loss, and what is no number, date or key is refused."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sources.cells import Cell, CellError, Remembered, date_of, key_of, number_of, period_of, text_of


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (735.0, "735"),
        ("735.0", "735"),
        (-0.22, "-0.22"),
        ("-0.220", "-0.22"),
        (0.0, "0"),
        (-0.0, "0"),
        ("0.00", "0"),
        (5e-05, "0.00005"),
        ("5e-05", "0.00005"),
        (324500, "324500"),
        ("1E3", "1000"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+7", "7"),
        ("007", "7"),
        (" 3.44 ", "3.44"),
        (0.00773993808049535, "0.00773993808049535"),
        ("", None),
        ("..", None),
        (None, None),
    ],
)
def test_a_number_is_read_exactly_whether_it_is_stored_as_a_number_or_as_text(cell: Cell, expected: str | None) -> None:
    assert number_of(cell) == expected


WORDS = ["N/A", "Not available", "abc", "0x10", "--1", ".", "-", "e5", "12\x00", "1_000", "\uff11\uff12", "1 234"]
OTHER_LOCALES = ["1,5", "1.234,56", "1,234.56"]
NOT_FINITE = ["NaN", "-inf", float("nan"), float("inf")]
ABSURD = ["1e999999999", "9" * 20, "0." + "1" * 30, "1e13", 1e12, 1e300, "1e-60", "9" * 5000]
NO_TEXT_AT_ALL = [True, date(2013, 7, 1)]


@pytest.mark.parametrize("cell", [*WORDS, *OTHER_LOCALES, *NOT_FINITE, *ABSURD, *NO_TEXT_AT_ALL])
def test_what_is_no_number_here_is_refused(cell: Cell) -> None:
    with pytest.raises(CellError, match="number"):
        number_of(cell)


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=6))
def test_any_written_number_comes_back_as_itself(value: Decimal) -> None:
    if len(value.as_tuple().digits) <= 15:
        assert Decimal(number_of(str(value)) or "") == value


@given(st.floats(min_value=-1e11, max_value=1e11))
def test_a_double_and_its_shortest_text_are_one_number(value: float) -> None:
    if value == 0 or abs(value) > 1e-20:
        text = number_of(value)
        assert text == number_of(repr(value))
        assert text is not None
        assert float(text) == value
        assert number_of(text) == text


@pytest.mark.parametrize(
    "cell",
    [date(2013, 7, 19), datetime(2013, 7, 19), "19/Jul/2013", "19/jul/2013", "2013-07-19", "2013-07-19 00:00:00"],  # noqa: DTZ001 - workbooks know no zones
)
def test_a_date_is_read_in_each_way_that_the_survey_writes_it(cell: Cell) -> None:
    assert date_of(cell) == date(2013, 7, 19)


@pytest.mark.parametrize(
    "cell", ["", None, "31/Feb/2013", "19/07/2013", "07/19/2013", 41474.0, "1850-01-01", "19.7.2013"]
)
def test_what_is_no_date_is_refused(cell: Cell) -> None:
    with pytest.raises(CellError, match="a date"):
        date_of(cell)


@pytest.mark.parametrize(("cell", "expected"), [(13034.0, "13034"), ("13034", "13034"), ("13034.0", "13034"), (7, "7")])
def test_a_key_is_a_whole_number(cell: Cell, expected: str) -> None:
    assert key_of(cell) == expected


@pytest.mark.parametrize("cell", ["", None, 0.0, -1.0, 1.5, "x", "1e300", "N/A"])
def test_what_is_no_key_is_refused(cell: Cell) -> None:
    with pytest.raises(CellError):
        key_of(cell)


def test_a_quarter_is_written_our_way() -> None:
    assert period_of("2013_3Q") == "2013-Q3"
    for wrong in ("2013_5Q", "2013-Q3", "", None, 2013.0, "1013_1Q"):
        with pytest.raises(CellError):
            period_of(wrong)


def test_a_text_keeps_what_was_published_but_no_control_characters_or_surrogates() -> None:
    assert text_of("USD service ") == "USD service "
    assert text_of("a \x91grey\x92 market") == "a \x91grey\x92 market"
    assert text_of("..") is None
    assert text_of("N/A") == "N/A"
    for wrong in ("a\x00b", "\x1b[31m", "\ud800", "x" * 3000):
        with pytest.raises(CellError):
            text_of(wrong)


def test_what_is_remembered_is_asked_once_and_errors_are_not_remembered() -> None:
    asked = []

    def half(number: int) -> int:
        asked.append(number)
        if number % 2:
            raise ValueError("odd")
        return number // 2

    remembered = Remembered(half)
    assert [remembered[4], remembered[4]] == [2, 2]
    for _ in range(2):
        with pytest.raises(ValueError, match="odd"):
            remembered[3]
    assert asked == [4, 3, 3]
