"""The sources that an installation knows: those that it ships with, and its partners."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection

from app.domain.partners import SOURCE_PREFIX, PartnerKind
from app.sources.partner_sources import partner_source
from app.sources.source import Source, sources
from app.store import imports, partners

_PUSHING = (PartnerKind.PROVIDER, PartnerKind.AGGREGATOR)


def known_sources(connection: Connection) -> dict[str, Source]:
    """Return every source by key, partners' included; a partner that was ended stays one, its quotes have a past."""
    everybody = [each for each in partners.everybody(connection) if each.kind in _PUSHING]
    is_synthetic = bool(everybody) and imports.is_synthetic(connection) is True
    of_partners = {each.source: partner_source(each, is_synthetic=is_synthetic) for each in everybody}
    return {**sources(), **of_partners}


def shown_sources(known: Mapping[str, Source], public_sources: Collection[str]) -> frozenset[str]:
    """Return the sources whose figures everybody may see: by their terms, or because the operator says so."""
    return frozenset(key for key, source in known.items() if not source.is_private or key in public_sources)


def only_partners_came(before: frozenset[str] | None, shown: frozenset[str] | None) -> bool:
    """Say whether the sources that are shown differ by new partners alone: they brought nothing before."""
    if before is None or shown is None:
        return before is shown
    return before <= shown and all(key.startswith(SOURCE_PREFIX) for key in shown - before)
