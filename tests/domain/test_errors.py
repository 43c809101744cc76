"""Errors explain themselves gently, and carry nothing from outside but a short quotation."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import (
    body_errors,
    errors,
    fetch_errors,
    file_errors,
    key_errors,
    mend_errors,
    push_errors,
    review_errors,
)
from app.domain.errors import (
    CorridorNotCovered,
    CorridorToItself,
    InvalidName,
    InvalidNumber,
    InvalidParameter,
    NoDataYet,
    PeriodNotSurveyed,
    ThreePercentError,
    UnknownCorridor,
    UnknownCountry,
    UnknownCurrency,
    UnknownPeriod,
    UnknownProvider,
    UnknownQuote,
    quoted,
)
from app.domain.file_errors import (
    DuplicateRow,
    EncryptedFile,
    InvalidCell,
    MissingColumn,
    MissingSheet,
    Place,
    SourceError,
    SyntheticMix,
    UnmappedLabel,
    UnreadableFile,
)

PAGES = {
    module.__name__: module
    for module in (
        *(errors, file_errors, fetch_errors),
        *(body_errors, key_errors, mend_errors, push_errors, review_errors),
    )
}


def every_class(base: type[ThreePercentError] = ThreePercentError) -> Iterator[type[ThreePercentError]]:
    yield base
    for heir in base.__subclasses__():
        if heir.__module__ in PAGES:
            yield from every_class(heir)


CLASSES: list[type[ThreePercentError]] = list(dict.fromkeys(every_class()))


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_has_its_own_code_and_a_title_that_is_a_sentence(kind: type[ThreePercentError]) -> None:
    assert "code" in vars(kind)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code)
    assert [other for other in every_class() if other.code == kind.code and other is not kind] == []
    assert re.fullmatch(r"[A-Z][^.]*\.", kind.title())
    assert kind.__name__ in (PAGES[kind.__module__].__doc__ or "")


@given(st.text(max_size=200))
def test_text_from_outside_is_quoted_short_printable_and_closed(text: str) -> None:
    shown = quoted(text)
    assert shown.isprintable()
    assert len(shown) <= 40 * len("\\U0010ffff") + 3
    assert shown.count('"') == 2
    assert shown[0] == shown[-1] == '"'


def test_what_is_quoted_can_forge_no_line_and_turn_no_text_around() -> None:
    assert quoted('a"b\\c\nd\u202e\x00') == r'"a\x22b\\c\nd\u202e\x00"'
    assert quoted("x" * 41) == '"' + "x" * 40 + '…"'


HOSTILE = "\u202e\x00\n" + "9" * 5000


@pytest.mark.parametrize(
    "error",
    [
        UnknownCountry(text=HOSTILE, suggestions=("PHL (Philippines)",)),
        UnknownCurrency(text=HOSTILE),
        UnknownCorridor(text=HOSTILE),
        UnknownPeriod(text=HOSTILE),
        UnknownProvider(text=HOSTILE),
        UnknownQuote(text=HOSTILE),
        InvalidNumber(text=HOSTILE, reason="it is too long"),
        InvalidName(text=HOSTILE, reason="it is too long"),
        InvalidParameter(parameter=HOSTILE, expected="one of a, b", given=HOSTILE),
        InvalidCell(expected="a number", given=HOSTILE, place=Place(file=HOSTILE, sheet=HOSTILE, column=HOSTILE)),
        UnmappedLabel(label=HOSTILE, vocabulary="transfer_speed"),
        DuplicateRow(key=HOSTILE),
        MissingSheet(expected="Dataset", found=(HOSTILE,)),
        MissingColumn(columns=(HOSTILE,)),
    ],
)
def test_no_explanation_carries_hostile_text(error: ThreePercentError) -> None:
    assert error.detail.isprintable()
    assert len(error.detail) < 1000
    assert str(error) == error.detail


def test_an_error_in_a_file_begins_with_its_place() -> None:
    place = Place(file="survey.xlsx", sheet="Dataset", row=12, column="cc1 lcu fee")
    error = InvalidCell(expected="a number", given="five", place=place)
    assert (
        error.detail == 'survey.xlsx, sheet "Dataset", row 12, column "cc1 lcu fee": expected a number, found "five".'
    )
    assert error.problem == 'expected a number, found "five".'
    assert isinstance(error, SourceError)


def test_an_error_without_a_place_is_still_a_sentence() -> None:
    assert UnreadableFile("is empty.").detail == "is empty."
    assert EncryptedFile(place=Place(file="a.xlsx")).detail.startswith("a.xlsx: is protected")


def test_what_is_not_there_is_answered_with_what_is() -> None:
    absent = PeriodNotSurveyed(period="2012-Q2", known=("2011-Q1", "2013-Q3"), corridor="GBR-PHL")
    assert absent.detail == ("There was no survey in GBR-PHL in 2012-Q2. There is data for 2013-Q3, 2011-Q1.")
    many = PeriodNotSurveyed(period="2010-Q1", known=tuple(f"20{year}-Q1" for year in range(11, 31)))
    assert many.detail.endswith("and 8 more.")
    assert "GBR-PHL" in CorridorNotCovered(corridor="GBR-ATA", suggestions=("GBR-PHL",)).detail
    assert "threepercent import" in NoDataYet().detail
    assert CorridorToItself(country="GBR").text == "GBR-GBR"
    assert "gives real figures and the database holds synthetic" in SyntheticMix(database_is_synthetic=True).detail
    assert "gives synthetic figures and the database holds real" in SyntheticMix(database_is_synthetic=False).detail
