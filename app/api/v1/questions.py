"""What a comparison and a cost curve are asked: the parameters that they share."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Path, Query

from app.api.deps import ANY_OF, CurrencyParameter, PeriodParameter, SlugsParameter, SourcesParameter
from app.api.inputs import INSTITUTION, AnyOf, OneOf, Search, Text, Whole, YesNo
from app.api.inputs import known as words_of
from app.api.past import AsOfParameter
from app.api.problems import caused_by
from app.board import Board
from app.compare import ComparisonQuestion
from app.domain import vocabulary as words
from app.domain.errors import UnknownProvider, UnknownSource
from app.domain.filters import Filters
from app.domain.providers import suggest_providers
from app.domain.searching import matches

OLDEST_DAYS = 36_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a comparison or a cost curve is asked beside its amounts."""

    amount_is: words.AmountIs | None
    sending_currency: str | None
    receiving_currency: str | None
    basis: words.Basis | None
    period: str | None
    exact_only: bool
    benchmark: str | None
    as_of: datetime | None


def _asked(  # noqa: PLR0913, PLR0917 -- each is a parameter of the contract
    amount_is: Annotated[
        Annotated[words.AmountIs | None, OneOf(words.AmountIs, words.AmountIs)],
        Query(description="What is held equal: the principal, the total paid, or what is received."),
    ] = None,
    sending_currency: Annotated[CurrencyParameter, Query(description="Default: that of most services.")] = None,
    receiving_currency: Annotated[
        CurrencyParameter,
        Query(
            description="What the receiver wants to get; offers whose payout currency is not recorded are excluded "
            "as `unknown_receiving_currency`."
        ),
    ] = None,
    basis: Annotated[
        Annotated[words.Basis | None, OneOf(words.Basis, words.Basis)],
        Query(description="Live quotes or a survey round, never mixed."),
    ] = None,
    period: PeriodParameter = None,
    benchmark: Annotated[
        Annotated[str | None, Text(INSTITUTION, "an institution of benchmarks_available, such as ecb", "ecb")],
        Query(
            description="What live margins are measured against: an institution's reference rates. `published` and "
            "`default` change nothing; a survey's margins are as published."
        ),
    ] = None,
    exact_only: Annotated[
        Annotated[bool | None, YesNo()], Query(description="`true` leaves out interpolated prices.")
    ] = None,
    as_of: AsOfParameter = None,
) -> Asked:
    return Asked(
        amount_is=amount_is,
        sending_currency=sending_currency,
        receiving_currency=receiving_currency,
        basis=basis,
        period=period,
        exact_only=bool(exact_only),
        benchmark=benchmark,
        as_of=as_of,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFilters:
    """The filters that are asked for; what names sources and providers is judged by the board that answers."""

    filters: Filters
    q: str | None

    def on(self, board: Board) -> Filters:
        """Return the filters over a board; raises UnknownSource."""
        check_sources(self.filters.source, board.sources)
        return self.filters if self.q is None else replace(self.filters, q=providers_matching(board, self.q))


Instruments = Annotated[
    Annotated[list[words.PaymentInstrument] | None, AnyOf(words_of(words.PaymentInstrument), words.PaymentInstrument)],
    ANY_OF,
]
AccessPoints = Annotated[
    Annotated[list[words.AccessPoint] | None, AnyOf(words_of(words.AccessPoint), words.AccessPoint)], ANY_OF
]
ReceivingMethods = Annotated[
    Annotated[list[words.ReceivingMethod] | None, AnyOf(words_of(words.ReceivingMethod), words.ReceivingMethod)], ANY_OF
]
ProviderTypes = Annotated[
    Annotated[list[words.ProviderType] | None, AnyOf(words_of(words.ProviderType), words.ProviderType)], ANY_OF
]
Slowest = Annotated[
    Annotated[words.TransferSpeed | None, OneOf(words_of(words.TransferSpeed), words.TransferSpeed)],
    Query(description="The slowest that will do."),
]
OldestDays = Annotated[
    Annotated[int | None, Whole(1, OLDEST_DAYS)], Query(description="The oldest observation that will do.")
]
WithoutAccount = Annotated[
    Annotated[bool | None, YesNo()],
    Query(description="`true`: by means that need no bank account or card; `false`: by means that do."),
]
CustomerKind = Annotated[
    Annotated[words.Customer | None, OneOf(words_of(words.Customer), words.Customer)],
    Query(description="Whether the sender has sent with this provider before."),
]


ProviderWords = Annotated[
    Annotated[str | None, Search()],
    Query(description="Words to find in a provider's name, id and published spellings, blind to accents and case."),
]


def providers_matching(board: Board, q: str) -> frozenset[str]:
    """Return the ids of the providers whose id, name or published spellings hold every word of a text."""
    spelled: defaultdict[str, list[str]] = defaultdict(list)
    for spelling in board.spellings:
        spelled[spelling.provider].append(spelling.published)
    return frozenset(
        provider for provider, name in board.providers.items() if matches(q, (provider, name, *spelled[provider]))
    )


def _filters(  # noqa: PLR0913, PLR0917 -- each is a parameter of the contract
    payment_instrument: Instruments = None,
    access_point: AccessPoints = None,
    receiving_method: ReceivingMethods = None,
    max_transfer_speed: Slowest = None,
    provider_type: ProviderTypes = None,
    provider: SlugsParameter = None,
    source: SourcesParameter = None,
    max_age_days: OldestDays = None,
    paying_without_account: WithoutAccount = None,
    receiving_without_account: WithoutAccount = None,
    customer: CustomerKind = None,
    q: ProviderWords = None,
) -> AskedFilters:
    filters = Filters(
        payment_instrument=frozenset(payment_instrument or ()),
        access_point=frozenset(access_point or ()),
        receiving_method=frozenset(receiving_method or ()),
        provider_type=frozenset(provider_type or ()),
        provider=frozenset(provider or ()),
        source=frozenset(source or ()),
        max_transfer_speed=max_transfer_speed,
        max_age_days=None if max_age_days is None else timedelta(days=max_age_days),
        paying_without_account=paying_without_account,
        receiving_without_account=receiving_without_account,
        customer=customer,
    )
    return AskedFilters(filters=filters, q=q)


AskedDep = Annotated[Asked, Depends(_asked)]
FiltersDep = Annotated[AskedFilters, Depends(_filters)]
CorridorPath = Annotated[
    str,
    Path(
        description="Two countries, `GBR-PHL`: ISO 3166 alpha-3 or alpha-2 codes in any case.",
        examples=["GBR-PHL"],
    ),
]


def check_providers(asked: Iterable[str], known: Collection[str]) -> None:
    """Refuse the id of a provider that nobody has."""
    for provider in sorted(asked):
        if provider not in known:
            with caused_by("provider"):
                raise UnknownProvider(text=provider, suggestions=suggest_providers(provider, known))


def check_sources(asked: Iterable[str], known: Collection[str]) -> None:
    """Refuse the key of a source that there is not."""
    for source in sorted(asked):
        if source not in known:
            with caused_by("source"):
                raise UnknownSource(text=source, known=tuple(sorted(known)))


def question_of(
    asked: Asked, filters: Filters, amount: Decimal | None, *, by_speed: bool = False
) -> ComparisonQuestion:
    """Return the domain's question."""
    return ComparisonQuestion(
        amount=amount,
        amount_is=asked.amount_is,
        sending_currency=asked.sending_currency,
        receiving_currency=asked.receiving_currency,
        filters=filters,
        exact_only=asked.exact_only,
        sort_by_speed=by_speed,
        benchmark=asked.benchmark,
    )
