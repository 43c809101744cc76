"""Partners among the sources: what the board, attribution and the list of sources say of who pushes its own quotes."""

from app.domain.partners import Partner
from app.sources.source import Reuse, Source

LICENCE = "Published by the partner for display and redistribution"


def partner_source(partner: Partner, *, is_synthetic: bool) -> Source:
    """Return the source that a partner's quotes are of; ``is_synthetic``: its quotes lie among invented ones."""
    return Source(
        key=partner.source,
        name=partner.name,
        publisher=partner.name,
        kind="quotes",
        evidence=partner.evidence,
        licence=LICENCE,
        licence_link="/docs",
        attribution=f"Prices pushed by {partner.name}.",
        link=f"/v1/sources/{partner.source}",
        cadence="pushed by the partner",
        is_synthetic=is_synthetic,
        reuse=Reuse(display=True, store=True, redistribute=True),
    )
