"""What becomes of a pushed quote, and why: what each rule found, and what all of them come to."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Verdict(StrEnum):
    """What a rule, or all rules together, say of a quote, from good to bad."""

    ACCEPT = "accept"
    FLAG = "flag"
    QUARANTINE = "quarantine"
    REJECT = "reject"


_GRAVITY = {verdict: place for place, verdict in enumerate(Verdict)}


class Outcome(StrEnum):
    """What became of an item that was pushed."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule found: ``rule`` is its kebab-case code, ``detail`` says to a person what is wrong and expected.

    ``pointer``: a JSON pointer into the item, empty for the whole. ``limit`` and ``value`` as text, where a limit was
    passed: decimals, times or words, never raw input that was not judged before.
    """

    rule: str
    verdict: Verdict
    detail: str
    pointer: str = ""
    limit: str | None = None
    value: str | None = None


def worst(findings: Iterable[Finding]) -> Verdict:
    """Return the gravest verdict; ``accept`` where nothing was found."""
    return max((finding.verdict for finding in findings), key=_GRAVITY.__getitem__, default=Verdict.ACCEPT)


def findings_text(findings: Iterable[Finding]) -> str:
    """Return findings as canonical JSON, which is how they are stored."""
    return _ENCODER.encode(
        [
            {
                "detail": finding.detail,
                "limit": finding.limit,
                "pointer": finding.pointer,
                "rule": finding.rule,
                "value": finding.value,
                "verdict": finding.verdict.value,
            }
            for finding in findings
        ]
    )


def findings_from(text: str) -> tuple[Finding, ...]:
    """Return the findings that ``findings_text`` wrote."""
    return tuple(Finding(**{**said, "verdict": Verdict(said["verdict"])}) for said in json.loads(text))
