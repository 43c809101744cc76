"""The numbers of a survey row: one price per tier, exact, with what its margin and total are worth and what is odd."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from app.domain.geography import Geography
from app.domain.quotes import cost_status, margin_status, quote_id
from app.domain.vocabulary import AmountTier, Evidence, FeeMode
from app.sources.cells import Cell, CellError, Remembered, number_of, text_of
from app.sources.labels import Labels
from app.sources.source import Mapped, SurveyQuote

LARGEST_PERCENT = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CONTENT_BYTES = 16
_SURVEY, _ON_TOP = Evidence.SURVEY.value, FeeMode.ON_TOP.value
_LARGEST = 10**12


class Flag(StrEnum):
    """What is odd about an accepted price, beside the statuses of its margin and total."""

    NEGATIVE_TOTAL = "negative_total"
    NEGATIVE_MARGIN = "negative_margin"
    ZERO_FEE = "zero_fee"
    ABOVE_100_PERCENT = "above_100_percent"
    ODD_DENOMINATION = "odd_denomination"
    DATE_OUTSIDE_QUARTER = "date_outside_quarter"
    CORRECTED = "corrected"
    CURRENCY_FROM_COUNTRY = "currency_from_country"


class Tier(NamedTuple):
    """One of the survey's two amounts and its columns, in the order in which ``price`` takes their cells."""

    name: str
    nominal_usd: str
    columns: tuple[str, str, str, str, str, str, str]


def tier(prefix: str, amount_tier: AmountTier, nominal_usd: str) -> Tier:
    """Return a tier by its columns' prefix, ``cc1`` or ``cc2``."""
    return Tier(
        amount_tier.value,
        nominal_usd,
        (
            f"{prefix} lcu amount",
            f"{prefix} denomination amount",
            f"{prefix} lcu code",
            f"{prefix} lcu fee",
            f"{prefix} lcu fx rate",
            f"{prefix} fx margin",
            f"{prefix} total cost %",
        ),
    )


TIERS = (tier("cc1", AmountTier.USD_200, "200"), tier("cc2", AmountTier.USD_500, "500"))


class Day(NamedTuple):
    """The day on which a row was collected; ``microseconds`` count since 1970 (UTC)."""

    on: date
    iso: str
    at: datetime
    microseconds: int

    @classmethod
    def of(cls, on: date) -> "Day":
        """Return a day with its midnight."""
        at = datetime(on.year, on.month, on.day, tzinfo=UTC)
        return cls(on, on.isoformat(), at, (at - _EPOCH) // timedelta(microseconds=1))


class Setting(NamedTuple):
    """What the prices of one row have in common."""

    source: str
    source_key: str
    period: str
    corridor: str
    sending_country: str
    receiving_country: str
    day: Day
    service: Mapped
    mid_market_rate: str | None
    sheet: str
    place_row: int


class Numbers:
    """Reads cells as exact decimals; what was read before is remembered, within bounds."""

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self._floats = Remembered(_float)
        self._texts = Remembered(number_of)

    def number(self, cell: Cell, column: str) -> str | None:
        """Return a number as ``number_of`` does; raises ``CellError`` that names the column."""
        # Booleans are told apart first: True is 1.0 to a dictionary.
        try:
            if type(cell) is float:
                return self._floats[cell]
            if type(cell) is str:
                return self._texts[cell]
            return number_of(cell)
        except CellError as error:
            raise CellError(error.expected, column) from None

    def percent(self, cell: Cell, column: str) -> str | None:
        """Return a percentage; 10,000 % or more, up or down, is taken for a mistake."""
        text = self.number(cell, column)
        if text is not None and len(text) > 4 and abs(Decimal(text)) >= LARGEST_PERCENT:  # noqa: PLR2004 - digits
            raise CellError(f"a percentage between -{LARGEST_PERCENT} and {LARGEST_PERCENT}", column)
        return text

    def not_negative(self, cell: Cell, column: str) -> str | None:
        """Return a number that is not below 0."""
        text = self.number(cell, column)
        if text is not None and text[0] == "-":
            raise CellError("a number that is not negative", column)
        return text


def _float(cell: float) -> str:
    """Return a double's shortest decimal form; most need no more than their ``.0`` dropped."""
    text = repr(cell)
    if -_LARGEST < cell < _LARGEST and "e" not in text and text != "-0.0":
        return text.removesuffix(".0")
    return number_of(cell) or "0"


class Prices:
    """Reads the tiers of rows into prices."""

    def __init__(self, labels: Labels, geography: Geography) -> None:
        """``labels`` resolve names that are no currency codes, ``geography`` knows currencies and legal tender."""
        self.numbers = Numbers()
        self._labels = labels
        self._geography = geography
        self._currencies: dict[tuple[Cell, str], tuple[str | None, bool]] = {}
        self._margin_statuses: dict[tuple[object, ...], str] = {}

    def price(self, tier: Tier, cells: Sequence[Cell], setting: Setting, flags: tuple[Flag, ...]) -> SurveyQuote | None:
        """Return the price of one tier, or null where no total is published (METHODOLOGY, ``not_published``).

        ``flags`` are what is known to be odd before reading. Raises ``CellError``, naming the column.
        """
        names, numbers = tier.columns, self.numbers
        amount = numbers.not_negative(cells[0], names[0])
        denomination = numbers.not_negative(cells[1], names[1])
        fee = numbers.number(cells[3], names[3])
        rate = numbers.not_negative(cells[4], names[4])
        margin = numbers.percent(cells[5], names[5])
        total = numbers.percent(cells[6], names[6])
        if total is None:
            return None
        if amount is None or amount == "0":
            raise CellError("an amount of more than 0, because a total cost is published", names[0])
        currency, is_resolved = self._currency(cells[2], setting.sending_country, names[2])
        if currency is None:
            raise CellError("a currency's code, because a total cost is published", names[2])
        cost_is = cost_status(
            amount=Decimal(amount),
            fee=_decimal(fee),
            fx_margin_percent=_decimal(margin),
            published_total_percent=Decimal(total),
        )
        odd = [*flags, *_oddities(fee, margin, total)]
        if denomination is not None and denomination != tier.nominal_usd:
            odd.append(Flag.ODD_DENOMINATION)
        if is_resolved:
            odd.append(Flag.CURRENCY_FROM_COUNTRY)
        service = setting.service
        content = (
            f"{setting.corridor}|{setting.day.iso}|{currency}|{amount}|{denomination or ''}|{fee or ''}|{rate or ''}"
            f"|{margin or ''}|{total}|{setting.mid_market_rate or ''}|".encode()
        ) + service.id
        return SurveyQuote(
            quote_id(setting.day.at, setting.source, setting.source_key, tier.name, content).bytes,
            setting.source,
            setting.source_key,
            _SURVEY,
            setting.period,
            tier.name,
            setting.corridor,
            setting.day.microseconds,
            service.id,
            currency,
            service.payout_currency,
            amount,
            denomination,
            fee,
            _ON_TOP,
            margin,
            total,
            rate,
            setting.mid_market_rate,
            self._margin_status(setting, currency, fee, rate, margin),
            cost_is.value,
            ",".join(odd) if odd else "",
            setting.sheet,
            setting.place_row,
            blake2b(content, digest_size=_CONTENT_BYTES).digest(),
        )

    def _margin_status(
        self, setting: Setting, currency: str, fee: str | None, rate: str | None, margin: str | None
    ) -> str:
        """Return what the margin is worth, which depends on the numbers only as far as these facts say."""
        service = setting.service
        is_zero_at_ones = margin == "0" and rate == "1" and setting.mid_market_rate == "1"
        facts = (
            service.is_transparent,
            fee is None or margin is None,
            setting.sending_country,
            setting.period,
            (currency, service.payout_currency, setting.receiving_country, setting.day.on) if is_zero_at_ones else None,
        )
        known = self._margin_statuses.get(facts)
        if known is None:
            known = margin_status(
                is_transparent=service.is_transparent,
                fee=_decimal(fee),
                fx_margin_percent=_decimal(margin),
                published_rate=_decimal(rate),
                published_mid_market_rate=_decimal(setting.mid_market_rate),
                sending_country=setting.sending_country,
                period=setting.period,
                sending_currency=currency,
                payout_currency=service.payout_currency,
                shares_tender=is_zero_at_ones
                and self._geography.shares_tender(currency, setting.receiving_country, setting.day.on),
            ).value
            self._margin_statuses[facts] = known
        return known

    def _currency(self, cell: Cell, sending_country: str, column: str) -> tuple[str | None, bool]:
        """Return the code, and whether it had to be worked out from the sending country (``CFA``)."""
        known = self._currencies.get((cell, sending_country))
        if known is not None:
            return known
        try:
            text = text_of(cell)
        except CellError as error:
            raise CellError(error.expected, column) from None
        label = (text or "").strip().upper()
        found: tuple[str | None, bool]
        if not label:
            found = None, False
        elif label in self._labels.ambiguous_currencies:
            currency = self._labels.currency_by_country.get((label, sending_country))
            if currency is None:
                raise CellError(f"a currency's code; {label} is not one, and {sending_country} does not use it", column)
            found = currency, True
        else:
            known_currency = self._geography.find_currency(label)
            if known_currency is None:
                raise CellError("an ISO 4217 currency code, such as GBP", column)
            found = known_currency.code, False
        self._currencies[cell, sending_country] = found
        return found


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _oddities(fee: str | None, margin: str | None, total: str) -> list[Flag]:
    """Return what is odd about the numbers, by their text: it has a sign in front and no leading zeros."""
    odd = []
    if total[0] == "-":
        odd.append(Flag.NEGATIVE_TOTAL)
    elif len(total) > 2 and Decimal(total) > 100:  # noqa: PLR2004 - 100 % has three digits
        odd.append(Flag.ABOVE_100_PERCENT)
    if margin is not None and margin[0] == "-":
        odd.append(Flag.NEGATIVE_MARGIN)
    if fee == "0":
        odd.append(Flag.ZERO_FEE)
    return odd
