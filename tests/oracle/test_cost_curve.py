"""Where the cheapest service changes: before, at and after every served switch the rows themselves say the same."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from starlette.testclient import TestClient

from tests.oracle import figures
from tests.oracle.checking import Answer, parsed
from tests.oracle.rankings import Question, rank
from tests.oracle.survey import Row, minor_units, rounds

EVERY = 3


def test_switches_are_the_first_amounts_where_another_service_is_cheapest(
    client: TestClient, row_of_quote: Mapping[str, str], shared_data: Path
) -> None:
    newest = {key[0]: members for key, members in sorted(rounds(shared_data).items())}
    found = [
        f"{corridor} {line}"
        for corridor, rows in list(newest.items())[::EVERY]
        for line in wrong_winners(client, row_of_quote, rows)
    ]
    assert not found


def wrong_winners(client: TestClient, row_of_quote: Mapping[str, str], rows: tuple[Row, ...]) -> Iterator[str]:
    path = f"/v1/corridors/{rows[0].corridor}/cost-curve"
    curve = parsed(client.get(path, params={"period": rows[0].period}).text)
    known, currency = curve["known_amounts"], figures.default_currency(rows)
    if known["smallest"] is None:
        question = Question(figures.default_amount(rows), currency)
        if rank(rows, question).offers:
            yield "has prices, but no known amounts"
        return
    unit = Fraction(1, 10 ** minor_units(currency))
    keys = [{row_of_quote[quote] for quote in service["quote_ids"]} for service in curve["services"]]
    for amount, place in stretches(curve, unit):
        offers = rank(rows, Question(amount, currency)).offers
        winners = {row.key for offer in offers if offer.rank == 1 for row in offer.rows}
        if not winners and place is None:
            continue
        if place is None or not keys[place] & winners:
            said = None if place is None else keys[place]
            yield f"at {float(amount)} {currency}: served {said}, computed {winners}"


def stretches(curve: Answer, unit: Fraction) -> Iterator[tuple[Fraction, int | None]]:
    """The first, middle and last amount of every stretch between switches, with the service said to be cheapest."""
    known, switches = curve["known_amounts"], curve["switches"]
    starts = [known["smallest"], *(switch["at"] for switch in switches), known["largest"] + unit]
    for (start, following), switch in zip(pairwise(starts), [None, *switches], strict=True):
        place = switch["after"] if switch else switches[0]["before"] if switches else None
        if switch is None and not switches:
            cheapest = curve["points"][0]["cheapest"]
            place = cheapest and cheapest["service"]
        last = following - unit
        middle = (start + last) / 2 // unit * unit
        yield from ((amount, None if place is None else int(place)) for amount in sorted({start, middle, last}))
