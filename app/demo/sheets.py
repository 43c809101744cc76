"""The survey's columns and sheets, in both layouts, as workbook and as CSV."""

from app.demo.traps import Layout

_COUNTRY_FACTS = ("code", "name", "region", "income", "lending", "G8G20")
_COUNTRIES = tuple(f"{side}_{fact}" for side in ("source", "destination") for fact in _COUNTRY_FACTS)
_TIER = ("lcu amount", "denomination amount", "lcu code", "lcu fee", "lcu fx rate", "fx margin", "total cost %")
_TIERS = tuple(f"{prefix} {column}" for prefix in ("cc1", "cc2") for column in _TIER)
_FIRM = ("firm", "firm_type")
_PRICES = ("speed actual", *_TIERS, "inter lcu bank fx", "transparent")
_OLD_NOTES = ("note1", "note2", "coverage", "pick-up method")
_NEW_NOTES = ("Standard Note", "note2")
_LAST = ("date", "corridor")

NUMBERS = frozenset({"id", "inter lcu bank fx", *(column for column in _TIERS if not column.endswith("code"))})
SYNTHETIC = "synthetic"

WORKBOOK_COLUMNS = {
    Layout.OLD: (
        *("id", "period", *_COUNTRIES, *_FIRM, "product", "sending location", *_PRICES, *_OLD_NOTES, *_LAST),
        SYNTHETIC,
    ),
    Layout.NEW: (
        *(
            "id",
            "period",
            *_COUNTRIES,
            *_FIRM,
            "payment instrument",
            "access point",
            *_PRICES,
            "Standard Note",
            "note2",
        ),
        *("receiving network coverage", "pickup location", "pickup method", *_LAST),
        SYNTHETIC,
    ),
}
# The CSV editions leave out what the official ones leave out, and put the payment instrument last.
CSV_COLUMNS = {
    Layout.OLD: (
        *("id", "period", "source_code", "destination_code", *_FIRM, "product", "sending location"),
        *(*_PRICES, *_OLD_NOTES, *_LAST),
        SYNTHETIC,
    ),
    Layout.NEW: (
        *("id", "period", *_COUNTRIES, *_FIRM, "access point", *_PRICES, *_NEW_NOTES),
        *("receiving network coverage", "pickup location", "pickup method", *_LAST, "payment instrument"),
        SYNTHETIC,
    ),
}

SHEETS = {Layout.OLD: "Dataset (up to Q1 2016)", Layout.NEW: "Dataset (from Q2 2016)"}

TERMS_OF_USE = (
    "SYNTHETIC DATA",
    "This workbook is SYNTHETIC: every provider, price, rate, date and note in it was invented by a program.",
    "It has the layout of the World Bank's Remittance Prices Worldwide, so that software can be tried, and nothing",
    "else of it: it is not the World Bank's, and says nothing about what anybody charges anywhere.",
    "Made by ThreePercent's demonstration generator. No rights reserved (CC0 1.0).",
)
METHODOLOGY = (
    "SYNTHETIC DATA: nothing was surveyed.",
    "Fees and margins are drawn so that median, spread and the share of negative margins lie near the real survey's.",
)
LEGEND = (
    ("id", "id number applied to each service"),
    ("period", "data collection period"),
    ("source", "country where money is sent from"),
    ("destination", "country where money is sent to"),
    ("_code", "ISO 3166-1 alpha-3 country code"),
    ("_name", "country name"),
    ("_region", "country's region"),
    ("firm", "invented remittance service provider"),
    ("cc(X) denomination amount", "amount sent in USD"),
    ("cc(X) lcu amount", "amount sent in local currency of the sending country"),
    ("cc(X) lcu code", "local currency of the sending country"),
    ("cc(X) lcu fee", "fee in local currency"),
    ("cc(X) lcu fx rate", "exchange rate applied to the transaction"),
    ("cc(X) fx margin", "percentage difference between that rate and the interbank rate"),
    ("cc(X) total cost %", "total cost of the transaction in percentage"),
    ("inter lcu bank fx", "interbank exchange rate"),
    ("transparent", "whether the exchange rate was disclosed"),
    ("date", "day when the information was (not really) collected"),
    (SYNTHETIC, "yes: the row was invented"),
)
COUNTRY_HEADER = ("Code", "Name", "Region", "Income group", "Lending category", "G8/G20")
