"""The numbers of a survey row: one price per tier, exact, with what its margin and total are worth and what is odd."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2b
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from app.domain.geography import Geography
from app.domain.quotes import cost_status, margin_status, quote_id_bytes
from app.domain.vocabulary import AmountTier, Evidence, FeeMode
from app.sources.cells import Cell, CellError, Remembered, named, number_of, text_of
from app.sources.labels import Labels
from app.sources.rpw_layouts import Columns
from app.sources.rpw_scenes import Scene
from app.sources.source import Mapped, SurveyQuote

LARGEST_PERCENT = 10_000
_CONTENT_BYTES = 16
_SURVEY, _ON_TOP = Evidence.SURVEY.value, FeeMode.ON_TOP.value
_LARGEST = 10**12
_LARGEST_DIGITS = 4
_HUNDRED, _HUNDRED_DIGITS = 100, 3
_MID_MARKET = "inter lcu bank fx"
_NOT_NEGATIVE, _PERCENTAGES, _TOTAL = (0, 1, 2), (4, 5), 5

_MarginFacts: TypeAlias = tuple[bool, bool, str, str, tuple[str, str | None, str, date] | None]


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
    """One of the survey's two amounts; ``columns`` are its numbers, in the order in which ``price`` takes them."""

    name: str
    nominal_usd: str
    columns: tuple[str, str, str, str, str, str]
    currency: str


def tier(prefix: str, amount_tier: AmountTier, nominal_usd: str) -> Tier:
    """Return a tier by its columns' prefix, ``cc1`` or ``cc2``."""
    return Tier(
        amount_tier.value,
        nominal_usd,
        (
            f"{prefix} lcu amount",
            f"{prefix} denomination amount",
            f"{prefix} lcu fx rate",
            f"{prefix} lcu fee",
            f"{prefix} fx margin",
            f"{prefix} total cost %",
        ),
        f"{prefix} lcu code",
    )


TIERS = (tier("cc1", AmountTier.USD_200, "200"), tier("cc2", AmountTier.USD_500, "500"))


class Setting(NamedTuple):
    """What the prices of one row have in common."""

    source: str
    source_key: str
    scene: Scene
    service: Mapped
    sheet: str
    place_row: int


class Numbers:
    """Reads cells as exact decimals; what was read before is remembered, within bounds."""

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self._floats = Remembered(_float)
        self._texts = Remembered(number_of)

    def numbers(self, cells: Sequence[Cell], columns: Sequence[str]) -> list[str | None]:
        """Return numbers as ``number_of`` does; raises ``CellError`` that names the column of the first bad one."""
        floats, other = self._floats, self._other
        try:
            # Only floats are looked up at once: True would be 1.0 to a dictionary.
            return [floats[cell] if type(cell) is float else other(cell) for cell in cells]
        except CellError:
            for cell, column in zip(cells, columns, strict=True):
                named(column, number_of, cell)
            raise

    def _other(self, cell: Cell) -> str | None:
        return self._texts[cell] if isinstance(cell, str) else number_of(cell)


def _float(cell: float) -> str:
    """Return a double's shortest decimal form; most need no more than their ``.0`` dropped."""
    text = repr(cell)
    if -_LARGEST < cell < _LARGEST and "e" not in text and text != "-0.0":
        return text.removesuffix(".0")
    return number_of(cell) or "0"


class Prices:
    """Reads the tiers of one table's rows into prices."""

    def __init__(self, columns: Columns, labels: Labels, geography: Geography) -> None:
        """``labels`` resolve names that are no currency codes, ``geography`` knows currencies and legal tender."""
        position = columns.position
        self._tiers = [
            (tier, itemgetter(*(position[name] for name in tier.columns)), position[tier.currency]) for tier in TIERS
        ]
        self._mid_market = position[_MID_MARKET]
        self._numbers = Numbers()
        self._labels = labels
        self._geography = geography
        self._currencies: dict[tuple[Cell, str], tuple[str, bool]] = {}
        self._margin_statuses = Remembered(self._ask_margin_status)

    def prices(self, cells: Sequence[Cell], setting: Setting, corrected: set[str]) -> list[SurveyQuote]:
        """Return the prices of a row's tiers; one without a published total has none (METHODOLOGY, ``not_published``).

        ``corrected`` are the columns that a declared correction changed. Raises ``CellError``, naming the column.
        """
        (mid,) = self._numbers.numbers((cells[self._mid_market],), (_MID_MARKET,))
        _check_sign(mid, _MID_MARKET)
        found = []
        for tier, numbers_of, currency_at in self._tiers:
            numbers = self._numbers.numbers(numbers_of(cells), tier.columns)
            _check(numbers, tier.columns)
            if numbers[_TOTAL] is not None:
                currency = self._currency(cells[currency_at], setting.scene.way.sending_country, tier.currency)
                quote = self._price(tier, (*numbers, mid), currency, setting)
                if corrected and (tier.currency in corrected or not corrected.isdisjoint(tier.columns)):
                    quote = quote._replace(flags=",".join(filter(None, (quote.flags, Flag.CORRECTED))))
                found.append(quote)
        return found

    def _price(
        self, tier: Tier, numbers: tuple[str | None, ...], currency: tuple[str, bool], setting: Setting
    ) -> SurveyQuote:
        amount, denomination, rate, fee, margin, total, mid = numbers
        if amount is None or amount == "0":
            raise CellError("an amount of more than 0, because a total cost is published", tier.columns[0])
        if total is None:
            raise CellError("a total cost", tier.columns[_TOTAL])
        period, way, day, _local_currency, is_outside_quarter = setting.scene
        service = setting.service
        code, is_resolved = currency
        content = (
            f"{way.corridor}|{day.iso}|{code}|{amount}|{denomination or ''}|{fee or ''}|{rate or ''}"
            f"|{margin or ''}|{total}|{mid or ''}|".encode()
        ) + service.id
        # _make spares half of the time that naming 25 fields takes; SurveyQuote says their order.
        return SurveyQuote._make(
            (
                quote_id_bytes(day.milliseconds, setting.source, setting.source_key, tier.name, content),
                setting.source,
                setting.source_key,
                _SURVEY,
                period,
                tier.name,
                way.corridor,
                day.milliseconds * 1000,
                service.id,
                code,
                service.payout_currency,
                amount,
                denomination,
                fee,
                _ON_TOP,
                margin,
                total,
                rate,
                mid,
                self._margin_status(setting, code, numbers),
                cost_status(
                    amount=Decimal(amount),
                    fee=_decimal(fee),
                    fx_margin_percent=_decimal(margin),
                    published_total_percent=Decimal(total),
                ).value,
                _flags(tier, numbers, is_resolved=is_resolved, is_outside_quarter=is_outside_quarter),
                setting.sheet,
                setting.place_row,
                blake2b(content, digest_size=_CONTENT_BYTES).digest(),
            )
        )

    def _margin_status(self, setting: Setting, currency: str, numbers: tuple[str | None, ...]) -> str:
        """Return what the margin is worth, which depends on the numbers only as far as these facts say."""
        _amount, _denomination, rate, fee, margin, _total, mid = numbers
        scene, service = setting.scene, setting.service
        way = scene.way
        is_complete = fee is not None and margin is not None
        facts: _MarginFacts = (service.is_transparent, is_complete, way.sending_country, scene.period, None)
        if margin == "0" and rate == "1" and mid == "1":
            at_ones = currency, service.payout_currency, way.receiving_country, scene.day.on
            facts = (service.is_transparent, is_complete, way.sending_country, scene.period, at_ones)
        return self._margin_statuses[facts]

    def _ask_margin_status(self, facts: "_MarginFacts") -> str:
        is_transparent, is_complete, sending_country, period, at_ones = facts
        margin = Decimal(0) if at_ones else Decimal(1)
        currency, payout, receiving_country, on = at_ones or ("", None, "", date.min)
        return margin_status(
            is_transparent=is_transparent,
            fee=Decimal(0) if is_complete else None,
            fx_margin_percent=margin if is_complete else None,
            published_rate=Decimal(1),
            published_mid_market_rate=Decimal(1),
            sending_country=sending_country,
            period=period,
            sending_currency=currency,
            payout_currency=payout,
            shares_tender=at_ones is not None and self._geography.shares_tender(currency, receiving_country, on),
        ).value

    def _currency(self, cell: Cell, sending_country: str, column: str) -> tuple[str, bool]:
        """Return the code, and whether it had to be worked out from the sending country (``CFA``)."""
        known = self._currencies.get((cell, sending_country))
        if known is not None:
            return known
        label = (named(column, text_of, cell) or "").strip().upper()
        if not label:
            raise CellError("a currency's code, because a total cost is published", column)
        if label in self._labels.ambiguous_currencies:
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


def _check(numbers: Sequence[str | None], columns: Sequence[str]) -> None:
    """Refuse what cannot be: negative amounts and rates, percentages beyond any price."""
    for index in _NOT_NEGATIVE:
        _check_sign(numbers[index], columns[index])
    for index in _PERCENTAGES:
        text = numbers[index]
        if text is not None and len(text) > _LARGEST_DIGITS and abs(Decimal(text)) >= LARGEST_PERCENT:
            raise CellError(f"a percentage between -{LARGEST_PERCENT} and {LARGEST_PERCENT}", columns[index])


def _check_sign(number: str | None, column: str) -> None:
    if number is not None and number[0] == "-":
        raise CellError("a number that is not negative", column)


def _flags(tier: Tier, numbers: tuple[str | None, ...], *, is_resolved: bool, is_outside_quarter: bool) -> str:
    """Return what is odd about a price; the numbers' texts have a sign in front and no leading zeros."""
    _amount, denomination, _rate, fee, margin, total, _mid = numbers
    odd = []
    if total and total[0] == "-":
        odd.append(Flag.NEGATIVE_TOTAL)
    elif total and len(total) >= _HUNDRED_DIGITS and Decimal(total) > _HUNDRED:
        odd.append(Flag.ABOVE_100_PERCENT)
    if margin and margin[0] == "-":
        odd.append(Flag.NEGATIVE_MARGIN)
    if fee == "0":
        odd.append(Flag.ZERO_FEE)
    if denomination is not None and denomination != tier.nominal_usd:
        odd.append(Flag.ODD_DENOMINATION)
    if is_outside_quarter:
        odd.append(Flag.DATE_OUTSIDE_QUARTER)
    if is_resolved:
        odd.append(Flag.CURRENCY_FROM_COUNTRY)
    return ",".join(odd) if odd else ""
