"""External ids that force a verdict, so that a partner can rehearse each of them: in the sandbox only."""

from typing import Final

from app.domain.verdicts import Finding, Verdict

MAGIC: Final = "magic"
MAGIC_DUPLICATE: Final = "magic-duplicate"
"""What begins so is answered as a duplicate of itself, although nothing was stored."""

MAGIC_VERDICTS: Final = {f"magic-{verdict.value}": verdict for verdict in Verdict}
"""How an external id begins, and the verdict that it forces."""

_DETAILS: Final = {
    Verdict.FLAG: "This external id is flagged in the sandbox: the quote is stored and shown, with this finding.",
    Verdict.QUARANTINE: "This external id is put into quarantine in the sandbox: it waits for a reviewer's decision.",
    Verdict.REJECT: "This external id is rejected in the sandbox: nothing is stored.",
}


def forced(external_id: str) -> tuple[Finding, ...] | None:
    """Return the findings that an external id forces, none for ``magic-accept``; null for one that forces nothing."""
    if not external_id.startswith(MAGIC):
        return None
    if external_id.startswith(MAGIC_DUPLICATE):
        return ()
    verdict = next((found for prefix, found in MAGIC_VERDICTS.items() if external_id.startswith(prefix)), None)
    if verdict is None:
        return None
    if verdict is Verdict.ACCEPT:
        return ()
    return (Finding(rule=MAGIC, verdict=verdict, detail=_DETAILS[verdict], pointer="/external_id"),)
