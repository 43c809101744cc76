"""How a push is recorded and told, a batch like a file: its public id, and what became of its items in figures."""

from base64 import b32encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.domain.verdicts import Outcome
from app.push.taking import PushedItem

ID_BYTES: Final = 17
"""So many random bytes an import's public id is made of."""

_ID_LENGTH: Final = 26


def new_import_id(random: bytes) -> str:
    """Return the public id of a new import, made of ``ID_BYTES`` random bytes: nobody can guess it."""
    return f"imp_{b32encode(random).decode().lower()[:_ID_LENGTH]}"


@dataclass(slots=True)
class Tally:
    """What became of items: how many had which outcome, and about how many each rule found something."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def items(self) -> int:
        """How many items were judged."""
        return self.outcomes.total()

    def add(self, items: Sequence[PushedItem]) -> None:
        """Count items."""
        self.outcomes.update(item.outcome for item in items)
        self.rules.update(finding.rule for item in items for finding in item.findings)

    def counts(self) -> dict[str, Any]:
        """Return an import's counts as plain values; ``target`` tells them from those of a survey."""
        quarantined, duplicates = self.outcomes[Outcome.QUARANTINED], self.outcomes[Outcome.DUPLICATE]
        return {
            "target": "push",
            "refused": {},
            "counts": {"put into quarantine": quarantined, "known before": duplicates, **self._found()},
            "records_accepted": self.outcomes[Outcome.ACCEPTED],
            "records_refused": self.outcomes[Outcome.REJECTED],
            "duplicates": duplicates,
            "quarantined": quarantined,
            "rules": dict(sorted(self.rules.items())),
        }

    def _found(self) -> dict[str, int]:
        """Return about how many items each rule said something, by its name."""
        return {f"by {rule}": count for rule, count in sorted(self.rules.items())}


def outcomes_of(counts: Mapping[str, Any]) -> dict[Outcome, int]:
    """Return how many items of a recorded push had which outcome."""
    named = {
        Outcome.ACCEPTED: "records_accepted",
        Outcome.DUPLICATE: "duplicates",
        Outcome.QUARANTINED: "quarantined",
        Outcome.REJECTED: "records_refused",
    }
    return {outcome: int(counts.get(name, 0)) for outcome, name in named.items()}
