"""``threepercent compare CORRIDOR``: the main answer, for a person or, with ``--json``, as the API gives it."""

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, TypeVar

import typer

from app.domain.errors import InvalidParameter
from app.domain.money import parse_decimal
from app.domain.vocabulary import (
    AccessPoint,
    AmountIs,
    Basis,
    Customer,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    TransferSpeed,
)

Word = TypeVar("Word", bound=StrEnum)


class Sort(StrEnum):
    """What the offers are ordered by; ranks are by cost in both."""

    COST = "cost"
    TRANSFER_SPEED = "transfer_speed"


class KnownCustomer(StrEnum):
    """Whom a price may be asked for."""

    RETURNING = "returning"
    NEW = "new"


def compare(  # noqa: PLR0913 - each parameter is an option of the command line
    corridor: Annotated[str, typer.Argument(help="From where to where: GBR-PHL, or gb-ph.", show_default=False)],
    *,
    amount: Annotated[
        str | None, typer.Option(help="How much. [default: the survey's amount near USD 200; live: about USD 200]")
    ] = None,
    amount_is: Annotated[
        AmountIs | None,
        typer.Option(help="What the amount is, equal for every offer. [default: principal; live: total_paid]"),
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option("--currency", "--sending-currency", help="What is sent. [default: what most services take]"),
    ] = None,
    receiving_currency: Annotated[str | None, typer.Option(help="What the receiver wants to get.")] = None,
    basis: Annotated[Basis | None, typer.Option(help="Live quotes or a survey round, never mixed.")] = None,
    period: Annotated[str | None, typer.Option(help="A quarter, 2013-Q3. [default: the corridor's newest]")] = None,
    payment_instrument: Annotated[str | None, typer.Option(help="Paid by any of these, with commas between.")] = None,
    access_point: Annotated[str | None, typer.Option(help="Sent from any of these places.")] = None,
    receiving_method: Annotated[str | None, typer.Option(help="Received in any of these ways.")] = None,
    max_transfer_speed: Annotated[str | None, typer.Option(help="The slowest that will do: next_day.")] = None,
    provider_type: Annotated[str | None, typer.Option(help="Any of these kinds of provider.")] = None,
    provider: Annotated[str | None, typer.Option(help="Any of these providers, by id.")] = None,
    source: Annotated[str | None, typer.Option(help="Any of these sources.")] = None,
    max_age_days: Annotated[int | None, typer.Option(min=1, max=36_500, help="The oldest that will do.")] = None,
    paying_without_account: Annotated[
        bool | None, typer.Option(help="Payable without a bank account or card.", show_default=False)
    ] = None,
    receiving_without_account: Annotated[
        bool | None, typer.Option(help="Receivable without a bank account or card.", show_default=False)
    ] = None,
    customer: Annotated[KnownCustomer | None, typer.Option(help="Whether the sender is known there already.")] = None,
    benchmark: Annotated[
        str | None, typer.Option(help="The institution whose rates live margins are measured against: ecb.")
    ] = None,
    exact_only: Annotated[bool, typer.Option("--exact-only", help="Leave out interpolated prices.")] = False,
    sort: Annotated[Sort, typer.Option(help="What comes first: the cheapest, or the fastest.")] = Sort.COST,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many offers are shown.")] = 20,
    excluded: Annotated[bool, typer.Option("--excluded", help="List what is not ranked, one by one.")] = False,
    language: Annotated[str, typer.Option(help="Language of country names in --json.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print what the API answers.")] = False,
) -> None:
    """Rank what it costs to send an amount along a corridor.

    Filters take several words with commas between; any of them matches. A word that is not known is answered with
    those that are.
    """
    from app.cli.data import opened, quarter, read_language
    from app.compare import ComparisonQuestion
    from app.domain.filters import Filters

    read_language(language)
    filters = Filters(
        payment_instrument=_any_of(PaymentInstrument, "payment-instrument", payment_instrument),
        access_point=_any_of(AccessPoint, "access-point", access_point),
        receiving_method=_any_of(ReceivingMethod, "receiving-method", receiving_method),
        provider_type=_any_of(ProviderType, "provider-type", provider_type),
        provider=_texts(provider),
        source=_texts(source),
        max_transfer_speed=next(iter(_any_of(TransferSpeed, "max-transfer-speed", max_transfer_speed)), None),
        max_age_days=None if max_age_days is None else timedelta(days=max_age_days),
        paying_without_account=paying_without_account,
        receiving_without_account=receiving_without_account,
        customer=None if customer is None else Customer(customer.value),
    )
    question = ComparisonQuestion(
        amount=None if amount is None else parse_decimal(amount),
        amount_is=amount_is,
        sending_currency=None if currency is None else currency.upper(),
        receiving_currency=None if receiving_currency is None else receiving_currency.upper(),
        filters=filters,
        exact_only=exact_only,
        sort_by_speed=sort is Sort.TRANSFER_SPEED,
        benchmark=benchmark,
    )
    with opened() as data:
        _check_sources(filters.source, data.board.sources)
        found = data.prices(corridor, basis=basis, period=None if period is None else quarter(period))
        comparison = data.comparison(found, question)
    if as_json:
        from app.cli.answers import print_answer

        asked = {
            "amount": amount,
            "amount_is": amount_is,
            "sending_currency": question.sending_currency,
            "receiving_currency": question.receiving_currency,
            "basis": basis,
            "period": None if period is None else quarter(period),
            "payment_instrument": filters.payment_instrument,
            "access_point": filters.access_point,
            "receiving_method": filters.receiving_method,
            "max_transfer_speed": filters.max_transfer_speed,
            "provider_type": filters.provider_type,
            "provider": filters.provider,
            "source": filters.source,
            "max_age_days": max_age_days,
            "paying_without_account": paying_without_account,
            "receiving_without_account": receiving_without_account,
            "customer": filters.customer,
            "exact_only": exact_only or None,
            "benchmark": benchmark,
            "sort": sort,
            "limit": limit,
            "expand": "excluded" if excluded else None,
            "language": language,
        }
        print_answer(data.settings, f"/v1/corridors/{comparison.corridor}/comparison", asked)
    else:
        from app.cli.comparison_view import show
        from app.cli.output import console

        show(console(), comparison, data, limit=limit, list_excluded=excluded)


def _any_of(kind: type[Word], option: str, text: str | None) -> frozenset[Word]:
    """Read words with commas between; ``unknown`` cannot be asked for, since it never matches."""
    known = {word.value: word for word in kind if word.value != "unknown"}
    asked = _texts(text)
    for word in sorted(asked):
        if word not in known:
            raise InvalidParameter(parameter=f"--{option}", expected=f"any of {', '.join(known)}", given=word)
    return frozenset(known[word] for word in asked)


def _texts(text: str | None) -> frozenset[str]:
    return frozenset() if text is None else frozenset(word.strip() for word in text.split(","))


def _check_sources(asked: frozenset[str], known: Collection[str]) -> None:
    for key in sorted(asked.difference(known)):
        raise InvalidParameter(parameter="--source", expected=f"any of {', '.join(sorted(known))}", given=key)
