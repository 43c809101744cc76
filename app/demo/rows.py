"""One row of the survey: what its cells show, trap included."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from app.demo.draws import draws, pick
from app.demo.plan import (
    CORRIDOR_AS_FORMULA_EVERY,
    NAME_AS_FORMULA_EVERY,
    Place,
    id_of,
    is_ksv,
)
from app.demo.prices import NO_RATES, Rates, Tier, rates, tiers
from app.demo.services import COVERAGES, KINDS, NOTES, PAID_OUT_AS_SENT, PROVIDERS
from app.demo.traps import TEXT_QUARTERS, Layout

NOT_GIVEN = ".."


@dataclass(slots=True)
class Row:
    """The cells of one row by column, all as text; what the workbook shows in another way is beside them."""

    cells: dict[str, str]
    surveyed: date
    is_dated_by_text: bool
    numbers_are_text: bool
    formulas: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Columns:
    """How a layout calls the columns that have another name in the other."""

    paid_with: str
    sent_at: str
    picked_up: str
    coverage: str
    first_note: str


COLUMNS = {
    Layout.OLD: Columns("product", "sending location", "pick-up method", "coverage", "note1"),
    Layout.NEW: Columns(
        "payment instrument", "access point", "pickup method", "receiving network coverage", "Standard Note"
    ),
}


def row(place: Place, seed: int) -> Row:
    """Return the row at ``place``: a function of its arguments and nothing else."""
    survey_round, corridor, layout = place.survey_round, place.corridor, place.survey_round.layout
    service = draws(f"{seed}/{corridor.id}/{place.service}")
    seller = draws(f"{seed}/{corridor.sending.code}/{place.service}")
    now = draws(f"{seed}/{corridor.id}/{place.service}/{survey_round.period}")
    cells = {"id": str(id_of(place)), "period": survey_round.period, "synthetic": "yes"}
    _countries(cells, place)
    _service(cells, layout, seller, service)
    priced = _prices(cells, place, service, now)
    surveyed = _surveyed(survey_round.period, now[5])
    cells["transparent"] = "yes" if layout is Layout.OLD else "Yes"
    if place.trap is not None:
        surveyed = _spring(cells, place, priced, surveyed)
    number = place.index + 2
    made = Row(
        cells=cells,
        surveyed=surveyed,
        is_dated_by_text=survey_round.period < "2025",
        numbers_are_text=place.trap == "number_as_text" or survey_round.period in TEXT_QUARTERS,
    )
    if place.index % CORRIDOR_AS_FORMULA_EVERY == 0:
        made.formulas["corridor"] = f"=C{number}&I{number}"
    if place.index % NAME_AS_FORMULA_EVERY == 0:
        for column, offset in (("source_name", 2), ("source_region", 3)):
            made.formulas[column] = f"=VLOOKUP(C{number},Countries!A:F,{offset},FALSE)"
    return made


def _countries(cells: dict[str, str], place: Place) -> None:
    """Show both countries: codes, names, regions; income, lending and groups are not given."""
    for side, country in (("source", place.corridor.sending), ("destination", place.corridor.receiving)):
        cells[f"{side}_code"] = "KSV" if country.code == "XKX" and is_ksv(place) else country.code
        cells[f"{side}_name"] = country.name
        cells[f"{side}_region"] = country.region
        for fact in ("income", "lending", "G8G20"):
            cells[f"{side}_{fact}"] = NOT_GIVEN
    cells["corridor"] = cells["source_code"] + cells["destination_code"]


def _service(cells: dict[str, str], layout: Layout, seller: tuple[int, ...], service: tuple[int, ...]) -> None:
    """Show who sells what: the same seller offers the same service in every corridor it serves."""
    kind, columns = pick(KINDS, seller[0]), COLUMNS[layout]
    cells["firm"] = pick(PROVIDERS[kind.provider_type], seller[1])
    cells["firm_type"] = kind.provider_type
    cells[columns.paid_with], cells[columns.sent_at], cells[columns.picked_up] = kind.labels(layout)
    cells["speed actual"] = pick(kind.speeds, service[2])
    cells[columns.coverage] = pick(COVERAGES[layout], service[3])


def _prices(cells: dict[str, str], place: Place, service: tuple[int, ...], now: tuple[int, ...]) -> tuple[Tier, Tier]:
    """Show both tiers and the rates; return the tiers."""
    corridor, layout, trap = place.corridor, place.survey_round.layout, place.trap
    both = tiers(corridor, place.survey_round.level, service, now, trap)
    priced = rates(corridor, both[0].margin, place.survey_round.level, now[4])
    if _has_no_margin(place):
        both = (_without_margin(both[0]), _without_margin(both[1]))
        priced = NO_RATES
    code = "CFA" if layout is Layout.OLD and corridor.currency in {"XOF", "XAF"} else corridor.currency
    for prefix, tier, denomination in (("cc1", both[0], "200"), ("cc2", both[1], "500")):
        _show(cells, prefix, tier, priced)
        cells[f"{prefix} denomination amount"] = denomination if layout is Layout.OLD else f"{denomination}.0"
        cells[f"{prefix} lcu code"] = code
    cells["inter lcu bank fx"] = priced.interbank
    return both


def _has_no_margin(place: Place) -> bool:
    """Whether margin 0 and rates 1 are shown."""
    if place.corridor.is_one_currency:
        return place.trap != "not_transparent_with_margin"
    return place.trap in {"paid_out_as_sent", "not_transparent", "zero_unexplained"}


def _without_margin(tier: Tier) -> Tier:
    """Return the tier with the fee alone."""
    return Tier(tier.amount, tier.fee, 0, (2 * tier.fee * 10_000 + tier.amount) // (2 * tier.amount))


def _show(cells: dict[str, str], prefix: str, tier: Tier, priced: Rates) -> None:
    """Write one tier's cells."""
    cells[f"{prefix} lcu amount"] = hundredths(tier.amount)
    cells[f"{prefix} lcu fee"] = hundredths(tier.fee)
    cells[f"{prefix} lcu fx rate"] = priced.offered
    cells[f"{prefix} fx margin"] = hundredths(tier.margin)
    cells[f"{prefix} total cost %"] = hundredths(tier.total)


def hundredths(value: int) -> str:
    """Write hundredths as the survey's CSV does: ``735.0``, ``2.67``, ``-0.5``."""
    whole, part = divmod(abs(value), 100)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{part // 10}" if part % 10 == 0 else f"{sign}{whole}.{part:02d}"


def _surveyed(period: str, draw: int) -> date:
    """Return a day of the quarter's second or third month."""
    first = date(int(period[:4]), int(period[5]) * 3 - 1, 1)
    return first + timedelta(days=draw * 50 // 65536)


def _spring(cells: dict[str, str], place: Place, priced: tuple[Tier, Tier], surveyed: date) -> date:
    """Put the row's trap into its cells; return the day it was surveyed."""
    trap, columns = place.trap or "", COLUMNS[place.survey_round.layout]
    if trap in NOTES:
        cells[columns.first_note] = NOTES[trap]
    elif trap == "paid_out_as_sent":
        cells[columns.first_note] = PAID_OUT_AS_SENT[place.corridor.currency]
    elif trap == "second_note":
        cells["note2"] = NOTES["note_economy_service"]
    elif trap == "date_outside_quarter":
        surveyed += timedelta(days=92)
    if trap.startswith("not_transparent"):
        cells["transparent"] = "no"
    _spring_numbers(cells, place, priced)
    _spring_labels(cells, trap, columns, place.survey_round.layout)
    return surveyed


def _spring_numbers(cells: dict[str, str], place: Place, priced: tuple[Tier, Tier]) -> None:
    """Put traps of amounts, fees and totals into the cells."""
    trap, (small, large) = place.trap or "", priced
    if trap == "fee_missing":
        cells["cc1 lcu fee"] = cells["cc2 lcu fee"] = ""
    elif trap == "margin_missing":
        cells["cc1 fx margin"] = cells["cc2 fx margin"] = NOT_GIVEN
    elif trap == "fee_forgotten":
        cells["cc1 total cost %"], cells["cc2 total cost %"] = hundredths(small.margin), hundredths(large.margin)
    elif trap == "total_above_parts":
        cells["cc1 total cost %"] = hundredths(small.total + 150)
        cells["cc2 total cost %"] = hundredths(large.total + 150)
    elif trap.startswith("denomination_"):
        amount = trap.removeprefix("denomination_")
        cells[f"{'cc2' if amount.startswith('5') else 'cc1'} denomination amount"] = amount
    elif trap == "cc2_total_missing":
        cells["cc2 total cost %"] = ""
    elif trap == "cc2_missing":
        for column in ("lcu amount", "lcu code", "lcu fee", "lcu fx rate", "fx margin", "total cost %"):
            cells[f"cc2 {column}"] = ""
    elif trap == "tiers_in_two_currencies":
        cells["cc2 lcu code"] = "EUR" if place.corridor.currency == "USD" else "USD"


# What a trap writes over the labels: column (as in Columns, or as in the file), text in the old and in the new layout.
_LABELS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "unmapped_label": (("paid_with", "Carrier pigeon", "Carrier pigeon"),),
    "transparent_in_other_case": (("transparent", "Yes", "yes"),),
    "label_in_other_case": (
        ("paid_with", "Credit/Debit Card Service", "Credit Card"),
        ("speed actual", "Next Day", "Next Day"),
        ("firm_type", "Post Office", "Post Office"),
    ),
    "label_misspelt": (("picked_up", "Bank Acciunt", "Bank Acciunt"),),
    "label_list": (("paid_with", "Account,Card,Cash to cash", "Cash,Debit/credit card"),),
    "combined_provider_type": (("firm_type", *("Money Transfer Operator / Post office",) * 2),),
    "not_available": (("speed actual", "N/A", "N/A"), ("sent_at", "Not available", "Not available")),
    "coverage_not_given": (("coverage", NOT_GIVEN, NOT_GIVEN),),
}


def _spring_labels(cells: dict[str, str], trap: str, columns: Columns, layout: Layout) -> None:
    """Put traps of labels and names into the cells."""
    for column, old, new in _LABELS.get(trap, ()):
        cells[getattr(columns, column, column)] = old if layout is Layout.OLD else new
    if trap == "label_with_space":
        for column in ("speed actual", columns.coverage, "firm_type"):
            cells[column] += " "
    elif trap == "provider_spelling":
        cells["firm"] = _misspell(cells["firm"])


def _misspell(name: str) -> str:
    """Write a provider in another case and with one space more; it still begins with "Demo "."""
    first, rest = name.split(" ", 1)
    return f"{first} {rest.upper()} "
