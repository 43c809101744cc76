"""What an import did, in figures: the same for a person, for ``--json`` and for the record in the database."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.sources.frames import Tally
from app.sources.source import Doubt, Refused

_LINE: Final = re.compile(r"line ([0-9]+)", re.ASCII)


@dataclass(kw_only=True)
class Rows:
    """What became of the accepted rows; ``vanished`` counts, by period, stored rows that this edition lacks."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    vanished: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Report:
    """The end of an import. ``already`` is the finished import that this one would only repeat.

    ``dataset_version`` is null where nothing changed; ``difference`` is there for a dry run.
    """

    source: str
    file_hash: str
    counts: dict[str, Any]
    import_id: int | None = None
    dataset_version: int | None = None
    already: int | None = None
    difference: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "source": self.source,
            "file_hash": self.file_hash,
            "import_id": self.import_id,
            "dataset_version": self.dataset_version,
            "already_imported_as": self.already,
            "counts": self.counts,
            "difference": self.difference,
        }


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What the records of an answer became. ``dataset_version`` is null where nothing changed.

    ``rows`` counts them by what became of them (``new``, ``changed``, ``unchanged`` …); ``refused`` are the doubts
    that only arose beside what is stored.
    """

    dataset_version: int | None
    rows: dict[str, int]
    refused: tuple[Doubt, ...] = ()


def answer_counts(target: str, accepted: int, refused: Sequence[Doubt], counts: Mapping[str, int]) -> dict[str, Any]:
    """Return what became of an answer's records as plain values; ``target`` tells it from an import of a survey."""
    return {
        "target": target,
        "records_accepted": accepted,
        "records_refused": len(refused),
        "refused": dict(sorted(Counter(doubt.code for doubt in refused).items())),
        "counts": dict(counts),
    }


def refused_row(doubt: Doubt) -> Refused:
    """Return a doubt as a refused row: its place is the row's id, and its line the row where it has one."""
    line = _LINE.match(doubt.place)
    return Refused(
        sheet="",
        place_row=int(line[1]) if line else 0,
        period="",
        key=doubt.place,
        column="",
        given=doubt.given,
        code=doubt.code,
        reason=doubt.reason,
    )


def counts_of(tally: Tally, rows: Rows) -> dict[str, Any]:
    """Return an import's counts as plain values: prices by tier, rows by what became of them, refusals by reason."""
    quotes: Counter[str] = Counter()
    margins: dict[str, Counter[str]] = {}
    costs: dict[str, Counter[str]] = {}
    flags: dict[str, Counter[str]] = {}
    for kind in tally.prices:
        quotes[kind.tier] += kind.count
        margins.setdefault(kind.tier, Counter())[kind.fx_margin_status] += kind.count
        costs.setdefault(kind.tier, Counter())[kind.cost_status] += kind.count
        for flag in filter(None, kind.flags.split(",")):
            flags.setdefault(flag, Counter())[kind.tier] += kind.count
    return {
        "layouts": tally.layouts,
        "sheets": [
            {
                "sheet": each.sheet,
                "rows_read": each.rows_read,
                "rows_accepted": each.rows_accepted,
                "periods": each.periods,
            }
            for each in tally.sheets
        ],
        "sheets_absent": tally.sheets_absent,
        "periods": tally.periods,
        "rows_read": tally.rows_read,
        "rows_accepted": tally.rows_accepted,
        "rows_refused": tally.rows_read - tally.rows_accepted,
        "rows_new": rows.new,
        "rows_changed": rows.changed,
        "rows_unchanged": rows.unchanged,
        "rows_vanished": dict(sorted(rows.vanished.items())),
        "rows_with_numbers_as_text": tally.rows_with_numbers_as_text,
        "quotes_accepted": sum(quotes.values()),
        "quotes_by_tier": _sorted(quotes),
        "fx_margin_status": {tier: _sorted(found) for tier, found in sorted(margins.items())},
        "cost_status": {tier: _sorted(found) for tier, found in sorted(costs.items())},
        "flags": {flag: _sorted(found) for flag, found in sorted(flags.items())},
        "not_published": tally.not_published,
        "refused": [{"reason": code, "column": column, "rows": count} for code, column, count in tally.refused],
        "unmapped_labels": [
            {"vocabulary": vocabulary, "label": label, "rows": count}
            for vocabulary, label, count in tally.unmapped_labels
        ],
        "unmapped_notes": tally.unmapped_notes,
        "corrections_applied": tally.corrections_applied,
        "idle_corrections": tally.idle_corrections,
    }


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items()))
