"""Reference rates as institutions published them: appended, never overwritten; a corrected fixing is a later row."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from sys import intern
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Select,
    Text,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlmodel import Field

from app.db import ExactDecimal, KeyText, UtcDateTime, microseconds
from app.domain.rates import ECB, EURO, Fixing, Institution
from app.store import bulk
from app.store.corridors import corridors
from app.store.live_quotes import live_quotes
from app.store.quotes import quotes
from app.store.schema import Row, table


class InstitutionRow(Row, table=True):
    """Who publishes rates: ``source`` brought them, ``rate_type`` is the institution's own word for what they are."""

    __tablename__ = "institutions"

    key: str = Field(primary_key=True, sa_type=KeyText)
    source: str = Field(sa_type=KeyText)
    name: str = Field(sa_type=Text)
    country: str | None = Field(sa_type=KeyText)
    pivot_currency: str | None = Field(sa_type=KeyText)
    rate_type: str | None = Field(sa_type=Text)
    link: str | None = Field(sa_type=Text)
    cadence: str | None = Field(sa_type=KeyText)


class FixingRow(Row, table=True):
    """One published rate: 1 ``base`` = ``value`` ``quote``, in the published direction and digits.

    The newest dataset version of a (institution, day, base, quote) counts.
    """

    __tablename__ = "fixings"

    institution: str = Field(primary_key=True, sa_type=KeyText)
    day: date = Field(primary_key=True, sa_type=Date)
    base: str = Field(primary_key=True, sa_type=KeyText)
    quote: str = Field(primary_key=True, sa_type=KeyText)
    dataset_version: int = Field(primary_key=True)
    value: Decimal = Field(sa_type=ExactDecimal)
    import_id: int
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class InstitutionVersionRow(Row, table=True):
    """What was said of an institution from a dataset version on: ``institutions`` has the newest of each."""

    __tablename__ = "institution_versions"

    key: str = Field(primary_key=True, sa_type=KeyText)
    dataset_version: int = Field(primary_key=True)
    source: str = Field(sa_type=KeyText)
    name: str = Field(sa_type=Text)
    country: str | None = Field(sa_type=KeyText)
    pivot_currency: str | None = Field(sa_type=KeyText)
    rate_type: str | None = Field(sa_type=Text)
    link: str | None = Field(sa_type=Text)
    cadence: str | None = Field(sa_type=KeyText)


institution_table = table(InstitutionRow)
institution_versions = table(InstitutionVersionRow)
fixings = table(FixingRow)

_FIXING: Final = ("institution", "day", "base", "quote", "value")
_INSTITUTION: Final = ("key", "source", "name", "country", "pivot_currency", "rate_type", "link", "cadence")


class Coverage(NamedTuple):
    """Since when and until when an institution has quoted a currency, and on how many days."""

    currency: str
    institution: str
    first: date
    last: date
    fixings: int


def append(
    connection: Connection,
    records: Iterable[Sequence[bulk.Stored]],
    *,
    import_id: int,
    dataset_version: int,
    recorded_at: datetime,
) -> int:
    """Append fixings (institution, day as ISO 8601, base, quote, value as canonical text); return how many.

    One that this dataset version has already is an IntegrityError.
    """
    same = {"dataset_version": dataset_version, "import_id": import_id, "recorded_at": microseconds(recorded_at)}
    return bulk.append(connection, bulk.Target(fixings, _FIXING, same), records)


def add_institutions(connection: Connection, records: Iterable[Sequence[str | None]], *, dataset_version: int) -> int:
    """Add institutions (key, source, name, country, pivot currency, rate type, link, cadence), or say anew what they
    are, from a dataset version on; return how many are new or changed.
    """
    known = {
        row[0]: tuple(row) for row in connection.execute(select(*(institution_table.c[name] for name in _INSTITUTION)))
    }
    given = {record[0]: tuple(record) for record in records}
    new = [dict(zip(_INSTITUTION, record, strict=True)) for key, record in given.items() if key not in known]
    changed = [
        {f"new_{name}": value for name, value in zip(_INSTITUTION, record, strict=True)}
        for key, record in given.items()
        if key in known and known[key] != record
    ]
    if new:
        connection.execute(insert(institution_table), new)
    told = [(*given[key], dataset_version) for key in given if known.get(key) != given[key]]
    if told:
        names = (*_INSTITUTION, "dataset_version")
        connection.execute(insert(institution_versions), [dict(zip(names, record, strict=True)) for record in told])
    if changed:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _INSTITUTION[1:]}
        connection.execute(
            update(institution_table).where(institution_table.c.key == bindparam("new_key")).values(values), changed
        )
    return len(new) + len(changed)


def institutions(connection: Connection, as_of: int | None = None) -> dict[str, Institution]:
    """Return every institution that is known, or was at a dataset version, by key."""
    if as_of is None:
        query = select(*(institution_table.c[name] for name in _INSTITUTION)).order_by(institution_table.c.key)
    else:
        columns, later = institution_versions.c, institution_versions.alias("later")
        is_newer = exists().where(
            later.c.key == columns.key,
            later.c.dataset_version > columns.dataset_version,
            later.c.dataset_version <= as_of,
        )
        query = select(*(columns[name] for name in _INSTITUTION)).order_by(columns.key)
        query = query.where(columns.dataset_version <= as_of, ~is_newer)
    rows = connection.execute(query)
    return {row["key"]: Institution(**row) for row in rows.mappings()}


def recent(connection: Connection, since: date, as_of: int | None = None) -> list[Fixing]:
    """Return the newest version of each fixing from a day on, by institution and day; as known at a dataset version."""
    return _read(connection, _newest(as_of).where(_from_day(since)))


def between(
    connection: Connection, currencies: Collection[str], since: date, until: date, as_of: int | None = None
) -> list[Fixing]:
    """Return the newest version of the fixings that a rate between these currencies can rest on, both days included.

    Those with one of the currencies on either side; all of the institutions that fix against the euro, through which
    the others are joined; and all of those whose pivot the ECB did not quote throughout, which are joined through
    whatever else they fix. ``as_of``: as known at that dataset version.
    """
    columns, wanted = fixings.c, sorted(currencies)
    unjoined = _unjoined(connection, since, until, as_of)
    is_wanted = or_(columns.base.in_(wanted), columns.quote.in_(wanted), columns.institution.in_(unjoined))
    return _read(connection, _newest(as_of).where(_from_day(since), columns.day <= until, is_wanted))


def fixed_in(  # noqa: PLR0913 - when, by whom, and of what
    connection: Connection,
    since: date,
    until: date,
    *,
    institutions: Collection[str] | None = None,
    currencies: Collection[str] | None = None,
    most: int | None = None,
) -> list[Fixing]:
    """Return the newest version of what was fixed in a span of days, both included; null means all.

    ``institutions`` are those that fixed it, ``currencies`` stand on either side; at most ``most``.
    """
    columns = fixings.c
    query = _newest().where(_from_day(since), columns.day <= until).limit(most)
    if institutions is not None:
        query = query.where(columns.institution.in_(sorted(institutions)))
    if currencies is not None:
        wanted = sorted(currencies)
        query = query.where(or_(columns.base.in_(wanted), columns.quote.in_(wanted)))
    return _read(connection, query)


def _unjoined(connection: Connection, since: date, until: date, as_of: int | None) -> list[str]:
    columns = fixings.c
    query = (
        select(columns.quote, func.count(columns.day.distinct()))
        .where(columns.institution == ECB, columns.base == EURO, columns.day >= since, columns.day <= until)
        .group_by(columns.quote)
    )
    rows = connection.execute(query if as_of is None else query.where(columns.dataset_version <= as_of))
    days = {currency: count for currency, count in rows}  # noqa: C416 - the rows are no pairs to the type checker
    most = max(days.values(), default=0)
    joined = {currency for currency, count in days.items() if count == most}
    known = institutions(connection, as_of)
    return sorted(key for key, one in known.items() if one.pivot_currency not in joined)


def values_of(
    connection: Connection, institution: str, since: date, until: date
) -> dict[tuple[date, str, str], Decimal]:
    """Return an institution's newest values of a span of days, both included, by (day, base, quote)."""
    columns = fixings.c
    query = _newest().where(columns.institution == institution, columns.day >= since, columns.day <= until)
    return {(fixing.day, fixing.base, fixing.quote): fixing.value for fixing in _read(connection, query)}


def currencies_fixed(connection: Connection, since: date, until: date) -> set[str]:
    """Return the currencies that institutions beside the ECB fixed in a span of days, both included."""
    columns = fixings.c
    pairs = connection.execute(
        select(columns.base, columns.quote)
        .where(
            columns.institution.in_(select(institution_table.c.key).where(institution_table.c.key != ECB)),
            columns.day >= since,
            columns.day <= until,
        )
        .distinct()
    )
    return {currency for pair in pairs for currency in pair}


def corridors_quoted(
    connection: Connection, currencies: Collection[str], since: date, until: date, private: Collection[str]
) -> list[str]:
    """Return the corridors with a quote that sends or pays one of the currencies, observed from a day to another
    (included), and those with a current live quote that sends one, whenever observed; sources in ``private`` set aside.
    """
    first = datetime.combine(since, time(), UTC)
    end = datetime.combine(until, time(), UTC) + timedelta(days=1)
    columns = quotes.c
    is_shown = columns.source.not_in(sorted(private))
    sends, pays = columns.sending_currency.in_(sorted(currencies)), columns.receiving_currency.in_(sorted(currencies))
    observed = exists().where(
        columns.corridor == corridors.c.id,
        columns.observed_at >= first,
        columns.observed_at < end,
        or_(sends, pays),
        is_shown,
    )
    current = (
        select(columns.corridor)
        .join_from(
            live_quotes,
            quotes,
            and_(
                columns.corridor == live_quotes.c.corridor,
                columns.observed_at == live_quotes.c.observed_at,
                columns.id == live_quotes.c.quote_id,
            ),
        )
        .where(sends, is_shown)
    )
    is_touched = or_(observed, corridors.c.id.in_(current))
    return list(connection.execute(select(corridors.c.id).where(is_touched).order_by(corridors.c.id)).scalars())


def newest_days(connection: Connection) -> dict[str, date]:
    """Return each institution's newest day; institutions without a fixing are left out."""
    newest = select(func.max(fixings.c.day)).where(fixings.c.institution == institution_table.c.key).scalar_subquery()
    rows = connection.execute(select(institution_table.c.key, newest).order_by(institution_table.c.key))
    return {key: day for key, day in rows if day is not None}


def coverage(connection: Connection) -> list[Coverage]:
    """Return who has quoted which currency since when, by currency and institution: it reads every fixing.

    The institution's own pivot is no currency that it quotes.
    """
    columns = fixings.c
    rows = connection.execute(
        select(
            columns.institution,
            columns.base,
            columns.quote,
            institution_table.c.pivot_currency,
            func.min(columns.day),
            func.max(columns.day),
            func.count(columns.day.distinct()),
        )
        .join_from(fixings, institution_table, institution_table.c.key == columns.institution)
        .group_by(columns.institution, columns.base, columns.quote, institution_table.c.pivot_currency)
    )
    found: dict[tuple[str, str], Coverage] = {}
    for institution, base, quote, pivot, first, last, count in rows:
        currency = base if quote == pivot else quote
        other = found.get((currency, institution))
        one = Coverage(currency, institution, first, last, count)
        found[currency, institution] = (
            one
            if other is None
            else one._replace(first=min(first, other.first), last=max(last, other.last), fixings=count + other.fixings)
        )
    return sorted(found.values())


def _newest(as_of: int | None = None) -> Select[Any]:
    later = fixings.alias("later")
    columns = fixings.c
    superseded = exists().where(
        later.c.institution == columns.institution,
        later.c.day == columns.day,
        later.c.base == columns.base,
        later.c.quote == columns.quote,
        later.c.dataset_version > columns.dataset_version,
    )
    if as_of is not None:
        superseded = superseded.where(later.c.dataset_version <= as_of)
    query = select(*(columns[name] for name in _FIXING)).where(~superseded)
    if as_of is not None:
        query = query.where(columns.dataset_version <= as_of)
    return query.order_by(columns.institution, columns.day, columns.base, columns.quote)


def _from_day(since: date) -> ColumnElement[bool]:
    """Name the institutions too: their fixings are found by the primary key, which begins with them."""
    return and_(fixings.c.institution.in_(select(institution_table.c.key)), fixings.c.day >= since)


def _read(connection: Connection, query: Select[Any]) -> list[Fixing]:
    rows = connection.execute(query, execution_options={"yield_per": bulk.CHUNK})
    return [
        Fixing(intern(institution), day, intern(base), intern(quote), value)
        for institution, day, base, quote, value in rows
    ]
