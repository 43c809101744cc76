"""Column types that give the same digits on SQLite and PostgreSQL, and the naming of constraints."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Dialect, LargeBinary, MetaData, Numeric, Text, TypeDecorator, Uuid
from sqlalchemy.types import TypeEngine
from typing_extensions import override

NAMING_CONVENTION: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class KeyText(TypeDecorator[str]):
    """Identifying text, which sorts by code point on both databases, whatever their locale."""

    impl = Text
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text(collation="C") if dialect.name == "postgresql" else Text())


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal kept digit for digit: canonical text on SQLite, which would make it a float, NUMERIC on PostgreSQL."""

    impl = Text
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Numeric() if dialect.name == "postgresql" else Text())

    @override
    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | str | None:
        if value is None:
            return None
        text = decimal_text(value)
        return Decimal(text) if dialect.name == "postgresql" else text

    @override
    def process_result_value(self, value: Decimal | str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else _decimal(value)


@lru_cache(maxsize=8192)
def _decimal(value: Decimal | str) -> Decimal:
    """Share equal decimals: a survey repeats its amounts, fees and rates thousands of times."""
    return Decimal(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: microseconds since 1970 on SQLite, ``timestamp with time zone`` on PostgreSQL; always in UTC here."""

    impl = BigInteger
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(DateTime(timezone=True) if dialect.name == "postgresql" else BigInteger())

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value if dialect.name == "postgresql" else microseconds(value)

    @override
    def process_result_value(self, value: datetime | int | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return instant(value) if isinstance(value, int) else value.astimezone(UTC)


class QuoteId(TypeDecorator[UUID]):
    """A UUID: 16 bytes on SQLite, ``uuid`` on PostgreSQL. Both sort by the bytes, so by time."""

    impl = LargeBinary
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Uuid() if dialect.name == "postgresql" else LargeBinary(16))

    @override
    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> UUID | bytes | None:
        return value if value is None or dialect.name == "postgresql" else value.bytes

    @override
    def process_result_value(self, value: UUID | bytes | None, dialect: Dialect) -> UUID | None:
        return UUID(bytes=value) if isinstance(value, bytes) else value


def decimal_text(value: Decimal) -> str:
    """Return a decimal's one canonical spelling: no exponent, no trailing zeros, no minus zero."""
    if not value.is_finite():
        raise ValueError("only finite decimals are stored")
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def microseconds(at: datetime) -> int:
    """Return an aware instant as microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def instant(since_1970: int) -> datetime:
    """Return the instant that many microseconds after 1970, in UTC."""
    return _EPOCH + timedelta(microseconds=since_1970)


def metadata() -> MetaData:
    """Return new metadata with our naming of constraints."""
    return MetaData(naming_convention=NAMING_CONVENTION)
