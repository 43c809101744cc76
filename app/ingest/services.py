"""Services on their way into the store: their descriptions, their providers, and the names that these are shown by."""

import json
from collections.abc import Iterable

from sqlalchemy import Connection

from app.sources.provider_names import shown_name
from app.sources.source import Mapped
from app.store import descriptions, providers, versions
from app.store.schema import json_list


class Services:
    """The services that one import of one source brings."""

    def __init__(self, connection: Connection, source: str) -> None:
        """``source`` is whose spellings they have."""
        self._connection = connection
        self._source = source
        self._names: dict[str, set[str]] = {}

    def store(self, services: Iterable[Mapped]) -> None:
        """Keep services, their providers and spellings; what is there stays."""
        found = list(services)
        if not found:
            return
        descriptions.append(self._connection, map(description_record, found))
        spelled: dict[str, set[str]] = {}
        for service in found:
            spelled.setdefault(service.provider, set()).add(service.provider_name)
        for provider, names in spelled.items():
            self._names.setdefault(provider, set()).update(names)
        shown = sorted((provider, shown_name(provider, self._names[provider])) for provider in spelled)
        providers.add_providers(self._connection, shown)
        spellings = [
            providers.Spelling(self._source, name, provider) for provider, names in spelled.items() for name in names
        ]
        number = versions.next_version(self._connection)  # of the version that brings them
        providers.add_spellings(self._connection, sorted(spellings), dataset_version=number)

    def settle_names(self) -> None:
        """Show each provider under the alias file's name, else the first of its spellings, whatever came when."""
        shown = providers.names(self._connection)
        for provider, met in sorted(self._names.items()):
            known = shown.get(provider)
            name = shown_name(provider, met if known is None else met | {known})
            if name != known:
                providers.rename(self._connection, provider, name)


def description_record(service: Mapped) -> descriptions.DescriptionRecord:
    """Return a service in the store's form."""
    return descriptions.DescriptionRecord(
        id=service.id,
        provider=service.provider,
        provider_name=service.provider_name,
        provider_type=service.provider_type,
        payment_instruments=json_list(service.payment_instruments),
        access_points=json_list(service.access_points),
        receiving_methods=json_list(service.receiving_methods),
        transfer_speed=service.transfer_speed,
        network_coverage=service.network_coverage,
        customer=service.customer,
        is_transparent=service.is_transparent,
        is_promotional=service.is_promotional,
        payout_currency=service.payout_currency,
        notes=json_list(service.notes),
        published=json.dumps(dict(service.published), ensure_ascii=False, sort_keys=True, separators=(",", ":")),
    )
