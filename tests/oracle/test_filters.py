"""Filters, and amounts held equal on the receiver's side: what is left out is counted for the computed reason."""

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.oracle import figures
from tests.oracle.checking import compared, parameters, parsed
from tests.oracle.rankings import Question, rank
from tests.oracle.survey import Row, rounds

FILTERS = [
    {"payment_instrument": "cash"},
    {"payment_instrument": "bank_account,debit_card"},
    {"receiving_method": "cash"},
    {"receiving_method": "bank_account,mobile_wallet"},
    {"access_point": "internet"},
    {"access_point": "branch,bank_branch,agent"},
    {"provider_type": "bank"},
    {"provider_type": "money_transfer_operator,post_office"},
    {"max_transfer_speed": "same_day"},
    {"max_transfer_speed": "3_5_days"},
    {"payment_instrument": "cash", "receiving_method": "cash"},
    {"access_point": "internet", "max_transfer_speed": "next_day"},
    {"receiving_method": "home_delivery", "provider_type": "bank"},
]


@pytest.fixture(scope="module")
def newest(shared_data: Path) -> list[tuple[Row, ...]]:
    """Every corridor's newest round."""
    by_corridor = {key[0]: members for key, members in sorted(rounds(shared_data).items())}
    assert len(by_corridor) == 232
    return list(by_corridor.values())


def test_filters_leave_out_what_the_rows_say(
    client: TestClient, row_of_quote: Mapping[str, str], newest: list[tuple[Row, ...]]
) -> None:
    found = []
    for rows, filters in zip(newest, cycle(FILTERS), strict=False):
        question = Question(figures.default_amount(rows), figures.default_currency(rows), filters=filters)
        found += differences(client, row_of_quote, rows, question)
    assert not found


def test_nothing_is_ranked_at_equal_received_because_a_survey_records_no_rate(
    client: TestClient, row_of_quote: Mapping[str, str], newest: list[tuple[Row, ...]]
) -> None:
    found = []
    for rows in newest[::5]:
        question = Question(figures.default_amount(rows), figures.default_currency(rows), "received")
        found += differences(client, row_of_quote, rows, question)
        assert not rank(rows, question).offers
    assert not found


def differences(
    client: TestClient, row_of_quote: Mapping[str, str], rows: tuple[Row, ...], question: Question
) -> list[str]:
    path = f"/v1/corridors/{rows[0].corridor}/comparison"
    response = client.get(path, params=parameters(question, rows[0].period))
    if response.status_code != 200:
        return [f"{rows[0].corridor} {question}: {response.text}"]
    lines = compared(parsed(response.text), rank(rows, question), row_of_quote)
    return [f"{rows[0].corridor} {rows[0].period} {dict(question.filters)} {line}" for line in lines]
