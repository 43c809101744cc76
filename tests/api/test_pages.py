"""Page tokens: opaque, bound to what they were given for, and never skipping or repeating a row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.pages import next_link, page_by_key, position_of, token_of
from app.api.problems import InvalidPageTokenError

PARAMETERS = (("q", "é"), ("sort", "corridor"))


@given(st.lists(st.text(max_size=20), max_size=4))
def test_a_token_gives_back_its_position(position: list[str]) -> None:
    token = token_of(position, "/v1/corridors", PARAMETERS)
    assert position_of(token, "/v1/corridors", PARAMETERS) == tuple(position)


def test_a_token_for_other_parameters_or_another_list_is_refused() -> None:
    token = token_of(["GBR-PHL"], "/v1/corridors", PARAMETERS)
    for path, parameters in [("/v1/corridors", PARAMETERS[:1]), ("/v1/providers", PARAMETERS), ("/v1/corridors", ())]:
        with pytest.raises(InvalidPageTokenError):
            position_of(token, path, parameters)


def test_a_token_outlives_another_page_size() -> None:
    token = token_of(["GBR-PHL"], "/v1/corridors", (*PARAMETERS, ("page_size", "10")))
    assert position_of(token, "/v1/corridors", (*PARAMETERS, ("page_size", "20"))) == ("GBR-PHL",)


@given(st.text(max_size=60))
def test_no_invented_token_is_accepted_or_crashes(token: str) -> None:
    with pytest.raises(InvalidPageTokenError):
        position_of(token, "/v1/corridors", ())


def test_the_link_to_the_next_page_keeps_the_parameters_and_escapes_them() -> None:
    assert next_link("/v1/x", [("q", "é&"), ("page_token", "old")], "new") == (
        '</v1/x?q=%C3%A9%26&page_token=new>; rel="next"'
    )


@given(st.sets(st.text(max_size=5)), st.sets(st.text(max_size=5)), st.integers(min_value=1, max_value=7))
def test_rows_that_were_there_all_along_are_on_exactly_one_page(there: set[str], late: set[str], size: int) -> None:
    seen: list[str] = []
    after: tuple[str, ...] | None = None
    keys = set(there)
    while True:
        page = page_by_key({key: key for key in keys}, after=after, size=size)
        seen += page.rows
        keys |= late  # data arrive between two pages
        if page.next_position is None:
            break
        after = page.next_position
    assert sorted(key for key in seen if key in there) == sorted(there)
    assert len(seen) == len(set(seen))
