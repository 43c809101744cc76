"""Taxes that a sending country puts on the sender: beside the provider's price, never in it.

A tax adds to what the sender pays and is shown with its source; whether it applies may hang on what the sender pays
with, which not every source says.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from app.domain.methodology import SENDER_TAXES, SenderTax
from app.domain.vocabulary import PaymentInstrument


@dataclass(frozen=True, slots=True)
class TaxOnSender:
    """What a tax does to one offer: ``percent`` of the principal, or null with why that is not known."""

    tax: SenderTax
    percent: Fraction | None
    reason: str | None = None


def tax_on_sender(
    sending_country: str, on: date, instruments: Iterable[PaymentInstrument], asked: Iterable[PaymentInstrument] = ()
) -> TaxOnSender | None:
    """Return what is due for a transfer sent on a day and paid with any of ``instruments``; null where no tax is known.

    ``asked`` are the instruments that the question allows: those that a service takes beside them do not count.
    """
    tax = next((tax for tax in SENDER_TAXES if tax.sending_country == sending_country and tax.holds(on)), None)
    if tax is None:
        return None
    offered, wanted = set(instruments), set(asked)
    meant = (offered & wanted) or offered
    taxed = meant & set(tax.payment_instruments)
    if taxed and taxed == meant:
        return TaxOnSender(tax, tax.percent)
    if taxed:
        return TaxOnSender(tax, None, "depends_on_payment_instrument")
    if not meant or PaymentInstrument.UNKNOWN in meant or PaymentInstrument.OTHER in meant:
        return TaxOnSender(tax, None, "unknown_payment_instrument")
    return TaxOnSender(tax, Fraction(0))
