"""Every corridor and quarter, asked through HTTP, answers what the independent computation says.

Each is asked at its default amount; of the other amounts (within 1 %, outside, USD 500, midpoint, total paid) each
corridor-quarter is asked one in turn. THREEPERCENT_TEST_ORACLE=all asks all of them.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.oracle import figures
from tests.oracle.checking import compared, compared_figures, parameters, parsed
from tests.oracle.rankings import Question, questions, rank
from tests.oracle.survey import Row, minor_units, rounds

PERIODS = ["2011-Q1", "2011-Q3", "2012-Q1", "2012-Q3", "2013-Q1", "2013-Q2", "2013-Q3", "2025-Q3"]
ASKED_IN_TURN = 1
SHOWN = 40


def chosen(members: tuple[Row, ...], turn: int) -> list[Question]:
    """The questions for one corridor and quarter, beside the one at its default amount."""
    others = questions(members)[1:]
    if os.environ.get("THREEPERCENT_TEST_ORACLE") == "all":
        return others
    return [others[(turn * ASKED_IN_TURN + step) % len(others)] for step in range(ASKED_IN_TURN)]


def report(found: list[str]) -> str:
    return f"{len(found)} differences:\n" + "\n".join(found[:SHOWN])


@pytest.mark.slow
@pytest.mark.parametrize("period", PERIODS)
def test_every_corridor_is_ranked_as_computed_from_the_published_rows(
    period: str, client: TestClient, row_of_quote: Mapping[str, str], shared_data: Path
) -> None:
    of_period = sorted((key[0], rows) for key, rows in rounds(shared_data).items() if key[1] == period)
    found = [
        f"{corridor} {period} {difference}"
        for turn, (corridor, rows) in enumerate(of_period)
        for difference in differences(client, row_of_quote, rows, turn)
    ]
    assert of_period
    assert not found, report(found)


def differences(client: TestClient, row_of_quote: Mapping[str, str], rows: tuple[Row, ...], turn: int) -> Iterator[str]:
    corridor, period = rows[0].corridor, rows[0].period
    path = f"/v1/corridors/{corridor}/comparison"
    usual = Question(figures.default_amount(rows), figures.default_currency(rows))
    answer = parsed(client.get(path, params={"period": period, "limit": "500", "expand": "excluded"}).text)
    if answer["amount"] != {"amount": round(usual.amount, minor_units(usual.currency)), "currency": usual.currency}:
        yield f"default amount: served {answer['amount']}, computed {usual}"
        return
    yield from compared_figures(answer["indicators"], figures.figures(rows))
    yield from compared(answer, rank(rows, usual), row_of_quote)
    for question in chosen(rows, turn):
        answer = parsed(client.get(path, params=parameters(question, period)).text)
        said = f"at {float(question.amount)} {question.currency} {question.amount_is}"
        yield from (f"{said}: {line}" for line in compared(answer, rank(rows, question), row_of_quote))
