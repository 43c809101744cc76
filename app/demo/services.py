"""What the invented providers offer, in the survey's own labels: provider names, products, speeds and notes."""

from dataclasses import dataclass

from app.demo.traps import Layout

_ANIMALS = (
    *("Falcon", "Heron", "Otter", "Lynx", "Ibis", "Marlin", "Gecko", "Puffin", "Badger", "Condor", "Dolphin", "Egret"),
    *("Ferret", "Gazelle", "Hoopoe", "Impala", "Jackdaw", "Kestrel", "Lemur", "Magpie", "Narwhal", "Osprey", "Plover"),
    *("Quail", "Raven", "Swift", "Toucan", "Urchin", "Vole", "Walrus", "Xerus", "Yak"),
)
_TREES = (
    *("Acacia", "Baobab", "Cedar", "Date Palm", "Elm", "Fig", "Ginkgo", "Hazel", "Iroko", "Juniper", "Kapok", "Larch"),
    *("Mango", "Neem", "Olive", "Poplar", "Rowan", "Spruce", "Tamarind", "Willow"),
)
_COLOURS = ("Amber", "Blue", "Crimson", "Green", "Indigo", "Red", "Silver", "Violet", "White", "Yellow")

MONEY_TRANSFER, BANK, POST, MOBILE, NON_BANK = (
    *("Money Transfer Operator", "Bank", "Post office", "Mobile Operator", "Non-Bank FI"),
)

# Invented names, all of which begin with "Demo ", by the survey's label of their type.
PROVIDERS = {
    MONEY_TRANSFER: tuple(f"Demo {animal} {kind}" for kind in ("Remit", "Transfer", "Money") for animal in _ANIMALS),
    BANK: tuple(f"Demo {tree} Bank" for tree in _TREES),
    POST: tuple(f"Demo {colour} Post" for colour in _COLOURS),
    MOBILE: tuple(f"Demo {colour} Mobile" for colour in _COLOURS),
    NON_BANK: tuple(f"Demo {tree} Finance" for tree in _TREES),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to send and receive, as each layout labels it.

    ``labels`` are, for the old layout, product, sending location and pick-up method; for the new one, payment
    instrument, access point and pickup method. ``weight`` is the share among 64 services.
    """

    weight: int
    provider_type: str
    old: tuple[str, str, str]
    new: tuple[str, str, str]
    speeds: tuple[str, ...]

    def labels(self, layout: Layout) -> tuple[str, str, str]:
        """Return the three labels of a layout."""
        return self.old if layout is Layout.OLD else self.new


_HOUR, _DAY, _NEXT, _TWO, _FIVE, _SIX = (
    *("Less than one hour", "Same day", "Next day", "2 days", "3-5 days", "6 days or more"),
)
_SOMEWHERE = "Not available"
_BANK_TRANSFER = "Bank account transfer"

_KINDS = (
    Kind(16, MONEY_TRANSFER, ("Cash to cash", _SOMEWHERE, "Cash"), ("Cash", "Agent", "Cash"), (_HOUR, _HOUR, _DAY)),
    Kind(
        6,
        MONEY_TRANSFER,
        ("Online service", "On-line", "Bank Account"),
        ("Debit card", "Internet", "Bank account"),
        (_HOUR, _DAY, _NEXT),
    ),
    Kind(
        4,
        MONEY_TRANSFER,
        ("Credit/debit card service", "On-line", "Cash"),
        ("Credit card", "Internet", "Cash"),
        (_HOUR, _DAY),
    ),
    Kind(
        10,
        BANK,
        ("Account to account", "at Branch", "Bank Account"),
        (_BANK_TRANSFER, "Bank branch", "Bank account"),
        (_FIVE, _FIVE, _TWO, _NEXT),
    ),
    Kind(
        4,
        BANK,
        ("Account to account (other bank)", "at Branch,Call Center", "Own/partner Bank Account"),
        (_BANK_TRANSFER, "Call Center", "Own/partner Bank account"),
        (_DAY, _SIX),
    ),
    Kind(
        5,
        MONEY_TRANSFER,
        ("Cash to account", _SOMEWHERE, "Bank Account"),
        ("Cash", "Agent", "Bank account"),
        (_DAY, _NEXT),
    ),
    Kind(3, POST, ("Cash to cash", "at Branch", "Cash"), ("Cash", "Post office", "Cash"), (_HOUR, _TWO)),
    Kind(
        4, MOBILE, ("Mobile", _SOMEWHERE, "Mobile"), ("Mobile money", "Mobile phone", "Mobile wallet"), (_HOUR, _HOUR)
    ),
    Kind(
        2,
        NON_BANK,
        ("Door to door", _SOMEWHERE, "Home Delivery"),
        ("Cash", "Agent", "Home delivery"),
        (_TWO, _FIVE),
    ),
    Kind(
        2,
        MONEY_TRANSFER,
        ("Prepaid card", _SOMEWHERE, "ATM Network"),
        ("Debit card", "Internet", "Prepaid cash card"),
        (_HOUR, _DAY),
    ),
    Kind(2, BANK, ("Cash to account (same bank)", "at Branch", ""), ("Cash", "Bank branch", "Bank account"), (_DAY,)),
    Kind(
        3,
        MONEY_TRANSFER,
        ("Account to cash", "On-line", "Cash"),
        (_BANK_TRANSFER, "Internet", "Cash"),
        (_DAY, _NEXT, _TWO),
    ),
    Kind(
        3,
        MONEY_TRANSFER,
        ("Account to account", "On-line", ""),
        (_BANK_TRANSFER, "Mobile phone", "Bank account"),
        (_HOUR, _DAY),
    ),
)
KINDS = tuple(kind for kind in _KINDS for _ in range(kind.weight))

COVERAGES = {
    Layout.OLD: ("Nationwide",) * 12 + ("Major cities", "Main city", "Urban only", "Rural only"),
    Layout.NEW: ("High",) * 9 + ("Medium",) * 5 + ("Low",) * 2,
}

# The survey's own notes; `{currency}` is the sending currency.
NOTES = {
    "not_transparent": (
        "This RSP is not transparent: the exchange rate applied to the transaction was not disclosed. The 0% in the"
        " exchange rate margin does NOT necessarily mean that there is no exchange rate cost, but rather that this cost"
        " is not disclosed to the sender at the time of sending."
    ),
    "not_transparent_with_margin": (
        "This RSP is not transparent: the amount to be received in local currency was not quoted. The 0% in the"
        " exchange rate margin does NOT necessarily mean that there is no exchange rate cost, but rather that this cost"
        " is not known by the sender at the time of sending."
    ),
    "negative_margin_promotion": (
        "A negative exchange rate margin for this operator may be due to a promotion/special offer that the RSP had on"
        " at the time the information was collected."
    ),
    "negative_margin_parallel": (
        "A negative exchange rate margin for this operator may reflect a parallel or grey foreign exchange market."
    ),
    "negative_total": (
        "A negative total cost for this operator may be due to a promotion active at the time information was collected"
        " and does not mean that the sender is remunarated for using the service."
    ),
    "note_low_fee_promotion": (
        "The very low fee is due to the fact that this RSP currently has a promotion/special offer in this corridor"
    ),
    "note_economy_service": "Economy service",
    "note_members_only": "Service for members",
    "note_fee_in_usd": "This RSP's fees are quoted only in USD. ",
    "note_usd_service": "USD service",
    "note_eur_service": "EUR service",
    "note_lcu_service": "LCU service",
    "unmapped_note": "A note of the demonstration survey that no label file maps",
}
PAID_OUT_AS_SENT = {
    "USD": (
        "This RSP sends and pays out in USD in this corridor. At the point of collection, the money may be converted to"
        " the local currency or paid out in USD. Remittance recipients may incur an additional cost (not shown here) if"
        " and when converting the USD to the local currency."
    ),
    "EUR": (
        "This RSP sends and pays out in EUR in this corridor.  At the point of collection, the money may be converted"
        " to the local currency or paid out in EUR. Remittance recipients may incur an additional cost (not shown here)"
        " if and when converting the EUR to the local currency."
    ),
    "ZAR": (
        "This RSP sends and pays out in ZAR in this corridor.  Remittance recipients may incur an additional cost (not"
        " shown here) if and when converting ZAR to the local currency."
    ),
}
