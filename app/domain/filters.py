"""Which services a question is about. ``unknown`` never matches and never vanishes: it is excluded by that name."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.quotes import Description
from app.domain.vocabulary import (
    AccessPoint,
    Customer,
    Exclusion,
    PaymentInstrument,
    ProviderType,
    ReceivingMethod,
    TransferSpeed,
)

PAID_WITHOUT_ACCOUNT = frozenset({PaymentInstrument.CASH, PaymentInstrument.MOBILE_MONEY})
"""What a sender without a bank account or card can pay with."""

RECEIVED_WITHOUT_ACCOUNT = frozenset(
    {ReceivingMethod.CASH, ReceivingMethod.HOME_DELIVERY, ReceivingMethod.MOBILE_WALLET}
)
"""How a receiver without a bank account or card can be paid."""

_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The API's filters; an empty one asks nothing. Values of one filter are alternatives, filters all hold.

    ``q``: the ids of the providers that match a text; null where none was asked, and an empty set matches nobody.
    ``observed_since``: the oldest observation wanted (the API's ``max_age_days``, counted back from its clock).
    """

    payment_instrument: frozenset[PaymentInstrument] = frozenset()
    access_point: frozenset[AccessPoint] = frozenset()
    receiving_method: frozenset[ReceivingMethod] = frozenset()
    provider_type: frozenset[ProviderType] = frozenset()
    provider: frozenset[str] = frozenset()
    source: frozenset[str] = frozenset()
    q: frozenset[str] | None = None
    max_transfer_speed: TransferSpeed | None = None
    max_age_days: timedelta | None = None
    observed_since: datetime | None = None
    paying_without_account: bool | None = None
    receiving_without_account: bool | None = None
    customer: Customer | None = None

    def reason(self, description: Description, source: str, observed_at: datetime) -> str | None:
        """Return why a service is not meant: the first filter it fails, else the first attribute not known."""
        unknown = None
        for parameter, verdict, attribute in self._verdicts(description, source, observed_at):
            if verdict is False:
                return f"filtered_{parameter}"
            if verdict is None and unknown is None:
                unknown = f"unknown_{attribute}"
        if unknown is None and self.customer is Customer.RETURNING and description.customer is Customer.NEW:
            return Exclusion.PROMOTION_ONLY
        return unknown

    def asked(self) -> tuple[str, ...]:
        """Return the names of the filters that ask something."""
        return tuple(f.name for f in fields(self) if f.name != "observed_since" and self._asks(f.name))

    def without(self, parameter: str) -> "Filters":
        """Return the same filters less one."""
        default: Any = next(f.default for f in fields(self) if f.name == parameter)
        changes: dict[str, Any] = {parameter: default}
        if parameter == "max_age_days":
            changes["observed_since"] = None
        return replace(self, **changes)

    def _asks(self, name: str) -> bool:
        value = getattr(self, name)
        return value is not None and (name == "q" or value != frozenset())

    def _verdicts(
        self, description: Description, source: str, observed_at: datetime
    ) -> Iterator[tuple[str, bool | None, str]]:
        """Yield (parameter, verdict, attribute): true fits, false does not, null is not known."""
        d = description
        lists: tuple[tuple[str, Collection[str], Collection[str]], ...] = (
            ("payment_instrument", self.payment_instrument, d.payment_instruments),
            ("access_point", self.access_point, d.access_points),
            ("receiving_method", self.receiving_method, d.receiving_methods),
            ("provider_type", self.provider_type, (d.provider_type,)),
            ("provider", self.provider, (d.provider,)),
            ("source", self.source, (source,)),
        )
        for name, wanted, has in lists:
            if wanted:
                yield name, _any(has, wanted.__contains__), name
        if self.q is not None:
            yield "q", d.provider in self.q, "provider"
        if self.max_transfer_speed is not None:
            is_fast = d.transfer_speed.place <= self.max_transfer_speed.place
            known = d.transfer_speed is not TransferSpeed.UNKNOWN
            yield "max_transfer_speed", is_fast if known else None, "transfer_speed"
        if self.observed_since is not None:
            yield "max_age_days", observed_at >= self.observed_since, "observed_at"
        if self.paying_without_account is not None:
            verdict = _any(d.payment_instruments, PAID_WITHOUT_ACCOUNT.__contains__)
            yield "paying_without_account", _is(verdict, wanted=self.paying_without_account), "payment_instrument"
        if self.receiving_without_account is not None:
            verdict = _any(d.receiving_methods, RECEIVED_WITHOUT_ACCOUNT.__contains__)
            yield "receiving_without_account", _is(verdict, wanted=self.receiving_without_account), "receiving_method"
        if self.customer is Customer.NEW or (self.customer and d.customer is Customer.UNKNOWN):
            yield "customer", None if d.customer is Customer.UNKNOWN else True, "customer"


def _any(has: Collection[str], fits: Callable[[str], bool]) -> bool | None:
    """Say whether one of the known values fits; null where none does but one is not known."""
    if any(fits(value) for value in has if value != _UNKNOWN):
        return True
    return None if _UNKNOWN in has or not has else False


def _is(verdict: bool | None, *, wanted: bool) -> bool | None:  # noqa: FBT001 - null is the third answer
    return None if verdict is None else verdict is wanted
